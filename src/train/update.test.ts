/** Updates against the optimisers' formulas, and the guard against non-finite steps. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { adam, adamax, type Optimizer, vectorMemory } from "../optim/index.ts";
import { type MaskedUpdateOptions, updateVectors } from "./update.ts";

const rate = 0.05;
const stream = randomKey("update").stream();
const start = Array.from({ length: 5 }, () => stream.normal());
const scale = Array.from({ length: 5 }, () => 0.5 + stream.uniform());
const offset = Array.from({ length: 5 }, () => stream.normal());

/** The gradient of sum(scale p^2 + offset p); a vector longer than five repeats them. */
function gradientAt(parameters: ArrayLike<number>): Float32Array {
  return Float32Array.from(parameters, (p, index) => 2 * scale[index % 5]! * p + offset[index % 5]!);
}

function begin(options: MaskedUpdateOptions, size = 5) {
  const parameters = Float32Array.from({ length: size }, (_, index) => start[index % 5]!);
  const state = options.optimizer.stateNames.map(() => new Float32Array(size));
  let count = 0;
  return {
    vectors: [parameters, ...state],
    step: (loss = 1, gradient = gradientAt(parameters)) => {
      const scalars = options.optimizer.scalars(rate, count + 1);
      const result = updateVectors({ parameters, gradient, state }, loss, scalars, options);
      if (result.applied) count++;
      return result;
    },
  };
}

interface Settings {
  readonly weightDecay: number;
  readonly clipNorm?: number;
}

/** The same in float64 from the formulas, written independently. */
function reference(name: Optimizer["name"], { weightDecay, clipNorm }: Settings, steps: number): number[] {
  const [b1, b2, epsilon] = [0.9, 0.999, 1e-8];
  const p = Array.from(Float32Array.from(start));
  const m = p.map(() => 0);
  const second = p.map(() => 0);
  for (let t = 1; t <= steps; t++) {
    const raw = p.map((value, index) => 2 * scale[index]! * value + offset[index]!);
    const norm = Math.hypot(...raw);
    const shrink = clipNorm === undefined ? 1 : Math.min(1, clipNorm / norm);
    for (let index = 0; index < p.length; index++) {
      const g = raw[index]! * shrink + weightDecay * p[index]!;
      m[index] = b1 * m[index]! + (1 - b1) * g;
      const corrected = m[index]! / (1 - b1 ** t);
      if (name === "adamax") {
        second[index] = Math.max(b2 * second[index]!, Math.abs(g) + epsilon);
        p[index]! -= (rate * corrected) / second[index]!;
      } else {
        second[index] = b2 * second[index]! + (1 - b2) * g * g;
        p[index]! -= (rate * corrected) / (Math.sqrt(second[index]! / (1 - b2 ** t)) + epsilon);
      }
    }
  }
  return p;
}

