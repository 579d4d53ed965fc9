/** Tests of scores that are measured on demand, by name: by hand or by NumPy, and that higher is more anomalous. */
import { describe, expect, test } from "vitest";
import { ConfigError, type RandomStream, RunError, randomKey } from "../../base/index.ts";
import { auroc } from "../judging/metrics.ts";
import type { PixelTable } from "../tables/pixel-table.ts";
import { scoreSources } from "../tables/sources.ts";
import type { StatisticTable } from "../tables/statistic-table.ts";
import type { ModelTerms } from "../tables/terms.ts";
import { statisticsOf, termsOf } from "./example-terms.ts";
import { latentStatisticNames, latentStatistics } from "./latent-fit.ts";
import { computeScore, scoreDefinition } from "./scores.ts";
import { fitWhitening } from "./whitening.ts";

const key = randomKey("measured scores");

/** Terms that say nothing, with one member beside. */
function beside(count: number, member: Partial<ModelTerms>): ModelTerms {
  return { ...termsOf(Array.from({ length: count }, () => [0, 0])), ...member };
}

function scored(name: string, normal: ModelTerms, images: ModelTerms): Float64Array {
  const { learn } = scoreDefinition(name, normal.normal.scales, scoreSources);
  return computeScore(name, images, learn && { fits: { [name]: learn(normal) } }).values;
}

describe("whitening", () => {
  const shape = { channels: 1, height: 12, width: 12 };

  /** Textures whose neighbours correlate by `across`, with a bright middle as objects have. */
  function textures(count: number, stream: RandomStream, across: number, spread = 30): PixelTable {
    const values = new Uint8Array(144 * count);
    for (let image = 0; image < count; image++) {
      for (let place = 0; place < 144; place++) {
        const left = place % 12 === 0 ? 0 : values[image * 144 + place - 1]! - 120;
        const own = across * left + spread * Math.sqrt(1 - across ** 2) * stream.normal();
        values[image * 144 + place] = Math.max(0, Math.min(255, Math.round(120 + own)));
      }
    }
    return { shape, values };
  }
  const draw = (label: string, across: number, spread?: number): ModelTerms =>
    beside(60, { pixels: textures(60, key.fold(label).stream(), across, spread) });
  const normal = draw("normal", 0.7);
  const fresh = draw("fresh", 0.7);

  test("learns how a texture was made", () => {
    const { filters, deviation, noise } = fitWhitening(normal.pixels!);
    // Before a pixel come two rows of five, then two in its own row: the last one is its left neighbour.
    expect(filters[0]).toHaveLength(12);
    expect(filters[0]!.at(-1)).toBeCloseTo(0.7, 1);
    expect(Math.max(...filters[0]!.slice(0, -1).map(Math.abs))).toBeLessThan(0.05);
    expect(deviation[77]).toBeCloseTo(30 * Math.sqrt(0.51), -1);
    expect(noise.mean).toBeGreaterThan(10);
    expect(noise.mean).toBeLessThan(35);
  });

  test("finds smoother and rougher textures; its likelihood finds rougher ones only", () => {
    const likelihood = (images: ModelTerms) => scored("whitening-likelihood", normal, images);
    for (const across of [0.2, 0.95]) {
      const odd = draw(`across ${across}`, across);
      const sets = { normal: scored("whitening", normal, fresh), anomalous: scored("whitening", normal, odd) };
      expect(auroc(sets)).toBeGreaterThan(0.9);
    }
    expect(auroc({ normal: likelihood(fresh), anomalous: likelihood(draw("strong", 0.7, 45)) })).toBeGreaterThan(0.95);
    expect(auroc({ normal: likelihood(fresh), anomalous: likelihood(draw("weak", 0.7, 15)) })).toBeLessThan(0.05);
  });

  test("of three channels looks at those before, too", () => {
    const colour = { channels: 3, height: 2, width: 2 };
    const stream = key.fold("colour").stream();
    const values = Uint8Array.from({ length: 12 * 40 }, () => stream.integer(200));
    const { filters } = fitWhitening({ shape: colour, values });
    expect(filters.map(({ length }) => length)).toEqual([36, 37, 38]);
  });

  test("takes black borders, refuses few images and images of another shape", () => {
    const black = { shape, values: new Uint8Array(144 * 8) };
    expect(scored("whitening", beside(8, { pixels: black }), beside(8, { pixels: black })).every(Number.isFinite)).toBe(
      true,
    );
    expect(() => fitWhitening({ shape, values: new Uint8Array(144) })).toThrow(RunError);
    const other = { shape: { ...shape, height: 6 }, values: new Uint8Array(72 * 2) };
    expect(() => scored("whitening", normal, beside(2, { pixels: other }))).toThrow(ConfigError);
  });
});

