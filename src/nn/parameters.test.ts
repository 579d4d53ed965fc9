/** Parameter trees, their flat layout, and initial numbers. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { input, makeGraph } from "../graph/index.ts";
import {
  fixed,
  layoutOf,
  leavesOf,
  normal,
  orthogonalLu,
  packArrays,
  parameterData,
  trainable,
  unpackValues,
} from "./index.ts";

const tree = { a: { weight: trainable(2, 3), sign: fixed(2) }, b: trainable(4) };
const arrays = {
  a: { weight: Float32Array.of(1, 2, 3, 4, 5, 6), sign: Float32Array.of(-1, 1) },
  b: new Float32Array(4),
};

test("a layout joins names with dots and counts trained and fixed numbers apart", () => {
  const { entries, trainableSize, fixedSize } = layoutOf(tree);
  expect(entries.map(({ name, offset }) => [name, offset])).toEqual([
    ["a.weight", 0],
    ["a.sign", 0],
    ["b", 6],
  ]);
  expect([trainableSize, fixedSize]).toEqual([10, 2]);
});

test("packing puts every array where the layout says", () => {
  const vectors = packArrays(tree, arrays);
  const { entries } = layoutOf(tree);
  expect(entries.map((entry) => Array.from(parameterData(entry, vectors)))).toEqual([
    [1, 2, 3, 4, 5, 6],
    [-1, 1],
    [0, 0, 0, 0],
  ]);
});

test("an array of another size is refused by name", () => {
  expect(() => packArrays(tree, { ...arrays, b: new Float32Array(3) })).toThrow(
    "parameters: expected 4 numbers for 'b', got 3",
  );
});

test("unpacking gives values of the specified shapes in the same tree", () => {
  const graph = makeGraph();
  const values = unpackValues(tree, input(graph, "trainable", [10]), input(graph, "fixed", [2]));
  expect(leavesOf(tree, values).map(({ shape }) => shape)).toEqual([[2, 3], [2], [4]]);
});

test.each([1, 2, 5, 12, 48])("the LU factors of size %i give an orthogonal matrix", (size) => {
  const { permutation, lower, upper, sign, logDiagonal } = orthogonalLu(size, randomKey(3));
  const at = (row: number, column: number) => row * size + column;
  const product = (left: (r: number, c: number) => number, right: (r: number, c: number) => number) => {
    const result = new Float64Array(size * size);
    for (let r = 0; r < size; r++)
      for (let c = 0; c < size; c++) for (let k = 0; k < size; k++) result[at(r, c)]! += left(r, k) * right(k, c);
    return (r: number, c: number) => result[at(r, c)]!;
  };
  const l = (r: number, c: number) => (r === c ? 1 : lower[at(r, c)]!);
  const u = (r: number, c: number) => (r === c ? sign[r]! * Math.exp(logDiagonal[r]!) : upper[at(r, c)]!);
  const w = product(
    product((r, c) => permutation[at(r, c)]!, l),
    u,
  );
  const identity = product(w, (r, c) => w(c, r));
  for (let r = 0; r < size; r++) for (let c = 0; c < size; c++) expect(identity(r, c)).toBeCloseTo(r === c ? 1 : 0, 4);
});

test("normal initial numbers have the deviation asked for", () => {
  const values = normal(20_000, 0.05, randomKey(1));
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  expect(Math.sqrt(variance)).toBeCloseTo(0.05, 3); // 0.0005 is two standard errors
});
