/**
 * The coupling of the fully-connected Glow (Schirrmeister et al. 2020, authors' code, invglow/models/glow.py): an affine coupling whose
 * network sees all features of a at once, Linear - ReLU - Linear - ReLU - Linear, with no ActNorm inside and no zeros at first. Weights and biases start uniform in
 * +-1/sqrt(inputs), PyTorch's default for a linear layer.
 */
import type { ImageShape, RandomKey } from "../base/index.ts";
import { gemm, relu, reshape, type Value } from "../graph/index.ts";
import { asColumn, type ParameterSpecification, trainable, uniform, type ValuesOf } from "../nn/index.ts";
import { type Bijector, eventShape } from "./bijector.ts";
import { coupling, halfOf } from "./coupling.ts";

/** weight [outputs, inputs], bias [outputs]. */
type LinearParameters = {
  readonly weight: ParameterSpecification;
  readonly bias: ParameterSpecification;
};

/** With D = C H W features: D/2 to hidden, hidden to hidden, hidden to D. */
export type DenseCouplingParameters = {
  readonly linear1: LinearParameters;
  readonly linear2: LinearParameters;
  readonly linear3: LinearParameters;
};

/** Affine coupling over all features with hidden layers of `hidden`. Throws ShapeError for an odd number of channels. */
export function denseCoupling(shape: ImageShape, hidden: number): Bijector<DenseCouplingParameters> {
  const { channels, height, width } = shape;
  const half = halfOf("denseCoupling", channels) * height * width;
  const linear = (inputs: number, outputs: number): LinearParameters => ({
    weight: trainable(outputs, inputs),
    bias: trainable(outputs),
  });
  const draw = (inputs: number, outputs: number, key: RandomKey) => ({
    weight: uniform(outputs * inputs, 1 / Math.sqrt(inputs), key.fold("weight")),
    bias: uniform(outputs, 1 / Math.sqrt(inputs), key.fold("bias")),
  });
  const apply = ({ weight, bias }: ValuesOf<LinearParameters>, columns: Value): Value =>
    gemm(weight, columns, { bias: asColumn(bias, 2) });

  return coupling("denseCoupling", shape, {
    parameters: {
      linear1: linear(half, hidden),
      linear2: linear(hidden, hidden),
      linear3: linear(hidden, 2 * half),
    },
    createParameters: (key) => ({
      linear1: draw(half, hidden, key.fold("linear1")),
      linear2: draw(hidden, hidden, key.fold("linear2")),
      linear3: draw(hidden, 2 * half, key.fold("linear3")),
    }),
    adapt: (parameters) => parameters,
    apply: ({ linear1, linear2, linear3 }, a) => {
      const first = relu(apply(linear1, reshape(a, [half, a.shape[3]!])));
      const second = relu(apply(linear2, first));
      return reshape(apply(linear3, second), eventShape(shape, a));
    },
  });
}
