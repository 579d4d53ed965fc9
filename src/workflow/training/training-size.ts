/** Whether a training is of a size that the engine can hold: said before anything is read or written. */
import { ConfigError, imageSizeOf, setting } from "../../base/index.ts";
import { flowOf, type TrainingConfiguration } from "../../model/index.ts";
import { layoutOf } from "../../nn/index.ts";

/** Numbers of a model at most: its file is a protobuf message, which ends at 2 GiB, of four bytes a number. */
export const mostParameters = 2 ** 29 - 1;

/** Numbers of a batch at most: the engine counts the bytes of one tensor with 31 bits, and a coupling network holds several times the batch. */
const mostBatchNumbers = 2 ** 27;

/** Throws ConfigError for a flow or a batch that is larger than the engine can hold. */
export function checkTrainingSize(configuration: TrainingConfiguration): void {
  const { input, batchSize, model } = configuration;
  const numbers = imageSizeOf(input) * batchSize;
  if (numbers > mostBatchNumbers) {
    throw new ConfigError({
      code: "too-large",
      subject: setting("batch"),
      expected: `at most ${Math.max(1, Math.floor(mostBatchNumbers / imageSizeOf(input)))} images of this size`,
      got: String(batchSize),
      remedy: { key: "give-smaller", settings: setting("batch") },
    });
  }
  const parameters = countParameters(configuration);
  if (parameters <= mostParameters) return;
  throw new ConfigError({
    code: "too-large",
    subject: "model",
    expected: `at most ${mostParameters} numbers`,
    got: `${parameters} at depth ${model.depth} and width ${model.hidden}`,
    remedy: { key: "give-smaller", settings: `${setting("depth")} or ${setting("width")}` },
  });
}

/** The trained numbers of the normal flow. They grow by the same with every step, so two shallow flows tell those of a deep one. */
function countParameters(configuration: TrainingConfiguration): number {
  const at = (depth: number): number =>
    layoutOf(flowOf({ ...configuration, model: { ...configuration.model, depth } }, "normal").parameters).trainableSize;
  const [one, two] = [at(1), at(2)];
  return one + (configuration.model.depth - 1) * (two - one);
}
