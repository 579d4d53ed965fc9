/** Tests of term tables: sums, bits per dimension, selecting and joining. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, randomKey } from "../../base/index.ts";
import { classesOf, likelyEverything, tableOf, termsOf } from "../definitions/example-terms.ts";
import { scoreSources } from "./sources.ts";
import { bitsPerDimension, joinTermTables, logLikelihoods, makeTermTable, scaleSums } from "./term-table.ts";
import { checkModelTerms, joinModelTerms, type ModelTerms, selectTerms, storedTerms } from "./terms.ts";

const table = tableOf([
  [1, 2, 3, 4],
  [-5, 0.5, 10, 20],
]);

describe("sums", () => {
  test("of scales", () => expect([...scaleSums(table)]).toEqual([3, 7, -4.5, 30]));

  test("of images", () => expect([...logLikelihoods(table)]).toEqual([10, 25.5]));

  test("are added in float64: float32 would lose the small term", () => {
    expect([...logLikelihoods(tableOf([[2 ** 24, 1]]))]).toEqual([2 ** 24 + 1]);
  });

  test("stay non-finite", () => {
    expect([
      ...logLikelihoods(
        tableOf([
          [0, Number.NEGATIVE_INFINITY],
          [Number.NaN, 1],
        ]),
      ),
    ]).toEqual([Number.NEGATIVE_INFINITY, Number.NaN]);
  });
});

test.each([
  [0, 8],
  [12 * Math.LN2, 7],
  [-12 * Math.LN2, 9],
])("log-likelihood %d of 12 numbers is %d bits per dimension", (logLikelihood, bits) => {
  expect(bitsPerDimension(logLikelihood, 12)).toBe(bits);
});

test("selecting keeps the order of the indices and both models", () => {
  const terms = termsOf(
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    [
      [10, 20],
      [30, 40],
      [50, 60],
    ],
  );
  expect(selectTerms(terms, [2, 0])).toEqual(
    termsOf(
      [
        [5, 6],
        [1, 2],
      ],
      [
        [50, 60],
        [10, 20],
      ],
    ),
  );
  expect(selectTerms(termsOf([[1, 2]]), [0])).toEqual(termsOf([[1, 2]]));
});

describe("joining", () => {
  test("is one table after the other", () => {
    expect(
      joinTermTables([
        tableOf([[1, 2]]),
        tableOf([
          [3, 4],
          [5, 6],
        ]),
      ]),
    ).toEqual(
      tableOf([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    );
  });

  test.each([[[]], [[tableOf([[1, 2]]), table]]])("of none or of unequal scales is refused", (tables) => {
    expect(() => joinTermTables(tables)).toThrow("internal: ");
  });
});

describe("every member", () => {
  const everything = likelyEverything(9, 2, randomKey("members").stream());
  const members = ["normal", ...scoreSources] as const;

  test("is selected for the same images", () => {
    const selected = selectTerms(everything, [8, 0, 8]);
    expect(Object.keys(selected)).toEqual([...members, "dimensions"]);
    expect(selected.local!.scales).toBe(1);
    expect([...selected.local!.values]).toEqual([16, 17, 0, 1, 16, 17].map((index) => everything.local!.values[index]));
    expect([...selected.coders!.png]).toEqual([8, 0, 8].map((index) => everything.coders!.png[index]));
    expect([...selected.coders!.webp]).toEqual([8, 0, 8].map((index) => everything.coders!.webp[index]));
    expect([...selected.classes!.values.subarray(0, 3)]).toEqual([...everything.classes!.values.subarray(24)]);
    expect([...selected.classifier!.values.subarray(3, 6)]).toEqual([...everything.classifier!.values.subarray(0, 3)]);
    expect(selected.classes!.names).toEqual(["c0", "c1", "c2"]);
  });

  test("joined from batches is what it was before it was cut", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }), (sizes) => {
        const count = sizes.reduce((sum, size) => sum + size, 0);
        const whole = likelyEverything(count, 2, randomKey("batches").stream());
        let first = 0;
        const batches = sizes.map((size) => {
          const batch = selectTerms(
            whole,
            Array.from({ length: size }, (_, index) => first + index),
          );
          first += size;
          return batch;
        });
        expect(joinModelTerms(batches)).toEqual(whole);
      }),
      { seed: 20_061_084, numRuns: 30 },
    );
  });

  test("is not invented by joining, and not lost", () => {
    const alone = termsOf([[1, 2]]);
    expect(Object.keys(joinModelTerms([alone, alone]))).toEqual(["normal", "dimensions"]);
    const mixed = [selectTerms(everything, [0]), { normal: selectTerms(everything, [1]).normal, dimensions: 12 }];
    expect(() => joinModelTerms(mixed)).toThrow("internal: ");
    expect(() => joinModelTerms([])).toThrow("internal: ");
  });

  test("speaks of the same images", () => {
    expect(() => checkModelTerms(everything)).not.toThrow();
    const fewer = selectTerms(everything, [0, 1]);
    for (const member of members.slice(1)) {
      const terms: ModelTerms = { ...everything, [member]: fewer[member] };
      expect(() => checkModelTerms(terms), member).toThrow("internal: normal terms of 9 images, ");
    }
  });

  test("but what comes from the images themselves or on demand is what a detector has to reproduce", () => {
    const stored = storedTerms(everything);
    expect(Object.keys(stored)).toEqual(["normal", "general", "local", "classes", "classifier"]);
    expect(Object.values(stored).map(({ shape }) => shape)).toEqual([
      [9, 2, 2],
      [9, 2, 2],
      [9, 1, 2],
      [9, 3],
      [9, 3],
    ]);
    expect(stored.classes!.data).toBe(everything.classes.values);
  });

  test("of other classes is not joined", () => {
    const terms = termsOf([[1, 2]]);
    const batches = [
      { ...terms, classes: classesOf([[1, 2]]) },
      { ...terms, classes: classesOf([[1, 2, 3]]) },
    ];
    expect(() => joinModelTerms(batches)).toThrow("all with the same classes");
  });
});

describe("what does not fit", () => {
  test("values of another length", () => expect(() => makeTermTable(2, 3, new Float32Array(11))).toThrow("internal: "));

  test("models with other scales", () => {
    const terms = termsOf([[1, 2]], [[1, 2, 3, 4]]);
    expect(() => checkModelTerms(terms)).toThrow(ConfigError);
    expect(() => checkModelTerms(terms)).toThrow(
      "general model: expected 1 scales like the normal model, got 2; train both",
    );
  });

  test("models with other images", () => {
    expect(() =>
      checkModelTerms(
        termsOf(
          [[1, 2]],
          [
            [1, 2],
            [3, 4],
          ],
        ),
      ),
    ).toThrow("internal: ");
  });
});
