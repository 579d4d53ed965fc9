/** The primitives as functions over values: `multiply(x, exponential(y))`. A number stands for a scalar constant. */
import { broadcastAxes, normalizeAxis, type Shape, ShapeError, sameShape, showShape } from "../../base/index.ts";
import type { GraphHandle, Value } from "../value.ts";
import type { OpAttributes, Reading } from "./attributes.ts";
import { constant } from "./constant.ts";
import { type Neighbourhood, square, type Window } from "./neighbourhood.ts";

/** A value, or a number that stands for a scalar constant. */
export type Operand = Value | number;

function pair(a: Operand, b: Operand): [Value, Value] {
  if (typeof a !== "number") return [a, typeof b === "number" ? constant(a.graph, b) : b];
  if (typeof b !== "number") return [constant(b.graph, a), b];
  throw new ShapeError(`operands: expected at least one value, got ${a} and ${b}`);
}

const one = (values: readonly Value[]): Value => values[0]!;

/** a + b. */
export function add(a: Operand, b: Operand): Value {
  const [x, y] = pair(a, b);
  return one(x.graph.apply("add", [x, y], {}));
}

/** a - b. */
export function subtract(a: Operand, b: Operand): Value {
  const [x, y] = pair(a, b);
  return one(x.graph.apply("subtract", [x, y], {}));
}

/** a b. */
export function multiply(a: Operand, b: Operand): Value {
  const [x, y] = pair(a, b);
  return one(x.graph.apply("multiply", [x, y], {}));
}

/** a / b. */
export function divide(a: Operand, b: Operand): Value {
  const [x, y] = pair(a, b);
  return one(x.graph.apply("divide", [x, y], {}));
}

/** The larger of a and b. */
export function maximum(a: Operand, b: Operand): Value {
  const [x, y] = pair(a, b);
  return one(x.graph.apply("maximum", [x, y], {}));
}

/** The smaller of a and b. */
export function minimum(a: Operand, b: Operand): Value {
  const [x, y] = pair(a, b);
  return one(x.graph.apply("minimum", [x, y], {}));
}

/** -x. */
export function negate(x: Value): Value {
  return one(x.graph.apply("negate", [x], {}));
}

/** e^x. */
export function exponential(x: Value): Value {
  return one(x.graph.apply("exponential", [x], {}));
}

/** The natural logarithm. */
export function logarithm(x: Value): Value {
  return one(x.graph.apply("logarithm", [x], {}));
}

/** The square root. */
export function squareRoot(x: Value): Value {
  return one(x.graph.apply("squareRoot", [x], {}));
}

/** |x|. */
export function absolute(x: Value): Value {
  return one(x.graph.apply("absolute", [x], {}));
}

/** max(x, 0). */
export function relu(x: Value): Value {
  return one(x.graph.apply("relu", [x], {}));
}

/** x where it is positive, else e^x - 1. */
export function elu(x: Value): Value {
  return one(x.graph.apply("elu", [x], {}));
}

/** elu(x) and elu(-x), one after the other along an axis. */
export function concatenatedElu(x: Value, axis: number): Value {
  return one(x.graph.apply("concatenatedElu", [x], { axis: normalizeAxis(axis, x.shape.length, "concatenatedElu") }));
}

/** The derivative of elu from its result y: min(y + 1, 1). */
export function eluSlope(y: Value): Value {
  return one(y.graph.apply("eluSlope", [y], {}));
}

/** 1 / (1 + e^-x). */
export function sigmoid(x: Value): Value {
  return one(x.graph.apply("sigmoid", [x], {}));
}

/** 1 / (1 + e^-x) to within 6e-8, in a fifth of the passes of `sigmoid`: for factors that nothing is divided by and that have no logarithm. */
export function gate(x: Value): Value {
  return one(x.graph.apply("gate", [x], {}));
}

/** log sigmoid(x) = -log(1 + e^-x), finite where sigmoid underflows. */
export function logSigmoid(x: Value): Value {
  return one(x.graph.apply("logSigmoid", [x], {}));
}

/** log(1 + e^x). */
export function softplus(x: Value): Value {
  return negate(logSigmoid(negate(x)));
}

/** The mask a > b. False where either is NaN. */
export function greater(a: Operand, b: Operand): Value {
  const [x, y] = pair(a, b);
  return one(x.graph.apply("greater", [x, y], {}));
}

