/** Tests of the shrunk correlation matrix, its eigenvalues and the Cholesky factor. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { choleskyFactor, columnMoments, inverseQuadraticForm, shrunkCorrelation } from "./covariance.ts";
import { symmetricEigenpairs } from "./eigenvalues.ts";

/** Decimal places of float64 sums over a handful of numbers of size 1. */
const digits = 12;

function standardise(rows: readonly Float64Array[], features: number): Float64Array[] {
  const { mean, deviation } = columnMoments(rows, features);
  return rows.map((row) => row.map((value, j) => (deviation[j] === 0 ? 0 : (value - mean[j]!) / deviation[j]!)));
}

const rows = [
  [1, 2, 0.5],
  [2, 1, 3],
  [3, 5, 1],
  [4, 3, 2],
  [6, 4, 7],
  [5, 7, 2.5],
].map((row) => Float64Array.from(row));

/** The lower triangle of a matrix in one list. */
function lower(matrix: number[][]): number[] {
  return matrix.flatMap((row, i) => row.slice(0, i + 1));
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index]!, digits);
  });
}

describe("shrunk correlation", () => {
  // Expected values: the same formulas in NumPy, eigenvalues by LAPACK.
  test("with more images than features", () => {
    const expected = [
      0.7642044256877107, 0.42433409027684943, 1.1668642989016296, 0.49816092555798824, -0.30140770044837684,
      1.06893127541066,
    ];
    expectClose(lower(shrunkCorrelation(standardise(rows, 3), 3).matrix), expected);
  });

  test("with fewer images than features", () => {
    const expected = [
      0.9885292336180069, -0.6390382332754577, 1.2220412635439468, -0.4946212833609218, 0.5352844416316396,
      0.7894295028390461,
    ];
    expectClose(lower(shrunkCorrelation(standardise(rows.slice(0, 3), 3), 3).matrix), expected);
  });

  test("many images keep a correlation of 0.999 and hardly shrink", () => {
    const stream = randomKey("correlation").stream();
    const many = Array.from({ length: 2000 }, () => {
      const shared = stream.normal();
      return Float64Array.from([shared, shared + 0.045 * stream.normal(), stream.normal(), stream.normal()]);
    });
    const { matrix, shrinkage } = shrunkCorrelation(standardise(many, 4), 4);
    // The true value is 1 / sqrt(1 + 0.045^2) = 0.99899. What counts is the small eigenvalue 1 - r, here to within a fifth.
    expect(1 - matrix[0]![1]! / Math.sqrt(matrix[0]![0]! * matrix[1]![1]!)).toBeGreaterThan(0.0008);
    expect(1 - matrix[0]![1]! / Math.sqrt(matrix[0]![0]! * matrix[1]![1]!)).toBeLessThan(0.0012);
    expect(shrinkage).toBeLessThan(0.01);
  });

  test("a constant feature changes nothing for the others and is uncorrelated", () => {
    const widened = rows.map((row) => Float64Array.from([...row, 42]));
    const { matrix } = shrunkCorrelation(standardise(widened, 4), 4);
    expect(matrix[3]).toEqual([0, 0, 0, 1]);
    expectClose(lower(matrix.slice(0, 3)), lower(shrunkCorrelation(standardise(rows, 3), 3).matrix));
  });

  test("constant features alone are the identity", () => {
    const flat = [new Float64Array(2), new Float64Array(2)];
    expect(shrunkCorrelation(flat, 2)).toEqual({
      matrix: [
        [1, 0],
        [0, 1],
      ],
      shrinkage: 0,
    });
  });

  test.each([2, 8])("%d copies of two images, or identical features, give a positive definite matrix", (copies) => {
    const two = [Float64Array.from([1, 1, -1]), Float64Array.from([-1, -1, 1])];
    const { matrix } = shrunkCorrelation(Array.from({ length: copies / 2 }, () => two).flat(), 3);
    for (const [i, row] of choleskyFactor(matrix).entries()) expect(row[i]).toBeGreaterThan(0);
  });
});

describe("eigenpairs", () => {
  test("of a small matrix, smallest first", () => {
    const pairs = symmetricEigenpairs([
      [2, 1],
      [1, 2],
    ]);
    expectClose(
      pairs.map(({ value }) => value),
      [1, 3],
    );
    expectClose(
      pairs.map(({ vector }) => Math.abs(vector[0]!)),
      [Math.SQRT1_2, Math.SQRT1_2],
    );
  });

  test("rebuild a matrix and are orthonormal", () => {
    const stream = randomKey("eigenpairs").stream();
    const size = 12;
    const half = Array.from({ length: size }, () => Array.from({ length: size }, () => stream.normal()));
    const matrix = half.map((row, i) => row.map((value, j) => value + half[j]![i]!));
    const pairs = symmetricEigenpairs(matrix);
    const rebuilt = matrix.map((row, i) =>
      row.map((_, j) => pairs.reduce((sum, { value, vector }) => sum + value * vector[i]! * vector[j]!, 0)),
    );
    expectClose(rebuilt.flat(), matrix.flat());
    const products = pairs.flatMap((a) => pairs.map((b) => a.vector.reduce((sum, v, k) => sum + v * b.vector[k]!, 0)));
    expectClose(
      products,
      matrix.flatMap((row, i) => row.map((_, j) => (i === j ? 1 : 0))),
    );
  });

  test("refuse what is not finite", () => {
    expect(() =>
      symmetricEigenpairs([
        [Number.NaN, 1],
        [1, 1],
      ]),
    ).toThrow("internal: ");
  });
});

describe("Cholesky factor", () => {
  // L = [[2], [6, 1], [-8, 5, 3]], the textbook example.
  const matrix = [
    [4, 12, -16],
    [12, 37, -43],
    [-16, -43, 98],
  ];

  test("is the lower triangle", () => expect(choleskyFactor(matrix)).toEqual([[2], [6, 1], [-8, 5, 3]]));

  test("solves a quadratic form", () => {
    // v = M (1, 2, 3)', so v' M^-1 v = (1, 2, 3) M (1, 2, 3)'.
    const vector = matrix.map((row) => row[0]! + 2 * row[1]! + 3 * row[2]!);
    const expected = vector[0]! + 2 * vector[1]! + 3 * vector[2]!;
    expect(inverseQuadraticForm(choleskyFactor(matrix), vector)).toBeCloseTo(expected, digits);
  });

  test.each([
    [[[0]]],
    [
      [
        [1, 2],
        [2, 1],
      ],
    ],
    [[[Number.NaN]]],
  ])("refuses %j", (indefinite) => {
    expect(() => choleskyFactor(indefinite)).toThrow("internal: matrix is not positive definite");
  });
});
