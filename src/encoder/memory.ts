/**
 * Normal features by heart (PatchCore: Roth et al. 2022, sections 3.1 to 3.3): a few vectors that lie close to all others, and how far a new one is from
 * the nearest of them. Needs no image to be where another is.
 */
import type { RandomKey } from "../base/index.ts";
import type { CellMap } from "../faults/portable.ts";
import { type OnnxTensor, writeModel } from "../onnx/index.ts";
import type { Engine } from "../runtime/index.ts";
import type { CellVectors } from "./cells.ts";

/**
 * The k-centre greedy subset of points [n, dimension] (Gonzalez 1985): from a random one on, always the point that is farthest from all chosen.
 * Pure. Ends early where every point equals a chosen one. Returns [centres, dimension].
 */
export function greedyCentres(points: Float32Array, dimension: number, count: number, key: RandomKey): Float32Array {
  const total = points.length / dimension;
  const nearest = new Float64Array(total).fill(Number.POSITIVE_INFINITY);
  const chosen: number[] = [];
  let next = key.stream().integer(total);
  while (chosen.length < count) {
    chosen.push(next);
    const start = next * dimension;
    let farthest = 0;
    for (let point = 0; point < total; point++) {
      const own = point * dimension;
      const known = nearest[point]!;
      let square = 0;
      for (let i = 0; i < dimension && square < known; i++) {
        const difference = points[own + i]! - points[start + i]!;
        square += difference * difference;
      }
      if (square < known) nearest[point] = square;
      if (nearest[point]! > nearest[farthest]!) farthest = point;
    }
    if (nearest[farthest] === 0) break;
    next = farthest;
  }
  const centres = new Float32Array(chosen.length * dimension);
  for (const [row, point] of chosen.entries()) {
    centres.set(points.subarray(point * dimension, (point + 1) * dimension), row * dimension);
  }
  return centres;
}

/** Looks up how far vectors are from what is known. */
export interface FeatureMemory {
  distances(cells: CellVectors): Promise<CellMap>;
  dispose(): Promise<void>;
}

/** Opens a memory of centres [count, dimension] on the engine: |x|^2 + min(|c|^2 - 2 x c). */
export async function openMemory(engine: Engine, centres: Float32Array, dimension: number): Promise<FeatureMemory> {
  const program = await engine.load(lookUpModel(centres, dimension), { weights: "constant" });
  return {
    async distances({ rows, columns, values }) {
      const count = rows * columns;
      const { least } = await program.run({ x: { data: values, shape: [count, dimension] } });
      const found = new Float32Array(count);
      for (let cell = 0; cell < count; cell++) {
        let square = least!.data[cell]!;
        for (let i = 0; i < dimension; i++) square += values[cell * dimension + i]! ** 2;
        found[cell] = Math.sqrt(Math.max(0, square));
      }
      return { rows, columns, values: found };
    },
    dispose: () => program.dispose(),
  };
}

function lookUpModel(centres: Float32Array, dimension: number): Uint8Array {
  const count = centres.length / dimension;
  const turned = new Float32Array(centres.length);
  const norms = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < dimension; i++) {
      const value = centres[row * dimension + i]!;
      turned[i * count + row] = -2 * value;
      norms[row]! += value * value;
    }
  }
  const tensor = (name: string, shape: readonly number[], values: Float32Array): OnnxTensor => ({
    name,
    elementType: "float32",
    shape,
    data: new Uint8Array(values.buffer),
  });
  const node = (operator: string, inputs: readonly string[], output: string) => ({
    name: output,
    operator,
    inputs,
    outputs: [output],
    attributes: operator === "ReduceMin" ? { axes: [1], keepdims: 0 } : {},
  });
  return writeModel({
    producer: "outglow",
    opset: 17,
    name: "nearest",
    inputs: [{ name: "x", elementType: "float32", shape: ["n", dimension] }],
    outputs: [{ name: "least", elementType: "float32", shape: ["n"] }],
    initializers: [tensor("centres", [dimension, count], turned), tensor("norms", [count], norms)],
    nodes: [
      node("MatMul", ["x", "centres"], "products"),
      node("Add", ["products", "norms"], "squares"),
      node("ReduceMin", ["squares"], "least"),
    ],
    metadata: {},
  });
}
