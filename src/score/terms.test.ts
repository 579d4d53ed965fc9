/** Tests of term tables: sums, bits per dimension, selecting and joining. */
import { describe, expect, test } from "vitest";
import { ConfigError } from "../base/index.ts";
import { tableOf, termsOf } from "./example-terms.ts";
import {
  bitsPerDimension,
  checkModelTerms,
  joinTermTables,
  logLikelihoods,
  makeTermTable,
  scaleSums,
  selectTerms,
} from "./terms.ts";

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
