/** What training minimises: a scalar made from parameters and a batch, with the numbers worth reporting beside it. */
import type { ImageShape, RandomKey } from "../../base/index.ts";

import type { Value } from "../../graph/index.ts";
import type { ArraysOf, ParameterTree, ValuesOf } from "../../nn/index.ts";

/** What can be trained: a flow, a flow with a class-conditional top, a classifier. */
export interface Trainable {
  readonly inputShape: ImageShape;
  /** Whether its likelihood is of whole levels, so that batches come without noise. */
  readonly discrete?: true;
  readonly parameters: ParameterTree;
  createParameters(key: RandomKey): ArraysOf<ParameterTree>;
  /** Parameters fitted to a batch x [C, H, W, N] of known size, with one-hot labels [K, N] where the batches have some. */
  adapt(parameters: ValuesOf<ParameterTree>, x: Value, labels?: Value): ValuesOf<ParameterTree>;
}

/** What an objective says of one batch. */
export interface Measured {
  /** The scalar to minimise, nats an image. */
  readonly loss: Value;
  /** Scalars and short vectors by name, for the log. */
  readonly measures: Readonly<Record<string, Value>>;
}

/** A loss over batches of some model. */
export interface Objective {
  readonly model: Trainable;
  /** Shapes of the float32 inputs by name for a batch of `batchSize` images. */
  inputShapes(batchSize: number): Readonly<Record<string, readonly number[]>>;
  measure(parameters: ValuesOf<ParameterTree>, inputs: Readonly<Record<string, Value>>): Measured;
}

/** [C, H, W, N] for a batch of images. */
export function batchShape({ channels, height, width }: ImageShape, batchSize: number): readonly number[] {
  return [channels, height, width, batchSize];
}
