/** Tests of scores that learn from normal images, by name as people use them: values by hand or by SciPy, and that higher is more anomalous. */
import { describe, expect, test } from "vitest";
import { type RandomStream, RunError, randomKey } from "../../base/index.ts";
import { auroc } from "../judging/metrics.ts";
import type { ModelTerms } from "../tables/terms.ts";
import { complexityScores, fitComplexity } from "./complexity.ts";
import { likelyTerms, tableOf, termsOf } from "./example-terms.ts";
import { computeScore, scoreDefinition } from "./scores.ts";

const key = randomKey("learned scores");

/** Learns a score on some images and scores others. */
function scored(name: string, normal: ModelTerms, images: ModelTerms): Float64Array {
  const { learn } = scoreDefinition(name, normal.normal.scales, ["coders"]);
  return computeScore(name, images, { fits: { [name]: learn!(normal) } }).values;
}

describe("typicality and density of states, by name", () => {
  const eight = termsOf([9, 11, 9, 11, 9, 11, 9, 11].map((first, image) => [first, 0, image < 4 ? 19 : 21, 0]));
  const probes = termsOf([
    [10, 0, 20, 0],
    [13, 0, 19, 0],
    [20, 0, 10, 0],
  ]);

  test("are what their formulas say", () => {
    expect([...scored("typicality", eight, probes)]).toEqual([0, 2, 0]);
    expect([...scored("typicality-scales", eight, probes)]).toEqual([0, 3, 10]);
    const [middle, odd, worse] = scored("density-of-states", eight, probes);
    expect(odd).toBeGreaterThan(middle!);
    expect(worse).toBeGreaterThan(odd!);
  });

  test.each(["typicality", "typicality-scales", "density-of-states"])("%s finds the too likely images, too", (name) => {
    const normal = likelyTerms(200, 2, key.fold(name).stream());
    const [fresh, shifted] = [0, -9000].map((shift) => likelyTerms(100, 2, key.fold(name).fold(shift).stream(), shift));
    const likelier = likelyTerms(100, 2, key.fold(name).fold("likelier").stream(), 9000);
    for (const anomalous of [shifted!, likelier]) {
      const sets = { normal: scored(name, normal, fresh!), anomalous: scored(name, normal, anomalous) };
      expect(auroc(sets)).toBeGreaterThan(0.95);
    }
  });
});

describe("complexity", () => {
  const withBits = (rows: readonly (readonly [number, number])[]): ModelTerms => ({
    ...termsOf(rows.map(([prior]) => [100, prior])),
    coders: { png: new Float64Array(rows.length), webp: Float64Array.from(rows, ([, bits]) => bits) },
  });
  const normal = withBits([
    [-3000, 6000],
    [-2950, 6100],
    [-3100, 5800],
    [-3050, 6050],
    [-2900, 6300],
    [-3020, 5900],
    [-2980, 6200],
    [-3080, 6150],
  ]);

  test("is SciPy's gaussian_kde of prior term and bits", () => {
    const probes = withBits([
      [-3000, 6000],
      [-3000, 7000],
      [-2700, 6000],
    ]);
    const expected = [11.2344113, 50.06228446, 44.42674065];
    scored("complexity", normal, probes).forEach((value, image) => {
      expect(value / expected[image]!).toBeCloseTo(1, 5);
    });
  });

  test("finds images that are complex for their likelihood, either way, and keeps far ones in order", () => {
    const draw = (stream: RandomStream, bits: number): ModelTerms =>
      withBits(
        Array.from({ length: 100 }, () => {
          const detail = stream.normal();
          return [-3000 + 100 * detail, 6000 - 500 * detail + 50 * stream.normal() + bits] as const;
        }),
      );
    const fit = draw(key.fold("fit").stream(), 0);
    const fresh = scored("complexity", fit, draw(key.fold("fresh").stream(), 0));
    for (const bits of [-500, 500]) {
      const anomalous = scored("complexity", fit, draw(key.fold("odd").stream(), bits));
      expect(auroc({ normal: fresh, anomalous })).toBeGreaterThan(0.95);
    }
    const far = scored(
      "complexity",
      fit,
      withBits([
        [-3000, 1e6],
        [-3000, 1e7],
      ]),
    );
    expect(far.every(Number.isFinite)).toBe(true);
    expect(far[1]).toBeGreaterThan(far[0]!);
  });

  test("takes a constant number, and says so of too few images and non-finite terms", () => {
    const same = withBits(Array.from({ length: 9 }, () => [-3000, 6000] as const));
    expect(scored("complexity", same, same).every(Number.isFinite)).toBe(true);
    expect(() => fitComplexity(withBits([[1, 2]]))).toThrow(RunError);
    const broken = { ...same, normal: tableOf([[0, Number.NaN]]), coders: withBits([[0, 6000]]).coders! };
    expect([...complexityScores(fitComplexity(same), broken)]).toEqual([Number.POSITIVE_INFINITY]);
  });
});
