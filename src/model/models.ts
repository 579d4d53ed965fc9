/** The models of a configuration, without their numbers. */
import { ConfigError } from "../base/index.ts";
import { type ClassConditional, classConditional, type Flow, makeFlow, type NetworkForm } from "../flow/index.ts";
import { type Classifier, type ParameterTree, residualNetwork } from "../nn/index.ts";
import type { FlowName, PhaseName, TrainingConfiguration } from "./configuration.ts";

/** A model without its numbers. */
export type Model =
  | { readonly kind: "flow"; readonly parameters: ParameterTree; readonly flow: Flow }
  | { readonly kind: "class-conditional"; readonly parameters: ParameterTree; readonly top: ClassConditional }
  | { readonly kind: "classifier"; readonly parameters: ParameterTree; readonly classifier: Classifier };

/** The flow behind a model: the local one sees patches, the others whole images. A class-conditional model has its flow beneath the top. */
export function flowOf({ input, model }: TrainingConfiguration, name: FlowName, form?: NetworkForm): Flow {
  return makeFlow({ ...input, ...model, ...(name === "local" ? { architecture: "patch", scales: 1 } : {}) }, form);
}

/**
 * A model of a configuration: as products to train it, as convolutions to score with constant weights. Throws ConfigError where its classes
 * or sizes are missing.
 */
export function modelOf(configuration: TrainingConfiguration, name: PhaseName, form?: NetworkForm): Model {
  if (name === "classifier") {
    const classifier = residualNetwork({
      ...configuration.input,
      ...settingsOf(configuration, name),
      classCount: classesOf(configuration).length,
    });
    return { kind: "classifier", parameters: classifier.parameters, classifier };
  }
  const flow = flowOf(configuration, name, form);
  if (name !== "normal" || !configuration.classConditional) return { kind: "flow", parameters: flow.parameters, flow };
  const top = classConditional(flow, classesOf(configuration).length);
  return { kind: "class-conditional", parameters: top.parameters, top };
}

/** The settings of one phase. Throws ConfigError where there are none. */
export function settingsOf<Name extends PhaseName>(
  configuration: TrainingConfiguration,
  name: Name,
): NonNullable<TrainingConfiguration[Name]> {
  const settings: TrainingConfiguration[Name] = configuration[name];
  if (!settings) {
    throw new ConfigError({ code: "missing-setting", subject: `${name} model`, expected: "settings", got: "none" });
  }
  return settings;
}

function classesOf({ classes }: TrainingConfiguration): readonly string[] {
  if (!classes) {
    throw new ConfigError({
      code: "missing-setting",
      subject: "configuration",
      expected: "names of classes",
      got: "none",
    });
  }
  return classes;
}
