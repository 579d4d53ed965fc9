/** The models of a configuration: what is trained, by what objective, and what of it. */
import { ConfigError } from "../base/index.ts";
import { type ClassConditional, classConditional, type Flow, makeFlow, type NetworkForm } from "../flow/index.ts";
import { type Classifier, layoutOf, type ParameterTree, type ParameterVectors, residualNetwork } from "../nn/index.ts";
import type { FlowName, PhaseName, TrainingConfiguration } from "./configuration.ts";
import {
  classification,
  classLikelihood,
  classOutlierLikelihood,
  marginLikelihood,
  maximumLikelihood,
  type Objective,
  outlierLikelihood,
} from "./objectives/index.ts";

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

/** What a model of a configuration minimises. Throws as `modelOf`, and ConfigError for the margin loss with classes. */
export function objectiveOf(configuration: TrainingConfiguration, name: PhaseName): Objective {
  const model = modelOf(configuration, name);
  const settings = configuration.objective;
  switch (model.kind) {
    case "classifier":
      return classification(model.classifier, configuration.input, settingsOf(configuration, "classifier").exposed);
    case "class-conditional":
      if (settings.loss === "nll") return classLikelihood(model.top);
      if (settings.loss === "outlier") return classOutlierLikelihood(model.top, settings);
      throw new ConfigError("train: --objective margin expects a flow without classes, got --classes; leave one out");
    case "flow":
      if (name !== "normal" || settings.loss === "nll") return maximumLikelihood(model.flow);
      if (settings.loss === "outlier") return outlierLikelihood(model.flow, settings);
      return marginLikelihood(model.flow, settings);
  }
}

/** The settings of one phase. Throws ConfigError where there are none. */
export function settingsOf<Name extends PhaseName>(
  configuration: TrainingConfiguration,
  name: Name,
): NonNullable<TrainingConfiguration[Name]> {
  const settings: TrainingConfiguration[Name] = configuration[name];
  if (!settings) throw new ConfigError(`train: expected settings for the ${name} model, got none`);
  return settings;
}

function classesOf({ classes }: TrainingConfiguration): readonly string[] {
  if (!classes) throw new ConfigError("train: expected the names of classes, got none");
  return classes;
}

/**
 * Weights of a plain flow as those of the configuration's normal model: where that is class-conditional, its classes are zero, so that every
 * one of them is the plain flow. (Fitted to the classes' latents as those of a fresh flow are, they began with ten times the wrong-class
 * loss on a pair where the flow was far from the images, and found classes no more often 120 steps later.)
 */
export function fromFlowWeights(configuration: TrainingConfiguration, flow: ParameterVectors): ParameterVectors {
  const trainable = new Float32Array(layoutOf(modelOf(configuration, "normal").parameters).trainableSize);
  // The flow's parameters come first in the layout of a class-conditional one, and all fixed ones are the flow's.
  trainable.set(flow.trainable);
  return { trainable, fixed: flow.fixed };
}

/** The reverse: the weights of the flow beneath the classes of a normal model, or those of the normal model itself. */
export function toFlowWeights(configuration: TrainingConfiguration, normal: ParameterVectors): ParameterVectors {
  const { trainableSize } = layoutOf(flowOf(configuration, "normal").parameters);
  return { trainable: normal.trainable.subarray(0, trainableSize), fixed: normal.fixed };
}

/**
 * 1 for every number of the normal model that is trained, else 0: those of the configuration's scales, steps and priors, and of all
 * classes. Undefined where all are.
 */
export function maskOf(configuration: TrainingConfiguration): Float32Array | undefined {
  const { trainedScales, classConditional } = configuration;
  if (!trainedScales) return undefined;
  const { entries, trainableSize } = layoutOf(modelOf(configuration, "normal").parameters);
  const inFlow = classConditional ? "flow." : "";
  const prefixes = trainedScales.flatMap((scale) => [`${inFlow}scale${scale}.`, `${inFlow}prior${scale}.`]);
  if (classConditional) prefixes.push("classes.");
  const mask = new Float32Array(trainableSize);
  for (const { name, trainable, offset, size } of entries) {
    if (trainable && prefixes.some((prefix) => name.startsWith(prefix))) mask.fill(1, offset, offset + size);
  }
  return mask;
}
