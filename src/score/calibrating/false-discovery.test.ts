/** Tests of false-discovery control: by hand, by definition, and what is promised on simulated mixtures. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, randomKey } from "../../base/index.ts";
import { pValues } from "./calibration.ts";
import { conditionalPValues, levelBounds, simesBounds } from "./conditional-calibration.ts";
import { mayBeAtLeast, mayBeAtMost } from "./example-trials.ts";
import { adjustedPValues, discoveries, referencesForDiscovery } from "./false-discovery.ts";

const seed = "false discovery";
const key = randomKey(seed);

describe("Benjamini-Hochberg", () => {
  // The worked example of the paper (Benjamini and Hochberg, 1995, section 3.2): 15 p-values, at 0.05 four are rejected.
  const paper = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
  ];

  test("marks four of the paper's fifteen", () => {
    const { marked, count, largestPValue } = discoveries(paper, 0.05);
    expect(marked).toEqual(paper.map((_, index) => index < 4));
    expect(count).toBe(4);
    expect(largestPValue).toBe(0.0095);
  });

  test("keeps the order of the images", () => {
    expect(discoveries([0.9, 0.001, 0.8, 0.002], 0.1).marked).toEqual([false, true, false, true]);
    expect(discoveries([], 0.1)).toEqual({ marked: [], count: 0, largestPValue: 0 });
    expect(discoveries([0.5], 0.1)).toMatchObject({ count: 0, largestPValue: 0 });
  });

  test("is its own definition at every level", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 99 }),
        (numerators, percent) => {
          const values = numerators.map((value) => value / 40);
          const sorted = [...values].sort((a, b) => a - b);
          // In whole numbers: p_(k) <= level k / m.
          const places = sorted.map(
            (value, index) => Math.round(value * 40) * 100 * values.length <= percent * (index + 1) * 40,
          );
          const largest = sorted[places.lastIndexOf(true)] ?? 0;
          const marked = discoveries(values, percent / 100 + 1e-12).marked;
          expect(marked).toEqual(values.map((value) => value <= largest));
        },
      ),
      { seed: 20_061_084 },
    );
  });

  test("adjusted p-values are the levels at which images begin to be marked", () => {
    expect([...adjustedPValues([0.01, 0.04, 0.03])]).toEqual(
      [0.03, 0.04, 0.04].map((value) => expect.closeTo(value, 12)),
    );
  });

  test("needs references: one anomaly among 100 images at 0.1 needs 999", () => {
    expect(referencesForDiscovery(100, 1, 0.1)).toBe(999);
    expect(referencesForDiscovery(100, 10, 0.1)).toBe(99);
    expect(discoveries([1 / 1000, ...new Array(99).fill(1)], 0.1).count).toBe(1);
    expect(discoveries([1 / 999, ...new Array(99).fill(1)], 0.1).count).toBe(0);
  });

  test.each([0, 1, Number.NaN])("level %d is refused", (level) =>
    expect(() => discoveries([0.1], level)).toThrow(ConfigError),
  );
});

/** 90 normal and `anomalies` shifted scores against 199 references, as p-values; the first 90 are normal. */
function mixture(label: string, trial: number, anomalies: number): Float64Array {
  const stream = key.fold(label).fold(trial).stream();
  const references = Float64Array.from({ length: 199 }, () => stream.normal()).sort();
  const scores = Array.from({ length: 90 + anomalies }, (_, image) => stream.normal() + (image < 90 ? 0 : 3));
  return pValues({ count: 199, scores: { made: Array.from(references) }, fits: {} }, "made", scores);
}

