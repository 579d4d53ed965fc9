/** Tests of the hierarchy score: the distance it measures, what must not change it, and few or degenerate images. */
import { describe, expect, test } from "vitest";
import { ConfigError, RunError, randomKey } from "../../base/index.ts";
import { auroc } from "../judging/metrics.ts";
import { logLikelihoods } from "../tables/term-table.ts";
import { likelyEverything, likelyTerms, rowsOf, termsOf } from "./example-terms.ts";
import { fitHierarchy, hierarchyFeatureNames, hierarchyScores, leastHierarchyImages } from "./hierarchy.ts";

const key = randomKey("hierarchy");

/** Terms are float32: a relative error of 6e-8 in thousands of nats, against deviations of tens. */
const floatTolerance = 1e-4;

function closeTo(actual: ArrayLike<number>, expected: ArrayLike<number>, relative: number): void {
  const worst = Array.from(actual, (value, i) => Math.abs(value - expected[i]!) / Math.max(1, Math.abs(expected[i]!)));
  expect(Math.max(...worst)).toBeLessThan(relative);
}

test("feature names pair with the columns of the terms", () => {
  expect(hierarchyFeatureNames(1, false)).toEqual(["normal-log-det-0", "normal-prior-0"]);
  expect(hierarchyFeatureNames(2, true).slice(3)).toEqual([
    "normal-prior-1",
    "difference-log-det-0",
    "difference-prior-0",
    "difference-log-det-1",
    "difference-prior-1",
  ]);
});

describe("the distance", () => {
  test("is half the squared Mahalanobis distance of the Gaussian that many images came from", () => {
    // x = 2000 + 30 u, y = -1000 - 0.8 * 50 u + 0.6 * 50 v: correlation -0.8.
    const stream = key.fold("known").stream();
    const image = (u: number, v: number): number[] => [2000 + 30 * u, -1000 - 40 * u + 30 * v];
    const fit = fitHierarchy(termsOf(rowsOf(20_000, () => image(stream.normal(), stream.normal()))));
    const points = [
      [0, 0],
      [1, 0],
      [0, -2],
      [3, 3],
      [-4, 1],
    ] as const;
    const scores = hierarchyScores(fit, termsOf(points.map(([u, v]) => image(u, v))));
    // Estimates from 20,000 images have a relative error of about 1 / sqrt(20,000) = 0.7 %; four of those.
    closeTo(
      scores,
      points.map(([u, v]) => (u * u + v * v) / 2),
      0.03,
    );
  });

  test("is unchanged by the unit and the origin of a feature", () => {
    const rows = (label: string, count: number, shift = 0): number[][] => {
      const { values } = likelyTerms(count, 2, key.fold(label).stream(), shift).normal;
      return rowsOf(count, (index) => [...values.subarray(4 * index, 4 * index + 4)]);
    };
    const change = (images: number[][]) =>
      termsOf(images.map(([a, b, c, d]) => [a! / 100, 7 * b!, c! - 6000, 100 * d!]));
    const [held, other] = [rows("held out", 60), rows("other", 20, 50)];
    const once = hierarchyScores(fitHierarchy(termsOf(held)), termsOf(other));
    closeTo(hierarchyScores(fitHierarchy(change(held)), change(other)), once, floatTolerance);
  });

  test("survives JSON, and is zero at the mean", () => {
    // So few images that the marginals are straight lines through mean and deviation.
    const terms = likelyTerms(30, 3, key.fold("json").stream());
    const fit = fitHierarchy(terms);
    const copy = JSON.parse(JSON.stringify(fit)) as typeof fit;
    expect(copy).toEqual(fit);
    expect(hierarchyScores(copy, terms)).toEqual(hierarchyScores(fit, terms));
    const normal = fitHierarchy({ normal: terms.normal, dimensions: 12 });
    const middle = normal.densities[0]!.marginals.map(({ quantiles }) => (quantiles[0]! + quantiles[1]!) / 2);
    expect(hierarchyScores(normal, termsOf([middle]))[0]).toBeLessThan(floatTolerance);
  });
});