describe("latent-fit", () => {
  const shapes = [
    { channels: 2, height: 8, width: 8 },
    { channels: 4, height: 4, width: 4 },
  ];
  const latents = (count: number, stream: RandomStream, change: (value: number, before: number) => number) =>
    shapes.map((shape) => {
      const size = shape.channels * shape.height * shape.width;
      const values = Float32Array.from({ length: size * count }, () => stream.normal());
      return {
        shape,
        values: values.map((value, index) => change(value, index % size === 0 ? 0 : values[index - 1]!)),
      };
    });
  const draw = (label: string, change: (value: number, before: number) => number = (value) => value): ModelTerms =>
    beside(60, { latents: latentStatistics(60, latents(60, key.fold(label).stream(), change)) });
  const normal = draw("latents");

  test("has three statistics a scale", () => {
    expect(normal.latents!.names).toEqual(latentStatisticNames(2));
    expect(normal.latents!.values).toHaveLength(60 * 6);
  });

  test.each([
    ["heavy tails", (value: number) => value ** 3],
    ["neighbours alike", (value: number, before: number) => value + before],
  ])("finds %s", (label, change) => {
    const sets = {
      normal: scored("latent-fit", normal, draw("fresh latents")),
      anomalous: scored("latent-fit", normal, draw(label, change)),
    };
    expect(auroc(sets)).toBeGreaterThan(0.95);
  });

  test("is the largest of the statistics, in deviations, and infinite where one is not finite", () => {
    // 30 values 0 and 2 in turn: mean 1, deviation 1, and too few for quantiles, so z is a straight line.
    const names = latentStatisticNames(1);
    const rows = statisticsOf(names, 30, (index) => 2 * (Math.floor(index / 3) % 2));
    const images = { ...statisticsOf(names, 3, () => 0), values: Float64Array.of(1, 1, 1, 3, 1, -5, Number.NaN, 1, 1) };
    const values = scored("latent-fit", beside(30, { latents: rows }), beside(3, { latents: images }));
    expect(values[0]).toBeCloseTo(0, 12);
    expect(values[1]).toBeCloseTo(2, 12);
    expect(values[2]).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("gradients", () => {
  const table = (rows: readonly (readonly number[])[]): StatisticTable => ({
    ...statisticsOf(["a", "b"], rows.length, (index) => rows[Math.floor(index / 2)]![index % 2]!),
    sizes: [3, 5],
  });
  // ln of squares: a 1 or 3, b 0 or 4, each of deviation 1 and 2.
  const normal = beside(8, {
    gradients: table([1, 3, 1, 3, 1, 3, 1, 3].map((a, image) => [a, image < 4 ? 0 : 4])),
  });
  const images = beside(2, {
    gradients: table([
      [2, 2],
      [5, 2],
    ]),
  });

  test("layers are Gaussian, by hand", () => {
    const constant = Math.log(2 * Math.PI) + Math.log(2);
    const values = scored("gradient-layers", normal, images);
    expect(values[0]).toBeCloseTo(constant, 12);
    expect(values[1]).toBeCloseTo(constant + 4.5, 12);
  });

  test("Rao's statistic, by hand", () => {
    const [a, b] = [(Math.E + Math.exp(3)) / 2, (1 + Math.exp(4)) / 2];
    const expected = [2, 5].map((value) => 0.5 * Math.log((3 * Math.exp(value)) / a + (5 * Math.exp(2)) / b));
    scored("gradient-fisher", normal, images).forEach((value, image) => {
      expect(value).toBeCloseTo(expected[image]!, 12);
    });
  });

  test("the image's gradient is what it is", () => {
    const slopes = statisticsOf(["image"], 2, (index) => index + 0.5);
    expect([...computeScore("gradient-norm", beside(2, { slopes })).values]).toEqual([0.5, 1.5]);
  });

  test("a gradient that is not finite is the most anomalous, too few images are refused", () => {
    const broken = beside(1, { gradients: table([[Number.NaN, 0]]) });
    for (const name of ["gradient-layers", "gradient-fisher"]) {
      expect([...scored(name, normal, broken)], name).toEqual([Number.POSITIVE_INFINITY]);
      expect(() => scored(name, broken, images), name).toThrow(RunError);
    }
  });
});

test("waic is the mean less the variance of this flow and the others, by hand", () => {
  const terms: ModelTerms = {
    ...termsOf([
      [1, 2],
      [4, 0],
    ]),
    ensemble: statisticsOf(["one", "two"], 2, (index) => [6, 9, 4, 4][index]!),
  };
  // 3, 6, 9: mean 6, variance 6. 4, 4, 4.
  expect([...computeScore("waic", terms).values]).toEqual([0, -4]);
});
