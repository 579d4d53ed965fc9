/**
 * A slow float64 evaluator of graphs: plain loops over indices, written from each op's definition and not from its ONNX form.
 * It is what the engine's float32 results and the gradient rules are compared with, so obviousness goes before speed.
 */
import { bindShape } from "../../src/base/index.ts";
import { type Neighbourhood, type Node, type OpName, reachableNodes, type Value } from "../../src/graph/index.ts";

type Index = readonly number[];

interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

interface Context<K extends OpName> {
  readonly attributes: Node<K>["attributes"];
  /** Numbers of one operand each. */
  readonly operands: readonly Tensor[];
  /** The shape of each result. */
  readonly shapes: readonly (readonly number[])[];
  /** What was given for a graph input. */
  readonly given: (name: string) => Float64Array;
}

type Rule<K extends OpName> = (context: Context<K>) => readonly Float64Array[];

/**
 * The numbers of some values, in row-major order. Masks are 0 and 1.
 * `inputs` holds the numbers of every graph input by name, `batch` is N.
 */
export function evaluate(
  values: readonly Value[],
  inputs: Readonly<Record<string, Float64Array>>,
  batch: number,
): Float64Array[] {
  const known = new Map<Value, Tensor>();
  const given = (name: string): Float64Array => {
    const data = inputs[name];
    if (!data) throw new Error(`evaluate: expected input '${name}', got ${Object.keys(inputs).join(", ")}`);
    return data;
  };
  for (const node of reachableNodes(values)) {
    const shapes = node.outputs.map((output) => bindShape(output.shape, batch));
    const operands = node.inputs.map((value) => known.get(value)!);
    const rule = rules[node.op] as Rule<OpName>;
    const results = rule({ attributes: node.attributes, operands, shapes, given });
    for (const [index, output] of node.outputs.entries()) {
      const [data, shape] = [results[index]!, shapes[index]!];
      if (data.length !== sizeOf(shape)) {
        throw new Error(`evaluate: expected ${sizeOf(shape)} numbers from ${node.op}, got ${data.length}`);
      }
      known.set(output, { data, shape });
    }
  }
  return values.map((value) => known.get(value)!.data);
}

function sizeOf(shape: Index): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** Every index of a shape in row-major order: the last axis runs fastest. */
function* indices(shape: Index): Generator<number[]> {
  for (let position = 0; position < sizeOf(shape); position++) {
    const index: number[] = [];
    let rest = position;
    for (const dimension of [...shape].reverse()) {
      index.unshift(rest % dimension);
      rest = Math.floor(rest / dimension);
    }
    yield index;
  }
}

/** Numbers of a shape from a function of the index. */
function fill(shape: Index | undefined, value: (index: number[]) => number): Float64Array {
  return Float64Array.from(indices(shape!), value);
}

/** Where an index lies in row-major order. */
function positionOf(shape: Index, index: Index): number {
  return index.reduce((position, coordinate, axis) => position * shape[axis]! + coordinate, 0);
}

/** The number at an index. */
function at({ shape, data }: Tensor, index: Index): number {
  return data[positionOf(shape, index)]!;
}

/** The number at an index of a larger shape: axes are aligned at the end, axes of size 1 repeat. */
function broadcastAt(tensor: Tensor, index: Index): number {
  const own = index.slice(index.length - tensor.shape.length);
  return at(
    tensor,
    own.map((coordinate, axis) => (tensor.shape[axis] === 1 ? 0 : coordinate)),
  );
}

/** One number a result from the numbers of every operand at the same place. */
function pointwise(compute: (...numbers: number[]) => number): Rule<OpName> {
  return ({ operands, shapes }) => [
    fill(shapes[0], (index) => compute(...operands.map((operand) => broadcastAt(operand, index)))),
  ];
}

/** What tap number `tap` of the place (y, x) is: a neighbourhood's, or 3 ky + kx for the pixel (y + ky - 1, x + kx - 1) of 3x3. */
function tapped(tap: number, y: number, x: number, neighbourhood: Neighbourhood | undefined): [number, number] {
  if (neighbourhood) {
    const [dy, dx] = neighbourhood.taps[tap]!;
    return [neighbourhood.stride * y + dy, neighbourhood.stride * x + dx];
  }
  const [ky, kx] = [Math.floor(tap / 3), tap % 3];
  return [y + ky - 1, x + kx - 1];
}