test("the other members of the terms are no features", () => {
  const everything = likelyEverything(50, 2, key.fold("everything").stream());
  const { normal, general, dimensions } = everything;
  const fit = fitHierarchy({ normal, general: general!, dimensions });
  expect(fitHierarchy(everything)).toEqual(fit);
  expect(hierarchyScores(fit, everything)).toEqual(hierarchyScores(fit, { normal, general: general!, dimensions }));
});

describe("few and degenerate images", () => {
  test("fewer images than features: finite, and far images score higher", () => {
    const fit = fitHierarchy(likelyTerms(leastHierarchyImages, 3, key.fold("few").stream()));
    expect(fit.featureNames).toHaveLength(12);
    expect(fit.shrinkage).toBeGreaterThan(0);
    const near = hierarchyScores(fit, likelyTerms(200, 3, key.fold("near").stream()));
    const far = hierarchyScores(fit, likelyTerms(200, 3, key.fold("far").stream(), 400));
    expect([...near, ...far].every(Number.isFinite)).toBe(true);
    expect(auroc({ normal: near, anomalous: far })).toBeGreaterThan(0.9);
  });

  test("a few dozen images keep a small difference between two closely related models visible", () => {
    const fit = fitHierarchy(likelyTerms(40, 3, key.fold("dozens").stream()));
    const normal = hierarchyScores(fit, likelyTerms(500, 3, key.fold("dozens, normal").stream()));
    // 40 nats: 4 % of the log-det's own deviation, four deviations of the difference of the models.
    const anomalous = hierarchyScores(fit, likelyTerms(500, 3, key.fold("dozens, anomalous").stream(), 40));
    expect(auroc({ normal, anomalous })).toBeGreaterThan(0.9);
  });

  test("two thousand images keep a direction of small variance within one model visible", () => {
    // Both models' last log-det moves against its correlation of -0.999 with the prior term, by a seventh of its own deviation.
    // On simulated terms of this kind linear shrinkage (Ledoit and Wolf, 2004) came to an AUROC of 0.54, none at all to 0.83.
    const moved = likelyTerms(500, 3, key.fold("thousands, moved").stream());
    for (const { values } of [moved.normal, moved.general!]) {
      for (let image = 0; image < 500; image++) values[6 * image + 4]! += 130;
    }
    const fit = fitHierarchy(likelyTerms(2000, 3, key.fold("thousands").stream()));
    const normal = hierarchyScores(fit, likelyTerms(500, 3, key.fold("thousands, normal").stream()));
    expect(auroc({ normal, anomalous: hierarchyScores(fit, moved) })).toBeGreaterThan(0.78);
  });

  test("one scale is enough: a small difference between the models stays visible, and none is seen where there is none", () => {
    const fit = fitHierarchy(likelyTerms(200, 1, key.fold("one scale").stream()));
    expect(fit.featureNames).toHaveLength(4);
    const scores = (label: string, shift = 0): Float64Array =>
      hierarchyScores(fit, likelyTerms(1000, 1, key.fold(label).stream(), shift));
    const normal = scores("one scale, normal");
    // 40 nats: 4 % of the log-det's own deviation, four deviations of the difference of the models.
    expect(auroc({ normal, anomalous: scores("one scale, anomalous", 40) })).toBeGreaterThan(0.9);
    // Three standard errors of an AUROC of 0.5 from twice 1,000 images: 3 sqrt((2 * 1000 + 1) / (12 * 1000^2)).
    expect(Math.abs(auroc({ normal, anomalous: scores("one scale, more") }) - 0.5)).toBeLessThan(0.039);
  });

  test("a constant feature: no NaN, float32 rounding does not count, a real change does", () => {
    const stream = key.fold("constant").stream();
    const image = (constant: number): number[] => [constant, 100 * stream.normal()];
    const fit = fitHierarchy(termsOf(rowsOf(50, () => image(4321.1))));
    const [same, rounded, changed] = hierarchyScores(
      fit,
      termsOf([
        [4321.1, 0],
        [4321.1005, 0],
        [4322.1, 0],
      ]),
    );
    expect(rounded! - same!).toBeLessThan(0.01);
    expect(changed! - same!).toBeGreaterThan(100);
  });

  test("identical images: finite", () => {
    const fit = fitHierarchy(termsOf(rowsOf(20, () => [1000, -2000])));
    expect(
      [
        ...hierarchyScores(
          fit,
          termsOf([
            [1000, -2000],
            [1001, -2000],
          ]),
        ),
      ].every(Number.isFinite),
    ).toBe(true);
  });

  test("non-finite images are left out of the fit and score +Infinity", () => {
    const stream = key.fold("broken").stream();
    const rows = rowsOf(20, () => [stream.normal(), stream.normal()]);
    const fit = fitHierarchy(termsOf([...rows, [Number.NaN, 0], [0, Number.NEGATIVE_INFINITY]]));
    expect(fit).toEqual(fitHierarchy(termsOf(rows)));
    expect([
      ...hierarchyScores(
        fit,
        termsOf([
          [Number.NaN, 0],
          [0, Number.NEGATIVE_INFINITY],
        ]),
      ),
    ]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test("too few images are refused", () => {
    const rows = rowsOf(leastHierarchyImages - 1, (index) => [index, 0]);
    expect(() => fitHierarchy(termsOf([...rows, [Number.NaN, 0]]))).toThrow(RunError);
    expect(() => fitHierarchy(termsOf([...rows, [Number.NaN, 0]]))).toThrow(
      "expected at least 8 normal images with finite terms, got 7 of 8",
    );
  });

  test("a fit over other features is refused", () => {
    const terms = likelyTerms(20, 2, key.stream());
    const fit = fitHierarchy(terms);
    expect(() => hierarchyScores(fit, { normal: terms.normal, dimensions: 12 })).toThrow(ConfigError);
  });
});

test("finds what the likelihood calls more normal: two terms that go against each other", () => {
  // Normal images trade log-det for prior term; the anomalous ones have both a little higher, so a higher likelihood.
  const stream = key.fold("against").stream();
  const image = (shift: number): number[] => {
    const detail = 300 * stream.normal();
    return [3000 + detail + 15 * stream.normal() + shift, -2000 - detail + 15 * stream.normal() + shift];
  };
  const fit = fitHierarchy(termsOf(rowsOf(500, () => image(0))));
  const normal = termsOf(rowsOf(500, () => image(0)));
  const anomalous = termsOf(rowsOf(500, () => image(45)));
  const likelihood = (terms: typeof normal) => logLikelihoods(terms.normal).map((value) => -value);
  expect(auroc({ normal: likelihood(normal), anomalous: likelihood(anomalous) })).toBeLessThan(0.1);
  expect(auroc({ normal: hierarchyScores(fit, normal), anomalous: hierarchyScores(fit, anomalous) })).toBeGreaterThan(
    0.9,
  );
});

test("finds what lies beyond the sharp end of a skewed feature, where a Gaussian would not", () => {
  // The difference to a general model that hardly knows the normal images: exponential, with nothing below 5,000 nats.
  const stream = key.fold("skewed").stream();
  const exponential = (): number => 5000 - 10_000 * Math.log(1 - stream.uniform());
  const images = (count: number, value: () => number) => termsOf(rowsOf(count, () => [value(), 30 * stream.normal()]));
  const fit = fitHierarchy(images(500, exponential));
  const normal = hierarchyScores(fit, images(500, exponential));
  // 1.3 deviations from the mean of 15,000: half squared, 0.8, as a Gaussian has it for one normal image in five.
  const anomalous = hierarchyScores(
    fit,
    images(500, () => 2000 + 100 * stream.normal()),
  );
  expect(auroc({ normal, anomalous })).toBeGreaterThan(0.95);
});
