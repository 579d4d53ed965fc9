/** The weights of a flow inside those of a class-conditional model, and which of them are trained. */
import { flowOf, modelOf, type TrainingConfiguration } from "../model/index.ts";
import { layoutOf, type ParameterVectors } from "../nn/index.ts";

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