describe.each([
  ["adamax", adamax],
  ["adam", adam],
] as const)("%s", (name, optimizer) => {
  test.each([
    ["plain", { weightDecay: 0 }],
    ["with weight decay", { weightDecay: 0.1 }],
    ["with clipping", { weightDecay: 0.01, clipNorm: 0.5 }],
  ])("%s follows its formula", (_name, settings) => {
    const { step, vectors } = begin({ optimizer, ...settings });
    for (let count = 0; count < 8; count++) step();
    const expected = reference(name, settings, 8);
    for (const [index, value] of vectors[0]!.entries()) expect(value).toBeCloseTo(expected[index]!, 5);
  });

  test("a long vector is updated to its last number", () => {
    const size = 200_003;
    const { step, vectors } = begin({ optimizer, weightDecay: 0.1 }, size);
    const { gradientNorm } = step();
    const expected = reference(name, { weightDecay: 0.1 }, 1);
    const worst = vectors[0]!.reduce((most, value, index) => Math.max(most, Math.abs(value - expected[index % 5]!)), 0);
    expect(worst).toBeLessThan(1e-5);
    const raw = gradientAt(Float32Array.from({ length: size }, (_, index) => start[index % 5]!));
    const norm = Math.sqrt(raw.reduce((sum, value) => sum + value * value, 0));
    expect(gradientNorm / norm).toBeCloseTo(1, 9);
  });

  test.each([70_001, 70_007])("%i numbers in a memory of their own get the same bits", (size) => {
    const { vectors, faster } = vectorMemory(4, size);
    const plain = vectors.map((_, index) => {
      const drawn = randomKey("memory").fold(index).stream();
      // Many magnitudes, and moments that are no smaller than they can be.
      return Float32Array.from(
        { length: size },
        () => (index === 3 ? Math.abs(drawn.normal()) : drawn.normal()) * 10 ** (6 * drawn.uniform() - 6),
      );
    });
    for (const [index, vector] of vectors.entries()) vector.set(plain[index]!);
    for (const settings of [{ weightDecay: 0 }, { weightDecay: 0.01, clipNorm: 0.5 }]) {
      for (const [all, own] of [
        [plain, optimizer],
        [vectors, faster(optimizer)],
      ] as const) {
        const [parameters, gradient, ...state] = all as [Float32Array, Float32Array, ...Float32Array[]];
        const options = { ...settings, optimizer: own };
        for (let count = 1; count <= 3; count++) {
          updateVectors({ parameters, gradient, state }, 1, own.scalars(rate, count), options);
        }
      }
    }
    for (const [index, vector] of vectors.entries())
      expect(vector.every((value, at) => Object.is(value, plain[index]![at]))).toBe(true);
  });

  test("vectors that lie elsewhere are updated all the same", () => {
    const { faster } = vectorMemory(4, 70_000);
    const { step, vectors } = begin({ optimizer: faster(optimizer), weightDecay: 0.1 });
    step();
    const expected = reference(name, { weightDecay: 0.1 }, 1);
    for (const [index, value] of vectors[0]!.entries()) expect(value).toBeCloseTo(expected[index]!, 5);
  });

  test.each([
    ["infinite loss", Number.POSITIVE_INFINITY, undefined],
    ["loss that is no number", Number.NaN, undefined],
    ["infinite gradient", 1, Number.NEGATIVE_INFINITY],
    ["gradient that is no number", 1, Number.NaN],
    ["gradient whose square is no float32", 1, 1e25],
  ])("%s changes nothing, and the next step goes on", (_name, loss, spoiled) => {
    const { step, vectors } = begin({ optimizer, weightDecay: 0.1 });
    step();
    step();
    const before = vectors.map((vector) => vector.slice());
    const gradient = gradientAt(vectors[0]!);
    if (spoiled !== undefined) gradient[3] = spoiled;
    expect(step(loss, gradient).applied).toBe(false);
    expect(vectors).toEqual(before);
    expect(step().applied).toBe(true);
    const expected = reference(name, { weightDecay: 0.1 }, 3);
    for (const [index, value] of vectors[0]!.entries()) expect(value).toBeCloseTo(expected[index]!, 5);
  });
});

test("masked numbers move neither by gradient nor by decay, and do not count for the norm", () => {
  const mask = Float32Array.of(1, 0, 1, 1, 0);
  const { step, vectors } = begin({ optimizer: adamax, weightDecay: 0.1, mask });
  const before = vectors[0]!.slice();
  const raw = gradientAt(before);
  const { gradientNorm } = step();
  expect(gradientNorm).toBeCloseTo(Math.hypot(raw[0]!, raw[2]!, raw[3]!), 4);
  const moved = Array.from(vectors[0]!, (value, index) => value !== before[index]);
  expect(moved).toEqual([true, false, true, true, false]);
  step();
  step();
  const expected = reference("adamax", { weightDecay: 0.1 }, 3);
  for (const index of [0, 2, 3]) expect(vectors[0]![index]).toBeCloseTo(expected[index]!, 5);
});

test("a mask of ones changes nothing, clipping and decay included", () => {
  const settings = { weightDecay: 0.1, clipNorm: 0.5 };
  const { step, vectors } = begin({ optimizer: adamax, ...settings, mask: new Float32Array(5).fill(1) });
  for (let count = 0; count < 8; count++) step();
  const expected = reference("adamax", settings, 8);
  for (const [index, value] of vectors[0]!.entries()) expect(value).toBeCloseTo(expected[index]!, 5);
});

test("the gradient norm is that before clipping", () => {
  const { step, vectors } = begin({ optimizer: adamax, weightDecay: 0.1, clipNorm: 1e-3 });
  const gradient = gradientAt(vectors[0]!);
  expect(step().gradientNorm).toBeCloseTo(Math.hypot(...gradient), 4);
});
