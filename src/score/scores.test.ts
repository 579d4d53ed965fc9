/** Tests of the scores: every record's value by hand, orientation, non-finite numbers, refusals. */
import { describe, expect, test } from "vitest";
import { ConfigError, randomKey } from "../base/index.ts";
import { likelyTerms, termsOf } from "./example-terms.ts";
import { fitHierarchy } from "./hierarchy.ts";
import { computeScore, defaultScoreName, scoreDefinitions, scoreNames } from "./scores.ts";

const both = termsOf(
  [
    [1, 2, 3, 4],
    [5, 6, -7, 8],
  ],
  [
    [0, 1, 2, 1],
    [10, 20, 30, 40],
  ],
);
const alone = termsOf([
  [1, 2, 3, 4],
  [5, 6, -7, 8],
]);

test("names", () => {
  expect(scoreNames(2, false)).toEqual(["hierarchy", "likelihood", "final-scale", "scale-0", "scale-1"]);
  expect(scoreNames(2, true)).toEqual([
    "hierarchy",
    "hierarchy-normal",
    "likelihood",
    "final-scale",
    "ratio",
    "ratio-final",
    "scale-0",
    "scale-1",
    "ratio-scale-0",
    "ratio-scale-1",
  ]);
});

test("every record has its own name and a description of one line", () => {
  const definitions = scoreDefinitions(3, true);
  expect(new Set(definitions.map(({ name }) => name)).size).toBe(definitions.length);
  for (const { description } of definitions) expect(description).toMatch(/^[a-z][^\n]{10,100}[^.\n]$/);
});

describe("values, in nats and higher for less likely", () => {
  test.each([
    ["likelihood", [-10, -12]],
    ["scale-0", [-3, -11]],
    ["scale-1", [-7, -1]],
    ["final-scale", [-7, -1]],
    ["ratio", [-6, 88]],
    ["ratio-scale-0", [-2, 19]],
    ["ratio-scale-1", [-4, 69]],
    ["ratio-final", [-4, 69]],
  ])("%s", (name, values) => {
    expect(computeScore(name, both)).toEqual({ name, unit: "nats", values: Float64Array.from(values), nonFinite: 0 });
    if (!name.startsWith("ratio")) expect([...computeScore(name, alone).values]).toEqual(values);
  });

  test("hierarchy scores need their fit and use both models or one", () => {
    const terms = likelyTerms(30, 2, randomKey("scores").stream());
    const normalFit = fitHierarchy({ normal: terms.normal, dimensions: 12 });
    const fits = { hierarchy: { hierarchy: fitHierarchy(terms), "hierarchy-normal": normalFit } };
    const normal = computeScore("hierarchy-normal", terms, fits).values;
    expect(computeScore("hierarchy", terms, fits).values).not.toEqual(normal);
    const single = { normal: terms.normal, dimensions: 12 };
    expect(computeScore("hierarchy", single, { hierarchy: { hierarchy: normalFit } }).values).toEqual(normal);
  });
});

describe("non-finite log-likelihoods are the most anomalous", () => {
  const values = [
    [1, 2, 3, 4],
    [Number.NaN, 0, 0, 0],
    [0, Number.NEGATIVE_INFINITY, 0, 0],
    [Number.POSITIVE_INFINITY, 0, 0, 0],
  ];
  const finite = values.map(() => [0, 0, 0, 0]);
  const infinity = Number.POSITIVE_INFINITY;

  test.each([
    ["likelihood", values, finite],
    ["scale-0", values, finite],
    ["ratio", values, finite],
    ["ratio", finite, values],
    ["ratio", values, values],
    ["ratio-scale-0", values, values],
  ])("%s", (name, normal, general) => {
    const column = computeScore(name, termsOf(normal, general));
    expect([...column.values.slice(1)]).toEqual([infinity, infinity, infinity]);
    expect(Number.isFinite(column.values[0])).toBe(true);
    expect(column.nonFinite).toBe(3);
  });

  test("a scale that is finite keeps its score", () => {
    expect(computeScore("final-scale", termsOf(values)).nonFinite).toBe(0);
  });
});

describe("refusals", () => {
  test("an unknown name lists the names and the nearest", () => {
    expect(() => computeScore("hierachy", both)).toThrow(ConfigError);
    expect(() => computeScore("hierachy", alone)).toThrow(
      'score: expected one of hierarchy, likelihood, final-scale, scale-0, scale-1, got "hierachy"; did you mean hierarchy?',
    );
  });

  test("a scale that is not there", () => expect(() => computeScore("scale-2", both)).toThrow("expected one of"));

  test("a ratio without a general model", () => {
    expect(() => computeScore("ratio", alone)).toThrow(
      "score ratio: expected a detector with a general model, got one without",
    );
  });

  test("a hierarchy without calibration", () => {
    expect(() => computeScore("hierarchy", both)).toThrow(ConfigError);
    expect(() => computeScore("hierarchy", both)).toThrow("choose another score such as ratio");
  });
});

test("the default is the hierarchy once calibrated", () => {
  expect(defaultScoreName(false)).toBe("final-scale");
  expect(defaultScoreName(true, { hierarchy: {} })).toBe("ratio");
  const hierarchy = fitHierarchy(likelyTerms(20, 1, randomKey("default").stream()));
  expect(defaultScoreName(true, { hierarchy: { hierarchy } })).toBe("hierarchy");
});
