/** How many numbers a model's scoring graph gives of every image: known from the configuration, without building the model. */
import { termsPerScale } from "../score/index.ts";
import type { PhaseName, TrainingConfiguration } from "./configuration.ts";

/** The outputs of a scoring graph with the numbers an image has in each. */
export interface OutputWidths {
  /** Two for every scale of a flow, or for the whole where it has none: log-determinant and prior term. */
  readonly terms?: number;
  /** One for every class of a class-conditional flow. */
  readonly classes?: number;
  /** One for every class of a classifier. */
  readonly logits?: number;
}

/** The output widths of one of a configuration's models. The local flow has one scale, whatever the others have. */
export function outputWidths(
  { model, classes, classConditional }: Pick<TrainingConfiguration, "model" | "classes" | "classConditional">,
  name: PhaseName,
): OutputWidths {
  const classCount = classes?.length ?? 0;
  if (name === "classifier") return { logits: classCount };
  const terms = (name === "local" ? 1 : Math.max(1, model.scales)) * termsPerScale;
  return name === "normal" && classConditional ? { terms, classes: classCount } : { terms };
}
