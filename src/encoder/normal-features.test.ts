/** Gaussians of cells, memories, principal components and grids against values worked by hand or by other means. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { symmetricEigenpairs } from "../score/index.ts";
import { gatherCells, neighbourMean, pickCells, smoothed } from "./cells.ts";
import { addVectors, distanceMap, fitGaussians, noSums, withoutPart } from "./gaussian.ts";
import { greedyCentres, openMemory } from "./memory.ts";
import { fitProjection, project } from "./projection.ts";
import { scoreOf } from "./scoring.ts";
import { encoderSettingsSchema, keptSettingsSchema } from "./settings.ts";

const normals = (count: number, name: string) => {
  const stream = randomKey(name).stream();
  return Float32Array.from({ length: count }, () => stream.normal());
};

describe("cells", () => {
  test("are means of neighbours within the map", () => {
    expect([...neighbourMean(Float32Array.of(0, 3, 6, 9, 12, 15), 2, 3)]).toEqual([6, 7.5, 9, 6, 7.5, 9]);
  });

  test("hold the features of all taps, cell after cell", () => {
    const constant = (value: number, rows: number) => new Float32Array(rows * rows).fill(value);
    const maps = [
      { channels: 1, rows: 4, columns: 4, values: constant(1, 4) },
      { channels: 2, rows: 2, columns: 2, values: Float32Array.of(...constant(2, 2), ...constant(3, 2)) },
    ];
    const cells = gatherCells(maps, { rows: 1, columns: 2 });
    expect(cells).toEqual({ rows: 1, columns: 2, dimension: 3, values: Float32Array.of(1, 2, 3, 1, 2, 3) });
    expect([...pickCells(cells, [1])]).toEqual([1, 2, 3]);
  });
});

describe("a map", () => {
  test("is smoothed within its borders, and stays as it is where nothing is asked", () => {
    const map = { rows: 1, columns: 5, values: Float32Array.of(0, 0, 1, 0, 0) };
    expect(smoothed(map, 0).values).toBe(map.values);
    const { values } = smoothed(map, 1);
    const weights = [-3, -2, -1, 0, 1, 2, 3].map((step) => Math.exp(-(step ** 2) / 2));
    const total = weights.reduce((sum, weight) => sum + weight);
    expect(values[2]).toBeCloseTo(1 / total, 6);
    expect(values[1]).toBeCloseTo(Math.exp(-0.5) / total, 6);
    expect([...smoothed({ rows: 2, columns: 2, values: new Float32Array(4).fill(3) }, 2).values]).toEqual([3, 3, 3, 3]);
  });

  test("speaks by its top 1 %, from the median on where it is centred", () => {
    const values = Float32Array.from({ length: 200 }, (_, cell) => cell / 10);
    const map = { rows: 10, columns: 20, values };
    expect(scoreOf(map, { centred: false })).toBeCloseTo(19.85, 5);
    expect(scoreOf(map, { centred: true })).toBeCloseTo(9.85, 5);
  });

  test("is made by settings of the mode, and of earlier versions where a record does not say", () => {
    const { averaged, smoothing, centred } = encoderSettingsSchema.parse({ mode: "unaligned" });
    expect({ averaged, smoothing, centred }).toEqual({ averaged: false, smoothing: 1, centred: true });
    expect(encoderSettingsSchema.parse({ mode: "aligned" })).toMatchObject({ averaged: true, smoothing: 0 });
    const before: Record<string, unknown> = { ...encoderSettingsSchema.parse({ mode: "unaligned" }) };
    for (const name of ["averaged", "smoothing", "centred", "flowSteps"]) delete before[name];
    const kept = { averaged: true, smoothing: 0, centred: false, flowSteps: 0 };
    expect(keptSettingsSchema.parse(before)).toEqual({ ...before, ...kept });
  });
});

describe("a Gaussian for every cell", () => {
  const cell = (...values: number[]) => ({ rows: 1, columns: 1, dimension: 2, values: Float32Array.from(values) });

  test("measures distances in deviations", () => {
    const sums = noSums(cell());
    // Mean (1, 2), variances 4 and 1, no covariance.
    for (const [x, y] of [
      [-1, 1],
      [3, 1],
      [-1, 3],
      [3, 3],
    ])
      addVectors(sums, cell(x!, y!));
    const gaussians = fitGaussians(sums, { side: 1, shrinkage: 1e-9 });
    expect([...gaussians.means]).toEqual([1, 2]);
    expect(distanceMap(gaussians, cell(7, 2)).values[0]).toBeCloseTo(3, 5);
    expect(distanceMap(gaussians, cell(1, 6)).values[0]).toBeCloseTo(4, 5);
    expect(distanceMap(gaussians, cell(7, 6)).values[0]).toBeCloseTo(5, 5);
    // Half way to equal variances of 2.5: 3.25 and 1.75.
    const shrunk = fitGaussians(sums, { side: 1, shrinkage: 0.5 });
    expect(distanceMap(shrunk, cell(7, 2)).values[0]).toBeCloseTo(6 / Math.sqrt(3.25), 5);
    expect(distanceMap(shrunk, cell(1, 6)).values[0]).toBeCloseTo(4 / Math.sqrt(1.75), 5);
  });

  test("takes account of covariance", () => {
    const sums = noSums(cell());
    for (const [x, y] of [
      [2, 2],
      [-2, -2],
      [1, -1],
      [-1, 1],
    ])
      addVectors(sums, cell(x!, y!));
    const gaussians = fitGaussians(sums, { side: 1, shrinkage: 1e-9 });
    // Variance 4 along (1, 1) and 1 along (1, -1).
    expect(distanceMap(gaussians, cell(2, 2)).values[0]).toBeCloseTo(Math.sqrt(2), 4);
    expect(distanceMap(gaussians, cell(2, -2)).values[0]).toBeCloseTo(Math.sqrt(8), 4);
  });

  test("pools moments over neighbours, within the borders", () => {
    const row = (...values: number[]) => ({ rows: 1, columns: 4, dimension: 1, values: Float32Array.from(values) });
    const sums = noSums(row());
    addVectors(sums, row(0, 1, 2, 6));
    addVectors(sums, row(2, 3, 4, 8));
    const { means } = fitGaussians(sums, { side: 3, shrinkage: 0.01 });
    expect([...means]).toEqual([1.5, 2, 4, 5]);
  });

  test("without a part is that of the others", () => {
    const images = Array.from({ length: 6 }, (_, index) => ({
      rows: 2,
      columns: 3,
      dimension: 2,
      values: normals(12, `image ${index}`),
    }));
    const sumsOf = (some: typeof images) => {
      const sums = noSums(images[0]!);
      for (const image of some) addVectors(sums, image);
      return sums;
    };
    const options = { side: 3, shrinkage: 0.01 };
    const left = fitGaussians(withoutPart(sumsOf(images), sumsOf(images.slice(4))), options);
    const direct = fitGaussians(sumsOf(images.slice(0, 4)), options);
    const maps = [left, direct].map((gaussians) => [...distanceMap(gaussians, images[5]!).values]);
    for (const [index, value] of maps[0]!.entries()) expect(value).toBeCloseTo(maps[1]![index]!, 4);
  });

  test("of cells that never vary stays finite", () => {
    const sums = noSums(cell());
    for (let image = 0; image < 3; image++) addVectors(sums, cell(1, 1));
    const gaussians = fitGaussians(sums, { side: 1, shrinkage: 0.01 });
    expect(distanceMap(gaussians, cell(1, 1)).values[0]).toBe(0);
    expect(Number.isFinite(distanceMap(gaussians, cell(2, 1)).values[0])).toBe(true);
  });
});

describe("a memory", () => {
  test("chooses always the point farthest from all chosen", () => {
    const line = Float32Array.of(0, 1, 4, 10, 11);
    const centres = greedyCentres(line, 1, 3, randomKey(1));
    const [first] = centres;
    // From any start the next is the farther end.
    expect(centres[1]).toBe(first! <= 4 ? 11 : 0);
    expect(new Set(centres).size).toBe(3);
    expect([...greedyCentres(line, 1, 9, randomKey(1))].sort((a, b) => a - b)).toEqual([...line]);
    expect(greedyCentres(Float32Array.of(2, 2, 2), 1, 3, randomKey(1))).toEqual(Float32Array.of(2));
  });

  test("tells distances from the nearest", async () => {
    const [dimension, count] = [5, 12];
    const [centres, values] = [normals(7 * dimension, "centres"), normals(count * dimension, "cells")];
    values.set(centres.subarray(5, 10), 0);
    const memory = await openMemory(nodeEngine({ threads: 1 }), centres, dimension);
    const map = await memory.distances({ rows: 3, columns: 4, dimension, values });
    await memory.dispose();
    const distance = (cell: number, centre: number) =>
      Math.hypot(
        ...Array.from(
          { length: dimension },
          (_, i) => values[cell * dimension + i]! - centres[centre * dimension + i]!,
        ),
      );
    expect([map.rows, map.columns]).toEqual([3, 4]);
    for (const [cell, found] of map.values.entries()) {
      const expected = Math.min(...Array.from({ length: 7 }, (_, centre) => distance(cell, centre)));
      expect(found).toBeCloseTo(expected, 2);
    }
  });
});

describe("principal components", () => {
  test("are the leading eigenvectors of the correlations", () => {
    const [count, features] = [400, 12];
    const hidden = normals(count * 3, "hidden");
    const mixing = normals(3 * features, "mixing");
    const noise = normals(count * features, "noise");
    const rows = noise.map((value, index) => {
      const [row, feature] = [Math.floor(index / features), index % features];
      const signal = [0, 1, 2].reduce(
        (sum, k) => sum + hidden[row * 3 + k]! * mixing[k * features + feature]! * (3 - k),
        0,
      );
      return signal + 0.3 * value + feature;
    });
    const projection = fitProjection(rows, features, 3, randomKey(2));
    const projected = project({ rows: count, columns: 1, dimension: features, values: rows }, projection).values;
    const standard = rows.map(
      (value, index) => (value - projection.mean[index % features]!) / projection.deviation[index % features]!,
    );
    const correlation = Array.from({ length: features }, (_, i) =>
      Array.from({ length: features }, (_, j) => {
        let sum = 0;
        for (let row = 0; row < count; row++) sum += standard[row * features + i]! * standard[row * features + j]!;
        return sum / count;
      }),
    );
    const expected = symmetricEigenpairs(correlation).slice(-3).reverse();
    for (const [k, { value, vector }] of expected.entries()) {
      const direction = projection.directions.subarray(k * features, (k + 1) * features);
      expect(Math.abs(vector.reduce((sum, part, i) => sum + part * direction[i]!, 0))).toBeCloseTo(1, 3);
      const own = projected.filter((_, index) => index % 3 === k);
      expect(own.reduce((sum, x) => sum + x * x, 0) / count).toBeCloseTo(value, 2);
    }
  });

  test("are the features in units of their typical deviation where these are few", () => {
    const rows = Float32Array.of(1, 10, 3, 30);
    const projection = fitProjection(rows, 2, 4, randomKey(2));
    const projected = project({ rows: 2, columns: 1, dimension: 2, values: rows }, projection);
    // Deviations of 1 and 10 are typically sqrt(101 / 2).
    const [one, ten] = [1 / Math.sqrt(50.5), 10 / Math.sqrt(50.5)];
    expect([...projected.values]).toEqual([-one, -ten, one, ten].map(Math.fround).map((x) => expect.closeTo(x, 5)));
  });
});
