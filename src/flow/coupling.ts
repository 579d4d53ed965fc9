/**
 * The affine transform of a coupling (Kingma & Dhariwal 2018, section 3.3), whatever its network: with x = [a | b] along channels and
 * (shift, raw) = network(a), z = [a | (b + shift) sigmoid(raw + 2)], log-det = sum log sigmoid(raw + 2). The scale never expands, which
 * keeps training stable. It is the same number in both directions, and its logarithm is the log-det, down to raw + 2 = -87 (`sigmoid`).
 */
import { type ImageShape, type RandomKey, ShapeError } from "../base/index.ts";
import {
  add,
  concatenate,
  divide,
  logSigmoid,
  multiply,
  negate,
  reduceSum,
  reshape,
  sigmoid,
  split,
  subtract,
  type Value,
} from "../graph/index.ts";
import type { ArraysOf, ParameterTree, ValuesOf } from "../nn/index.ts";
import { type Bijector, eventShape } from "./bijector.ts";
import { layouts, type NetworkForm } from "./network-form.ts";

/** The network that looks at the first half of the channels and says how to transform the second half. */
export interface CouplingNetwork<P extends ParameterTree> {
  readonly parameters: P;
  createParameters(key: RandomKey): ArraysOf<P>;
  /** Parameters fitted to a batch a [C/2, H, W, N] of known size. */
  adapt(parameters: ValuesOf<P>, a: Value): ValuesOf<P>;
  /**
   * a [C/2, H, W, N] to [C, H, W, N], or [N, C/2, H, W] to [N, C, H, W] as the form has it: the first C/2 channels are the shift, the
   * others raw.
   */
  apply(parameters: ValuesOf<P>, a: Value): Value;
}

/** C/2. Throws ShapeError for an odd number of channels; `name` is that of the coupling. */
export function halfOf(name: string, channels: number): number {
  if (channels % 2 !== 0) throw new ShapeError(`${name}: expected an even number of channels, got ${channels}`);
  return channels / 2;
}

/** The affine coupling of a network that is computed in some form. Throws ShapeError for an odd number of channels. */
export function coupling<P extends ParameterTree>(
  name: string,
  shape: ImageShape,
  network: CouplingNetwork<P>,
  form: NetworkForm = "products",
): Bijector<P> {
  const half = halfOf(name, shape.channels);
  const { channels, enter, leave } = layouts[form];
  const halves = (x: Value) => split(x, channels, [half, half]) as readonly [Value, Value];
  const outputs = (parameters: ValuesOf<P>, a: Value): readonly [Value, Value] => {
    const [shift, raw] = halves(network.apply(parameters, a));
    return [shift, add(raw, 2)];
  };
  const joined = (a: Value, b: Value): Value => leave(concatenate([a, b], channels));
  const logDetOf = (raw: Value): Value => reduceSum(logSigmoid(raw), [channels, channels + 1, channels + 2]);
  const transformed = (parameters: ValuesOf<P>, x: Value): { readonly z: Value; readonly raw: Value } => {
    const [a, b] = halves(enter(x));
    const [shift, raw] = outputs(parameters, a);
    const z = joined(a, multiply(add(b, shift), sigmoid(raw)));
    return { z: reshape(z, eventShape(shape, x)), raw };
  };

  const bijector: Bijector<P> = {
    name,
    inputShape: shape,
    outputShape: shape,
    parameters: network.parameters,
    createParameters: (key) => network.createParameters(key),
    adapt: (parameters, x) => {
      const [a] = split(x, 0, [half, half]);
      const adapted = network.adapt(parameters, a!);
      return { parameters: adapted, z: bijector.normalize(adapted, x).z };
    },
    normalize: (parameters, x) => {
      const { z, raw } = transformed(parameters, x);
      return { z, logDet: logDetOf(raw) };
    },
    normalizeByPlace: (parameters, x) => {
      const { z, raw } = transformed(parameters, x);
      const summed = leave(reduceSum(logSigmoid(raw), [channels], true));
      return { z, logDet: reshape(summed, [shape.height, shape.width, x.shape[3]!]) };
    },
    generate: (parameters, z) => {
      const [a, scaled] = halves(enter(z));
      const [shift, raw] = outputs(parameters, a);
      const x = joined(a, subtract(divide(scaled, sigmoid(raw)), shift));
      return { x: reshape(x, eventShape(shape, z)), logDet: negate(logDetOf(raw)) };
    },
  };
  return bijector;
}
