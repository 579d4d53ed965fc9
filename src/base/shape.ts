/**
 * Shapes: lists of dimensions, of which at most one per shape may be a multiple of the free batch size N.
 *
 * A training step is built for one batch size and has numbers only. A scoring graph leaves N open: its activations are
 * [C, H, W, N], and joining axes gives dimensions such as 256N. Nothing more general than `factor * N` occurs.
 */
import { ShapeError } from "./errors.ts";

/** `factor * N`, where N is the batch size that is known only when the graph runs. */
export interface FreeDimension {
  readonly factor: number;
}

/** A size, known or free. */
export type Dimension = number | FreeDimension;
/** The sizes of a tensor, the outermost first. */
export type Shape = readonly Dimension[];

/** The free batch dimension N itself. */
export const freeBatch: FreeDimension = Object.freeze({ factor: 1 });

/** Whether two dimensions are equal for every N. */
export function sameDimension(a: Dimension, b: Dimension): boolean {
  return typeof a === "number" || typeof b === "number" ? a === b : a.factor === b.factor;
}

/** Whether two shapes are equal for every N. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => sameDimension(dimension, b[axis]!));
}

/** `256N` or `256`. */
export function showDimension(dimension: Dimension): string {
  if (typeof dimension === "number") return String(dimension);
  return dimension.factor === 1 ? "N" : `${dimension.factor}N`;
}

/** `[2,3,4N]`. */
export function showShape(shape: Shape): string {
  return `[${shape.map(showDimension).join(",")}]`;
}

/** The product of all dimensions. Throws ShapeError where it would hold N twice. */
export function sizeOf(shape: Shape): Dimension {
  return shape.reduce((size, dimension) => multiplyDimensions(size, dimension), 1);
}

/** a * b. Throws ShapeError for N * N. */
export function multiplyDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === "number" && typeof b === "number") return a * b;
  if (typeof a === "number") return a === 1 ? b : scaleFree(b as FreeDimension, a);
  if (typeof b === "number") return b === 1 ? a : scaleFree(a, b);
  throw new ShapeError(`shape: expected at most one free dimension, got ${showDimension(a)} times ${showDimension(b)}`);
}

function scaleFree(dimension: FreeDimension, factor: number): FreeDimension {
  return { factor: dimension.factor * factor };
}

/** The product of a shape that has no free dimension. Throws ShapeError otherwise. */
export function staticSize(shape: Shape, where: string): number {
  const size = sizeOf(shape);
  if (typeof size !== "number") throw new ShapeError(`${where}: expected a fully known shape, got ${showShape(shape)}`);
  return size;
}

/** A dimension that must be known when the graph is built. Throws ShapeError otherwise. */
export function staticDimension(dimension: Dimension | undefined, where: string): number {
  if (typeof dimension === "number") return dimension;
  throw new ShapeError(
    `${where}: expected a known dimension, got ${dimension === undefined ? "none" : showDimension(dimension)}`,
  );
}

/** An axis counted from the end where negative. Throws ShapeError outside [-rank, rank). */
export function normalizeAxis(axis: number, rank: number, where: string): number {
  const result = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || result < 0 || result >= rank) {
    throw new ShapeError(`${where}: expected an axis within rank ${rank}, got ${axis}`);
  }
  return result;
}

/** The shape two operands have after NumPy broadcasting. Throws ShapeError where they do not fit. */
export function broadcastShapes(a: Shape, b: Shape, where: string): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const left = a[index - rank + a.length] ?? 1;
    const right = b[index - rank + b.length] ?? 1;
    if (sameDimension(left, right) || right === 1) return left;
    if (left === 1) return right;
    throw new ShapeError(`${where}: expected shapes that broadcast, got ${showShape(a)} and ${showShape(b)}`);
  });
}

/** The axes of `to` along which `from` was repeated to fill it. */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const offset = to.length - from.length;
  return to.flatMap((dimension, axis) => {
    const source = axis < offset ? 1 : from[axis - offset]!;
    return axis < offset || (source === 1 && dimension !== 1) ? [axis] : [];
  });
}

/** The shape for a given N: every free dimension filled in. */
export function bindShape(shape: Shape, batch: number): number[] {
  return shape.map((dimension) => (typeof dimension === "number" ? dimension : dimension.factor * batch));
}