/** What a tap of the place (y, x) of channel c reads: zero outside. */
function read(images: Tensor, [c, tap, y, x, n]: readonly number[], neighbourhood: Neighbourhood | undefined): number {
  const [height, width] = [images.shape[1]!, images.shape[2]!];
  const [sourceY, sourceX] = tapped(tap!, y!, x!, neighbourhood);
  const inside = sourceY >= 0 && sourceY < height && sourceX >= 0 && sourceX < width;
  return inside ? at(images, [c!, sourceY, sourceX, n!]) : 0;
}

const rules: { readonly [K in OpName]: Rule<K> } = {
  input: ({ attributes, given }) => [given(attributes.name)],
  constant: ({ attributes }) => [Float64Array.from(attributes.values)],

  add: pointwise((a, b) => a! + b!),
  subtract: pointwise((a, b) => a! - b!),
  multiply: pointwise((a, b) => a! * b!),
  divide: pointwise((a, b) => a! / b!),
  maximum: pointwise((a, b) => Math.max(a!, b!)),
  minimum: pointwise((a, b) => Math.min(a!, b!)),
  negate: pointwise((x) => -x!),
  exponential: pointwise((x) => Math.exp(x!)),
  logarithm: pointwise((x) => Math.log(x!)),
  squareRoot: pointwise((x) => Math.sqrt(x!)),
  absolute: pointwise((x) => Math.abs(x!)),
  relu: pointwise((x) => Math.max(x!, 0)),
  sigmoid: pointwise((x) => 1 / (1 + Math.exp(-x!))),
  gate: pointwise((x) => 1 / (1 + Math.exp(-x!))),
  // log(1 / (1 + e^-x)) = min(x, 0) - log(1 + e^-|x|)
  logSigmoid: pointwise((x) => Math.min(x!, 0) - Math.log1p(Math.exp(-Math.abs(x!)))),

  elu: pointwise((x) => elu(x!)),
  concatenatedElu: ({ attributes: { axis }, operands: [x], shapes: [shape] }) => {
    const size = x!.shape[axis]!;
    return [
      fill(shape, (index) => {
        const value = at(x!, index.with(axis, index[axis]! % size));
        return elu(index[axis]! < size ? value : -value);
      }),
    ];
  },
  eluSlope: pointwise((y) => Math.min(y! + 1, 1)),

  greater: pointwise((a, b) => (a! > b! ? 1 : 0)),
  lessOrEqual: pointwise((a, b) => (a! <= b! ? 1 : 0)),
  select: pointwise((mask, a, b) => (mask ? a! : b!)),
  toFloat: pointwise((x) => x!),
  positive: pointwise((x) => (x! > 0 ? 1 : 0)),
  stopGradient: pointwise((x) => x!),
  after: ({ operands: [x] }) => [x!.data],

  reduceSum: ({ attributes: { axes }, operands: [x] }) => {
    const kept = x!.shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension));
    const sums = new Float64Array(sizeOf(kept));
    for (const index of indices(x!.shape)) {
      const target = index.map((coordinate, axis) => (axes.includes(axis) ? 0 : coordinate));
      sums[positionOf(kept, target)]! += at(x!, index);
    }
    return [sums];
  },

  reshape: ({ operands: [x] }) => [x!.data],
  transpose: ({ attributes: { permutation }, operands: [x], shapes: [shape] }) => [
    fill(shape, (index) =>
      at(
        x!,
        permutation.map((_, axis) => index[permutation.indexOf(axis)]!),
      ),
    ),
  ],
  broadcast: ({ operands: [x], shapes: [shape] }) => [fill(shape, (index) => broadcastAt(x!, index))],
  concatenate: ({ attributes: { axis }, operands, shapes: [shape] }) => [
    fill(shape, (index) => {
      let coordinate = index[axis]!;
      for (const piece of operands) {
        if (coordinate < piece.shape[axis]!) return at(piece, index.with(axis, coordinate));
        coordinate -= piece.shape[axis]!;
      }
      throw new Error("evaluate: concatenate is longer than its operands");
    }),
  ],
  split: ({ attributes: { axis }, operands: [x], shapes }) => {
    let start = 0;
    return shapes.map((shape) => {
      const offset = start;
      start += shape[axis]!;
      return fill(shape, (index) => at(x!, index.with(axis, index[axis]! + offset)));
    });
  },

  gemm: ({ attributes: { transposeA, transposeB }, operands: [a, b, bias], shapes: [shape] }) => {
    const inner = a!.shape[transposeA ? 0 : 1]!;
    return [
      fill(shape, ([row, column]) => {
        let sum = bias ? broadcastAt(bias, [row!, column!]) : 0;
        for (let k = 0; k < inner; k++) {
          sum += at(a!, transposeA ? [k, row!] : [row!, k]) * at(b!, transposeB ? [column!, k] : [k, column!]);
        }
        return sum;
      }),
    ];
  },

  unfold: ({ attributes: { neighbourhood }, operands: [x], shapes: [shape] }) => [
    fill(shape, (index) => read(x!, index, neighbourhood)),
  ],
  homogeneousUnfold: ({ operands: [x], shapes: [shape] }) => {
    const [channels, , width, batch] = x!.shape as [number, number, number, number];
    return [
      fill(shape, ([row, column]) => {
        if (row === 9 * channels) return 1;
        const pixel = Math.floor(column! / batch);
        const place = [Math.floor(pixel / width), pixel % width];
        return read(x!, [Math.floor(row! / 9), row! % 9, ...place, column! % batch], undefined);
      }),
    ];
  },
  fold: ({ attributes: { neighbourhood }, operands: [x], shapes: [shape] }) => [folded(x!, shape!, neighbourhood)],
  foldedProduct: ({ attributes: { transposeA, neighbourhood }, operands: [a, b], shapes: [shape] }) => {
    const [channels, height, width, batch] = shape as [number, number, number, number];
    const inner = b!.shape[0]!;
    const [count, stride] = [neighbourhood?.taps.length ?? 9, neighbourhood?.stride ?? 1];
    const places = [channels, count, height / stride, width / stride, batch];
    const taps = { shape: places, data: new Float64Array(sizeOf(places)) };
    for (const [position, index] of [...indices([count * channels, b!.shape[1]!])].entries()) {
      const [row, column] = index as [number, number];
      for (let k = 0; k < inner; k++) {
        taps.data[position]! += at(a!, transposeA ? [k, row] : [row, k]) * at(b!, [k, column]);
      }
    }
    return [folded(taps, shape!, neighbourhood)];
  },
  maskedConvolution: ({ attributes: { neighbourhood }, operands: [x, weight, bias], shapes: [shape] }) => {
    const [, taps, channels] = weight!.shape as [number, number, number];
    return [
      fill(shape, ([o, y, px, n]) => {
        let sum = at(bias!, [o!]);
        for (const [tap, c] of indices([taps, channels]) as Generator<[number, number]>) {
          sum += at(weight!, [o!, tap, c]) * read(x!, [c, tap, y!, px!, n!], neighbourhood);
        }
        return sum;
      }),
    ];
  },
  imageConvolution: ({ attributes: { window }, operands: [images, kernel, bias], shapes: [shape] }) => {
    const [, channels, height, width] = images!.shape as [number, number, number, number];
    const [, , rows, columns] = kernel!.shape as [number, number, number, number];
    const [above, left] = window?.pads ?? [(rows - 1) / 2, (columns - 1) / 2];
    const stride = window?.stride ?? 1;
    return [
      fill(shape, ([n, output, y, px]) => {
        let sum = at(bias!, [output!]);
        for (const [c, ky, kx] of indices([channels, rows, columns]) as Generator<[number, number, number]>) {
          const [sourceY, sourceX] = [stride * y! + ky - above, stride * px! + kx - left];
          const inside = sourceY >= 0 && sourceY < height && sourceX >= 0 && sourceX < width;
          if (inside) sum += at(images!, [n!, c, sourceY, sourceX]) * at(kernel!, [output!, c, ky, kx]);
        }
        return sum;
      }),
    ];
  },
};

function elu(x: number): number {
  return x > 0 ? x : Math.expm1(x);
}

/** Every neighbourhood [C, taps, H, W, N] added back to where it was read. */
function folded(x: Tensor, shape: readonly number[], neighbourhood: Neighbourhood | undefined): Float64Array {
  const [, height, width] = shape as [number, number, number, number];
  const sums = new Float64Array(sizeOf(shape));
  for (const index of indices(x.shape)) {
    const [c, tap, y, px, n] = index as [number, number, number, number, number];
    const [targetY, targetX] = tapped(tap, y, px, neighbourhood);
    const inside = targetY >= 0 && targetY < height && targetX >= 0 && targetX < width;
    if (inside) sums[positionOf(shape, [c, targetY, targetX, n])]! += at(x, index);
  }
  return sums;
}
