/**
 * What a bijector is: an invertible map between data x and latents z, both [C, H, W, N], with the log-determinant of its Jacobian.
 *
 * `normalize` goes from data to latents and `generate` back; each returns its own direction's log-det in nats, either per image [N]
 * or, where it is the same for all images, as a scalar. A bijector holds no numbers: parameters come in as a tree of values.
 */
import type { ImageShape, RandomKey } from "../base/index.ts";
import { multiply, reshape, type Value } from "../graph/index.ts";
import type { ArraysOf, ParameterTree, ValuesOf } from "../nn/index.ts";

/** Latents z [C, H, W, N], and the log-det by place, in nats, of a shape that broadcasts to [H, W, N]. */
export interface PlacedLatents {
  readonly z: Value;
  readonly logDet: Value;
}

/** An invertible map with the logarithm of its Jacobian's determinant, as functions of its parameters. */
export interface Bijector<P extends ParameterTree = ParameterTree> {
  readonly name: string;
  readonly inputShape: ImageShape;
  readonly outputShape: ImageShape;
  readonly parameters: P;
  /** Whether it is made of parts that note their own inverses. */
  readonly composite?: true;
  /** Fresh parameters, before any data is seen. */
  createParameters(key: RandomKey): ArraysOf<P>;
  /** Data-dependent initialisation: parameters fitted to a batch (of known size), and that batch's latents under them. */
  adapt(parameters: ValuesOf<P>, x: Value): { readonly parameters: ValuesOf<P>; readonly z: Value };
  /** Data to latents. */
  normalize(parameters: ValuesOf<P>, x: Value): { readonly z: Value; readonly logDet: Value };
  /**
   * Data to latents with the log-det by place, [H, W, N] of the output's size or what broadcasts to it: the sum over all places is the
   * log-det of `normalize`. Absent where outputs have no place, as where all features are mixed.
   */
  normalizeByPlace?(parameters: ValuesOf<P>, x: Value): PlacedLatents;
  /** Latents to data. */
  generate(parameters: ValuesOf<P>, z: Value): { readonly x: Value; readonly logDet: Value };
}

/** `normalizeByPlace` of a bijector whose log-det is a scalar that no place has more of than another: an even share for each. */
export function evenly<P extends ParameterTree>(
  { normalize, outputShape: { height, width } }: Pick<Bijector<P>, "normalize" | "outputShape">,
  parameters: ValuesOf<P>,
  x: Value,
): PlacedLatents {
  const { z, logDet } = normalize(parameters, x);
  return { z, logDet: reshape(multiply(logDet, 1 / (height * width)), [1, 1, 1]) };
}

/** [C, H, W, N] for a batch like that of `x`. */
export function eventShape(shape: ImageShape, x: Value): Value["shape"] {
  return [shape.channels, shape.height, shape.width, x.shape[3]!];
}
