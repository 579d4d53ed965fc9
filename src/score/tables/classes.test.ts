/** Tests of class tables: posteriors, marginals, predictions, broken rows. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classesOf } from "../definitions/example-terms.ts";
import {
  classPosteriors,
  makeClassTable,
  marginalLogLikelihoods,
  negativeLogMaximumPosteriors,
  predictedClasses,
} from "./classes.ts";

/** Fixed, so that a failure can be repeated; fast-check prints it. */
const seed = 20_061_084;

/** Rows [1 to 6][1 to 5] of numbers; `extreme` ones may be infinite or NaN too. */
function rowsOf(number: fc.Arbitrary<number>): fc.Arbitrary<number[][]> {
  return fc
    .integer({ min: 1, max: 5 })
    .chain((classes) =>
      fc.array(fc.array(number, { minLength: classes, maxLength: classes }), { minLength: 1, maxLength: 6 }),
    );
}

const logits = fc.float({ min: -1e5, max: 1e5, noNaN: true });

function rowSums(values: Float64Array, width: number): number[] {
  return Array.from({ length: values.length / width }, (_, row) =>
    values.subarray(row * width, (row + 1) * width).reduce((sum, value) => sum + value, 0),
  );
}

describe("posteriors", () => {
  test("by hand", () => {
    const posteriors = classPosteriors(
      classesOf([
        [0, Math.log(3)],
        [5000, 5000],
      ]),
    );
    [0.25, 0.75, 0.5, 0.5].forEach((value, index) => {
      expect(posteriors[index]).toBeCloseTo(value, 7); // log 3 comes as float32
    });
  });

  test("sum to one for every image, whatever the values", () => {
    fc.assert(
      fc.property(rowsOf(fc.oneof(logits, fc.float())), (rows) => {
        const posteriors = classPosteriors(classesOf(rows));
        for (const sum of rowSums(posteriors, rows[0]!.length)) expect(Math.abs(sum - 1)).toBeLessThan(1e-15 * 8);
        for (const value of posteriors) expect(value).toBeGreaterThanOrEqual(0);
      }),
      { seed },
    );
  });

  test("are those of Bayes' rule with the marginal", () => {
    fc.assert(
      fc.property(rowsOf(fc.float({ min: -50, max: 50, noNaN: true })), (rows) => {
        const table = classesOf(rows);
        const width = rows[0]!.length;
        const marginals = marginalLogLikelihoods(table);
        classPosteriors(table).forEach((value, index) => {
          const expected = Math.exp(table.values[index]! - marginals[Math.floor(index / width)]!) / width;
          expect(value).toBeCloseTo(expected, 10);
        });
      }),
      { seed },
    );
  });
});

describe("the marginal", () => {
  test("is the mean density, also where exponentials overflow and underflow", () => {
    const [near, far, low] = marginalLogLikelihoods(
      classesOf([
        [Math.fround(Math.log(2)), Math.fround(Math.log(4))],
        [90_000, 90_000],
        [-90_000, -90_020],
      ]),
    );
    expect(near).toBeCloseTo(Math.log(3), 6);
    expect(far).toBe(90_000);
    expect(low).toBeCloseTo(-90_000 + Math.log1p(Math.exp(-20)) - Math.LN2, 8);
  });

  test("lies between the best class's share of the prior and the best class", () => {
    fc.assert(
      fc.property(rowsOf(logits), (rows) => {
        const table = classesOf(rows);
        const width = rows[0]!.length;
        marginalLogLikelihoods(table).forEach((value, image) => {
          const most = Math.max(...table.values.subarray(image * width, (image + 1) * width));
          expect(value).toBeLessThanOrEqual(most + 1e-9);
          expect(value).toBeGreaterThanOrEqual(most - Math.log(width) - 1e-9);
        });
      }),
      { seed },
    );
  });
});

test("the maximum softmax probability is that of the predicted class", () => {
  fc.assert(
    fc.property(rowsOf(logits), (rows) => {
      const table = classesOf(rows);
      const width = rows[0]!.length;
      const posteriors = classPosteriors(table);
      const predicted = predictedClasses(table);
      negativeLogMaximumPosteriors(table).forEach((value, image) => {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(Math.exp(-value)).toBeCloseTo(posteriors[image * width + predicted[image]!]!, 12);
      });
    }),
    { seed },
  );
});

test("the maximum softmax probability keeps images apart whose probability rounds to one", () => {
  const [sure, surer] = negativeLogMaximumPosteriors(
    classesOf([
      [100, 40],
      [100, 30],
    ]),
  );
  expect(sure! / Math.exp(-60)).toBeCloseTo(1, 12);
  expect(surer! / Math.exp(-70)).toBeCloseTo(1, 12);
});

describe("predictions", () => {
  test("are the first of the most probable classes", () => {
    const table = classesOf([
      [1, 2, 0],
      [3, 3, 3],
      [Number.NEGATIVE_INFINITY, -5, -6],
    ]);
    expect([...predictedClasses(table)]).toEqual([1, 0, 1]);
  });

  test("of an image that the model could not evaluate are none, and its posteriors the prior", () => {
    const infinity = Number.POSITIVE_INFINITY;
    const table = classesOf([
      [Number.NaN, 0],
      [infinity, 0],
      [-infinity, -infinity],
    ]);
    expect([...predictedClasses(table)]).toEqual([-1, -1, -1]);
    expect([...classPosteriors(table)]).toEqual(new Array<number>(6).fill(0.5));
    expect([...marginalLogLikelihoods(table)].some(Number.isFinite)).toBe(false);
  });
});

test("a table of another length or of no classes is refused", () => {
  expect(() => makeClassTable(2, ["a", "b"], new Float32Array(3))).toThrow("internal: ");
  expect(() => makeClassTable(0, [], new Float32Array(0))).toThrow("internal: ");
});
