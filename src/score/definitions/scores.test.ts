/** Tests of the scores: every record's value by hand, orientation, non-finite numbers, refusals. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, randomKey } from "../../base/index.ts";
import { type ScoreSource, scoreSources } from "../tables/sources.ts";
import { bitsPerDimension, logLikelihoods } from "../tables/term-table.ts";
import type { ModelTerms } from "../tables/terms.ts";
import { classesOf, likelyEverything, likelyTerms, tableOf, termsOf } from "./example-terms.ts";
import type { ScoreFit } from "./fits.ts";
import { fitHierarchy } from "./hierarchy.ts";
import { computableScoreNames, computeScore, defaultScoreName, scoreDefinitions, scoreNames } from "./scores.ts";

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

const everySource = scoreSources;

const fitOf = (terms: ModelTerms): ScoreFit => ({ kind: "hierarchy", ...fitHierarchy(terms) });

test("names", () => {
  const learned = ["typicality", "typicality-scales", "density-of-states"];
  expect(scoreNames(2, [])).toEqual([
    "joined",
    "hierarchy",
    "likelihood",
    "final-scale",
    "scale-0",
    "scale-1",
    ...learned,
  ]);
  expect(scoreNames(2, ["general"])).toEqual([
    "joined",
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
    ...learned,
  ]);
  const more = (...sources: ScoreSource[]) =>
    scoreNames(1, sources).filter((name) => !scoreNames(1, []).includes(name));
  expect(more("local")).toEqual(["ratio-local"]);
  expect(more("coders")).toEqual(["ratio-png", "ratio-webp", "png", "webp", "complexity"]);
  expect(more("classes")).toEqual(["class-likelihood"]);
  expect(more("classifier")).toEqual(["msp"]);
  expect(scoreNames(1, new Set(["classes", "general"] as const))).toContain("class-ratio");
});

test("every record has its own name and a description of one line", () => {
  const definitions = scoreDefinitions(3, everySource);
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
    const normalFit = fitOf({ normal: terms.normal, dimensions: 12 });
    const fits = { fits: { hierarchy: fitOf(terms), "hierarchy-normal": normalFit } };
    const normal = computeScore("hierarchy-normal", terms, fits).values;
    expect(computeScore("hierarchy", terms, fits).values).not.toEqual(normal);
    const single = { normal: terms.normal, dimensions: 12 };
    expect(computeScore("hierarchy", single, { fits: { hierarchy: normalFit } }).values).toEqual(normal);
  });
});

describe("values of other sources, in nats", () => {
  // log p = 10 and 12 nats, 12 dimensions.
  const terms: ModelTerms = {
    ...both,
    local: tableOf([
      [1, 1],
      [20, -1],
    ]),
    coders: { png: Float64Array.of(800, 816), webp: Float64Array.of(80, 0) },
    classes: classesOf([
      [10, 10],
      [Math.log(3), Math.log(5)],
    ]),
    classifier: classesOf([
      [0, 0],
      [0, Math.log(3)],
    ]),
  };
  const cells = 12 * Math.log(256);

  test.each([
    ["ratio-local", [2 - 10, 19 - 12]],
    ["png", [800 * Math.LN2, 816 * Math.LN2]],
    ["webp", [80 * Math.LN2, 0]],
    ["ratio-png", [cells - 10 - 800 * Math.LN2, cells - 12 - 816 * Math.LN2]],
    ["ratio-webp", [cells - 10 - 80 * Math.LN2, cells - 12]],
    ["class-likelihood", [-10, -Math.log(4)]],
    ["class-ratio", [4 - 10, 100 - Math.log(4)]],
    ["msp", [Math.log(2), -Math.log(0.75)]],
  ])("%s", (name, expected) => {
    const { values, nonFinite } = computeScore(name, terms);
    // log 3 and log 5 come as float32.
    values.forEach((value, image) => {
      expect(value).toBeCloseTo(expected[image]!, 5);
    });
    expect(nonFinite).toBe(0);
  });

  test("the ratio to a coder is the difference of the two code lengths", () => {
    const bits = logLikelihoods(terms.normal).map((value) => 12 * bitsPerDimension(value, 12));
    computeScore("ratio-png", terms).values.forEach((value, image) => {
      expect(value / Math.LN2).toBeCloseTo(bits[image]! - terms.coders!.png[image]!, 9);
    });
  });
});

describe("a ratio is exactly zero for every image where both tables are the same", () => {
  const rows = fc.integer({ min: 1, max: 3 }).chain((scales) => {
    const row = fc.array(fc.float({ noNaN: true, min: -1e5, max: 1e5 }), {
      minLength: 2 * scales,
      maxLength: 2 * scales,
    });
    return fc.array(row, { minLength: 1, maxLength: 8 });
  });

  test("general and local", () => {
    fc.assert(
      fc.property(rows, (values) => {
        const table = tableOf(values);
        const terms = { ...termsOf(values, values), local: table };
        const ratios = scoreNames(table.scales, ["general", "local"]).filter((name) => name.startsWith("ratio"));
        expect(ratios).toContain("ratio-local");
        for (const name of ratios)
          expect(computeScore(name, terms).values, name).toEqual(new Float64Array(table.count));
      }),
      { seed: 20_061_084 },
    );
  });

  test("a class-conditional model whose classes are the general model", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -10_000, max: 10_000 }), { minLength: 1, maxLength: 8 }), (values) => {
        const table = values.map((value) => [value, 0]);
        const classes = classesOf(values.map((value) => [value]));
        const terms = { ...termsOf(table, table), classes };
        expect(computeScore("class-ratio", terms).values).toEqual(new Float64Array(values.length));
      }),
      { seed: 20_061_084 },
    );
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

describe("non-finite numbers of other sources are the most anomalous", () => {
  const infinity = Number.POSITIVE_INFINITY;
  const broken = [
    [1, 2],
    [Number.NaN, 0],
    [infinity, 0],
    [-infinity, -infinity],
  ];
  const finite = broken.map(() => [0, 0]);
  const terms: ModelTerms = {
    ...termsOf(finite, finite),
    local: tableOf(broken),
    classes: classesOf(broken),
    classifier: classesOf(broken),
  };

  test.each(["ratio-local", "class-likelihood", "class-ratio", "msp"])("%s", (name) => {
    const { values, nonFinite } = computeScore(name, terms);
    expect(Number.isFinite(values[0])).toBe(true);
    expect([...values.slice(1)]).toEqual([infinity, infinity, infinity]);
    expect(nonFinite).toBe(3);
  });

  test("ratio-png where the model's log-likelihood is not finite", () => {
    const coders = { png: new Float64Array(4), webp: new Float64Array(4) };
    expect([...computeScore("ratio-png", { ...termsOf(broken), coders }).values.slice(1)]).toEqual([
      infinity,
      infinity,
      infinity,
    ]);
    expect(computeScore("png", { ...termsOf(broken), coders }).nonFinite).toBe(0);
  });

  test("one class of density zero is no broken image", () => {
    const classes = classesOf([[-infinity, 7]]);
    const { values } = computeScore("class-likelihood", { ...termsOf([[0, 0]]), classes });
    expect(values[0]).toBeCloseTo(Math.log(2) - 7, 12);
  });
});

describe("what can be computed", () => {
  test("is every score whose sources and fit are there", () => {
    const terms = likelyEverything(20, 2, randomKey("computable").stream());
    const names = computableScoreNames(terms);
    const fixed = scoreDefinitions(2, everySource).filter(({ fit }) => fit === undefined);
    expect(names).toEqual(fixed.map(({ name }) => name));
    for (const name of names) expect(computeScore(name, terms).values).toHaveLength(20);
    const { general: _, ...without } = terms;
    expect(computableScoreNames(without, { fits: { hierarchy: fitOf(without) } })).toEqual(
      scoreDefinitions(2, ["local", "coders", "classes", "classifier", "faults", "cells", "encoder", "encoder-other"])
        .filter(({ name, fit }) => fit === undefined || name === "hierarchy")
        .map(({ name }) => name)
        .concat("gradient-norm", "waic"),
    );
  });
});

describe("refusals", () => {
  test("an unknown name lists the names and the nearest", () => {
    expect(() => computeScore("hierachy", both)).toThrow(ConfigError);
    expect(() => computeScore("hierachy", alone)).toThrow(
      "score: expected one of joined, hierarchy, likelihood, final-scale, scale-0, scale-1, typicality, typicality-scales, density-of-states, got 'hierachy'; did you mean 'hierarchy'?",
    );
  });

  test("a scale that is not there", () => expect(() => computeScore("scale-2", both)).toThrow("expected one of"));

  test("a ratio without a general model", () => {
    expect(() => computeScore("ratio", alone)).toThrow(
      "score ratio: expected a detector with a general model, got one without",
    );
  });

  test.each([
    ["ratio-local", "expected a detector with a local model, got one without; train with local or choose one of "],
    ["class-likelihood", "with a class-conditional model, got one without; train with classes or"],
    ["msp", "expected a detector with a classifier, got one without; train with classifier or"],
    [
      "class-ratio",
      "expected a detector with a class-conditional model and a general model, got one without; train with classes and general or",
    ],
    ["ratio-png", "expected the coded sizes of its images, got none; measure them or choose one of "],
    ["webp", "expected the coded sizes"],
  ])("%s without what it needs", (name, message) => {
    expect(() => computeScore(name, alone)).toThrow(ConfigError);
    expect(() => computeScore(name, alone)).toThrow(`score ${name}: `);
    expect(() => computeScore(name, alone)).toThrow(message);
  });

  test("only what is missing is named", () => {
    const message = "expected a detector with a class-conditional model, got one without; train with classes or";
    expect(() => computeScore("class-ratio", both)).toThrow(message);
  });

  test("a hierarchy without calibration", () => {
    expect(() => computeScore("hierarchy", both)).toThrow(ConfigError);
    expect(() => computeScore("hierarchy", both)).toThrow("choose another score such as ratio");
  });
});

test("the default is the hierarchy once calibrated", () => {
  expect(defaultScoreName([])).toBe("final-scale");
  expect(defaultScoreName(["general"], { fits: {} })).toBe("ratio");
  const hierarchy = fitOf(likelyTerms(20, 1, randomKey("default").stream()));
  expect(defaultScoreName(["general"], { fits: { hierarchy } })).toBe("hierarchy");
});

test("the default with classes is their ratio or likelihood", () => {
  const hierarchy = fitOf(likelyTerms(20, 1, randomKey("default").stream()));
  expect(defaultScoreName(["classes"], { fits: { hierarchy } })).toBe("class-likelihood");
  expect(defaultScoreName(["classes", "general"])).toBe("class-ratio");
  expect(defaultScoreName(["local", "coders", "classifier"])).toBe("final-scale");
});