/** The mask a <= b. False where either is NaN. */
export function lessOrEqual(a: Operand, b: Operand): Value {
  const [x, y] = pair(a, b);
  return one(x.graph.apply("lessOrEqual", [x, y], {}));
}

/** a where the mask holds, else b. */
export function select(mask: Value, a: Operand, b: Operand): Value {
  const [x, y] = [a, b].map((operand) => (typeof operand === "number" ? constant(mask.graph, operand) : operand));
  return one(mask.graph.apply("select", [mask, x!, y!], {}));
}

/** uint8 or bool to float32. */
export function toFloat(x: Value): Value {
  return x.dataType === "float32" ? x : one(x.graph.apply("toFloat", [x], {}));
}

/** 1 where x > 0, else 0, as float32. Smaller numbers than 6e-39 may give something in between. */
export function positive(x: Value): Value {
  return one(x.graph.apply("positive", [x], {}));
}

/** x itself, through which no gradient flows. */
export function stopGradient(x: Value): Value {
  return one(x.graph.apply("stopGradient", [x], {}));
}

/** x itself, but only after `other` has been computed. The numbers of `other` do not matter. */
export function after(x: Value, other: Value): Value {
  return one(x.graph.apply("after", [x, other], {}));
}

/** The sum over some axes (all if none are given). */
export function reduceSum(x: Value, axes?: readonly number[], keepDimensions = false): Value {
  const all = axes ?? x.shape.map((_, axis) => axis);
  const sorted = [...new Set(all.map((axis) => normalizeAxis(axis, x.shape.length, "reduceSum")))].sort(
    (a, b) => a - b,
  );
  return sorted.length === 0 ? x : one(x.graph.apply("reduceSum", [x], { axes: sorted, keepDimensions }));
}

/** The same numbers in the same order under another shape. */
export function reshape(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  if (x.node.op !== "reshape") return one(x.graph.apply("reshape", [x], { shape }));
  // Only the last shape counts.
  return past([x], reshape(x.node.inputs[0]!, shape));
}

/** Axes reordered: axis i of the result is axis permutation[i] of x. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  if (permutation.length === x.shape.length && permutation.every((axis, index) => axis === index)) return x;
  if (x.node.op !== "transpose") return one(x.graph.apply("transpose", [x], { permutation }));
  const { permutation: before } = x.node.attributes as OpAttributes["transpose"];
  // Only the final order of the axes counts, and often it is the original one.
  const whole = permutation.map((axis) => before[axis]!);
  return past([x], transpose(x.node.inputs[0]!, whole));
}

/** Notes that a rewrite skipped some values, so that `gradients` can refuse them as targets. */
function past(skipped: readonly Value[], result: Value): Value {
  result.graph.noteBypass(result, skipped);
  return result;
}

/** x repeated to fill a fully known shape. */
export function broadcast(x: Value, shape: readonly number[]): Value {
  return sameShape(x.shape, shape) ? x : one(x.graph.apply("broadcast", [x], { shape }));
}

/** x repeated to fill the shape of another value, also where that has the free dimension. */
export function broadcastLike(x: Value, like: Value): Value {
  if (sameShape(x.shape, like.shape)) return x;
  if (like.shape.every((dimension) => typeof dimension === "number")) return broadcast(x, like.shape as number[]);
  // Adding zeros of the right shape lets the runtime find N; NaN in `like` must not leak, so it is masked rather than multiplied.
  return add(x, select(lessOrEqual(like, like), 0, 0));
}

/** Values laid one after the other along an axis. */
export function concatenate(values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (!first) throw new ShapeError("concatenate: expected at least one value, got none");
  const normal = normalizeAxis(axis, first.shape.length, "concatenate");
  return values.length === 1 ? first : one(first.graph.apply("concatenate", values, { axis: normal }));
}

/** x cut along an axis into pieces of the given sizes. */
export function split(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  const normal = normalizeAxis(axis, x.shape.length, "split");
  const whole = sizes.length === 1 && sizes[0] === x.shape[normal];
  return whole ? [x] : x.graph.apply("split", [x], { axis: normal, sizes });
}

/** op(A) op(B) + bias for matrices, where op transposes if asked, and bias (optional) broadcasts to the result. */
export function gemm(
  a: Value,
  b: Value,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean; readonly bias?: Value } = {},
): Value {
  const inputs = options.bias ? [a, b, options.bias] : [a, b];
  const attributes = { transposeA: options.transposeA ?? false, transposeB: options.transposeB ?? false };
  return one(a.graph.apply("gemm", inputs, attributes));
}