describe(`promises on mixtures (seed ${seed})`, () => {
  const trials = 600;

  test("the mean share of normal images among the marked is at most the level times their share", () => {
    for (const level of [0.1, 0.3]) {
      const shares = Array.from({ length: trials }, (_, trial) => {
        const { marked, count } = discoveries(mixture("mixture", trial, 30), level);
        return count === 0 ? 0 : marked.slice(0, 90).filter(Boolean).length / count;
      });
      const mean = shares.reduce((sum, share) => sum + share, 0) / trials;
      const error = Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0)) / trials;
      const promised = (level * 90) / 120;
      // Three standard errors above; and not far below, since dependence costs little.
      expect(mean).toBeLessThan(promised + 3 * error);
      expect(mean).toBeGreaterThan(0.5 * promised);
    }
  });

  test("without anomalies any image is marked in at most so many batches", () => {
    const any = Array.from({ length: trials }, (_, trial) => discoveries(mixture("normal", trial, 0), 0.2).count > 0);
    expect(mayBeAtMost(any.filter(Boolean).length, trials, 0.2)).toBe(true);
  });
});

describe("conditional calibration", () => {
  test("Simes' bounds by hand: two references", () => {
    // k = 1: b_1 = 1 - delta, b_2 = 1 - delta / 2.
    expect(simesBounds(2, 0.1).bounds).toEqual([expect.closeTo(0.9, 12), expect.closeTo(0.95, 12)]);
    // k = 2: b_1 = 1 - sqrt(delta), b_2 = 1 - sqrt(delta 3 2 / (4 3)), b_3 = 1 - sqrt(delta 2 1 / (4 3)), b_4 = 1.
    const four = [1 - Math.sqrt(0.1), 1 - Math.sqrt(0.05), 1 - Math.sqrt(0.1 / 6), 1];
    expect(simesBounds(4, 0.1).bounds).toEqual(four.map((value) => expect.closeTo(value, 12)));
  });

  test.each([
    ["simes", (count: number) => simesBounds(count, 0.2)],
    ["levels", (count: number) => levelBounds(count, 0.2, key.fold("bounds"), 1000)],
  ])("bounds %s ascend and are above the p-values they replace", (_, make) => {
    for (const count of [1, 2, 10, 199]) {
      const { bounds } = make(count);
      expect(bounds).toHaveLength(count);
      bounds.forEach((bound, index) => {
        expect(bound).toBeGreaterThanOrEqual(bounds[index - 1] ?? 0);
        // b_i bounds U_(i), whose mean is i / (n + 1).
        expect(bound).toBeGreaterThan((index + 1) / (count + 1));
        expect(bound).toBeLessThanOrEqual(1);
      });
    }
  });

  test(`hold for the calibration at hand with the promised chance (seed ${seed})`, () => {
    const trials = 1000;
    for (const bounds of [simesBounds(60, 0.2), levelBounds(60, 0.2, key.fold("coverage"), 1000)]) {
      let kept = 0;
      for (let trial = 0; trial < trials; trial++) {
        const stream = key.fold("conditional").fold(trial).stream();
        const uniforms = Float64Array.from({ length: 60 }, () => stream.uniform()).sort();
        // P(p <= i / (n + 1) | references) is the i-th smallest of n uniform numbers; p' <= a is promised no more than a.
        if (uniforms.every((value, index) => value <= bounds.bounds[index]!)) kept++;
      }
      expect(mayBeAtLeast(kept, trials, 0.8)).toBe(true);
    }
  });

  test("in closed form are tighter at small p, those of equal levels at large p", () => {
    const [closed, simulated] = [simesBounds(199, 0.1), levelBounds(199, 0.1, key)];
    expect(closed.bounds[4]!).toBeLessThan(simulated.bounds[4]!);
    expect(simulated.bounds[99]!).toBeLessThan(closed.bounds[99]! - 0.05);
  });

  test("replace each conformal p-value, and refuse one of other references", () => {
    const bounds = { delta: 0.1, bounds: [0.3, 0.6, 0.9] };
    expect([...conditionalPValues(bounds, [0.25, 0.5, 0.75, 1])]).toEqual([0.3, 0.6, 0.9, 1]);
    expect(() => conditionalPValues(bounds, [0.2])).toThrow("internal: ");
  });

  test("survive JSON and refuse a delta outside (0, 1)", () => {
    expect(JSON.parse(JSON.stringify(simesBounds(5, 0.1)))).toEqual(simesBounds(5, 0.1));
    expect(() => simesBounds(5, 1)).toThrow(ConfigError);
    expect(() => levelBounds(5, 0, key)).toThrow(ConfigError);
  });
});
