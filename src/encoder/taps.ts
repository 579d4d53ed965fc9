/** Where features of an encoder are taken: its outputs where they are maps at fine strides, else values inside. Pure. */
import type { ModelOutline } from "../onnx/index.ts";
import type { Tap } from "./description.ts";

/** Strides at which features are wanted, in pixels. */
const wantedStrides = [4, 8, 16] as const;

/** Operators whose results are no features, whatever they are given. */
const notFeatures = new Set(
  "Shape Size NonZero ArgMax ArgMin Greater GreaterOrEqual Less LessOrEqual Equal Cast And Or Not IsNaN TopK Range QuantizeLinear".split(
    " ",
  ),
);

/** Values that are computed from the input alone by operators that keep floats, in the order in which they are. */
export function featureValues({ nodes }: ModelOutline, input: string): readonly string[] {
  const derived = new Set([input]);
  const found: string[] = [];
  for (const { operator, inputs, outputs } of nodes) {
    if (notFeatures.has(operator) || !inputs.some((name) => derived.has(name))) continue;
    // Only first results: masks of a Dropout and the like are of other kinds.
    derived.add(outputs[0]!);
    found.push(outputs[0]!);
  }
  return found;
}

/** The most tokens before those that stand for a place: one for the class and some registers. */
const mostPrefix = 8;

/**
 * What a value is, by its shape for an image of a known size: a map, channels first or last, or a grid of tokens; undefined where it is none of
 * them. A map has at least four cells, and as many of them along an axis as the stride allows.
 */
export function tapOf(
  name: string,
  shape: readonly number[],
  { height, width }: { readonly height: number; readonly width: number },
): Tap | undefined {
  const strideOf = (rows: number, columns: number): number | undefined => {
    const stride = Math.round(height / rows);
    const fits = (size: number, cells: number) =>
      cells === Math.floor(size / stride) || cells === Math.ceil(size / stride);
    return rows * columns >= 4 && stride >= 1 && fits(height, rows) && fits(width, columns) ? stride : undefined;
  };
  if (shape.length === 4) {
    const [, a, b, c] = shape as [number, number, number, number];
    const first = strideOf(b, c);
    if (first !== undefined) return { name, layout: "maps", stride: first, channels: a, prefix: 0 };
    const last = strideOf(a, b);
    if (last !== undefined) return { name, layout: "channels-last", stride: last, channels: c, prefix: 0 };
  }
  if (shape.length === 3) {
    const [, tokens, channels] = shape as [number, number, number];
    for (let stride = 4; stride <= Math.min(height, width) / 2; stride++) {
      if (height % stride !== 0 || width % stride !== 0) continue;
      const prefix = tokens - (height / stride) * (width / stride);
      if (prefix >= 0 && prefix <= mostPrefix) return { name, layout: "tokens", stride, channels, prefix };
    }
  }
  return undefined;
}

/**
 * The taps to use, the finest first: of every wanted stride the last value before a coarser one is computed, as the stages of a backbone end.
 * Where none has a wanted stride, tokens and maps of the finest stride from 4 on, the last of them.
 */
export function chooseTaps(candidates: readonly Tap[]): readonly Tap[] {
  const chosen = wantedStrides.flatMap((stride) => {
    const coarser = candidates.findIndex((tap) => tap.stride > stride);
    const before = candidates.slice(0, coarser < 0 ? undefined : coarser);
    const found = before.findLast((tap) => tap.stride === stride && tap.channels >= 2);
    return found ? [found] : [];
  });
  if (chosen.length > 0) return chosen;
  const usable = candidates.filter((tap) => tap.stride >= 4 && tap.channels >= 2);
  const finest = usable.reduce((least, tap) => Math.min(least, tap.stride), Number.POSITIVE_INFINITY);
  const last = usable.findLast((tap) => tap.stride === finest);
  return last ? [last] : [];
}