/**
 * The neighbourhood of every place, zero outside: [C, H, W, N] to [C, taps, H / stride, W / stride, N]; of every pixel the 3x3 around it where no other is
 * given.
 */
export function unfold(x: Value, neighbourhood?: Neighbourhood): Value {
  return one(x.graph.apply("unfold", [x], readingOf(neighbourhood)));
}

function readingOf(neighbourhood: Neighbourhood | undefined): Reading {
  return neighbourhood ? { neighbourhood } : {};
}

/** The same as columns with a last row of ones: [C, H, W, N] to [9 C + 1, H W N]. */
export function homogeneousUnfold(x: Value): Value {
  return one(x.graph.apply("homogeneousUnfold", [x], {}));
}

/** The adjoint of unfold: every neighbourhood added back to where it was read. [C, taps, H, W, N], of places, to [C, stride H, stride W, N]. */
export function fold(x: Value, neighbourhood?: Neighbourhood): Value {
  return foldOfProduct(x, neighbourhood) ?? one(x.graph.apply("fold", [x], readingOf(neighbourhood)));
}

/** fold(A B), where x is that product under another shape: one op, which needs no copy of the product (`foldedProduct`). */
function foldOfProduct(x: Value, neighbourhood: Neighbourhood | undefined): Value | undefined {
  const flat = x.node.op === "reshape" ? x.node.inputs[0]! : x;
  const { axis, sizes } = flat.node.attributes as Partial<OpAttributes["split"]>;
  const first = flat.node.op === "split" && axis === 0 && flat === flat.node.outputs[0];
  const { node } = first ? flat.node.inputs[0]! : flat;
  if (node.op !== "gemm" || node.inputs.length !== 2) return undefined;
  const { transposeA, transposeB } = node.attributes as OpAttributes["gemm"];
  const [channels, taps, down, across] = x.shape;
  const rows = typeof channels === "number" && typeof taps === "number" ? channels * taps : undefined;
  if (transposeB || flat.shape[0] !== rows) return undefined;
  if (typeof down !== "number" || typeof across !== "number") return undefined;
  const { stride } = neighbourhood ?? square;
  const size = { height: stride * down, width: stride * across };
  const [a, b] = node.inputs as [Value, Value];
  // The first rows of a product need the first rows of A alone.
  const used = first ? split(a, transposeA ? 1 : 0, sizes!)[0]! : a;
  return past(
    [x, flat, node.outputs[0]!],
    one(x.graph.apply("foldedProduct", [used, b], { transposeA, ...size, ...readingOf(neighbourhood) })),
  );
}

/**
 * Convolution of x [C, H, W, N] with a weight [O, taps, C] of what every pixel reads, zero outside, plus a bias [O]: [O, H, W, N]. The neighbourhood has a stride
 * of one.
 */
export function maskedConvolution(x: Value, weight: Value, bias: Value, neighbourhood: Neighbourhood): Value {
  return one(x.graph.apply("maskedConvolution", [x, weight, bias], { neighbourhood }));
}

/**
 * Convolution of images [N, C, H, W] with a kernel [O, C, K, K] of odd side plus a bias [O], zero outside: [N, O, H, W]. With a window the kernel may be any
 * rectangle, and there are as many places as it fits in. It is fast where the weights are constants, and has no gradient.
 */
export function imageConvolution(images: Value, kernel: Value, bias: Value, window?: Window): Value {
  return one(images.graph.apply("imageConvolution", [images, kernel, bias], window ? { window } : {}));
}

/** x summed over the axes along which it was broadcast, so that it has the given shape again. */
export function sumTo(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const summed = reduceSum(x, broadcastAxes(shape, x.shape));
  const result = reshape(summed, shape);
  if (!sameShape(result.shape, shape)) {
    throw new ShapeError(`sumTo: expected a shape that broadcasts to ${showShape(x.shape)}, got ${showShape(shape)}`);
  }
  return result;
}

/** A graph input. Names must be unique within a graph. */
export function input(graph: GraphHandle, name: string, shape: Shape, dataType: Value["dataType"] = "float32"): Value {
  return one(graph.apply("input", [], { name, shape, dataType }));
}
