/** Solutions without a matrix are those of the matrix. */
import { expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { choleskyFactor, solveCholesky } from "./covariance.ts";
import { solveRidged } from "./ridge-solution.ts";

test("the solution is that of the weighted mean of outer products with the ridge", () => {
  const stream = randomKey("rows").stream();
  const rows = Array.from({ length: 5 }, () => Float64Array.from({ length: 8 }, () => stream.normal()));
  const target = Float64Array.from({ length: 8 }, () => stream.normal());
  for (const weights of [undefined, [1, 0, 2, 0.5, 3]]) {
    const total = weights ? 6.5 : 5;
    const matrix = Array.from({ length: 8 }, (_, i) =>
      Array.from({ length: 8 }, (_, j) =>
        rows.reduce((sum, row, at) => sum + ((weights?.[at] ?? 1) / total) * row[i]! * row[j]!, i === j ? 0.3 : 0),
      ),
    );
    const known = solveCholesky(choleskyFactor(matrix), target);
    const solution = solveRidged({ rows, ...(weights && { weights }) }, 0.3, target);
    for (const [k, value] of known.entries()) expect(solution[k]!).toBeCloseTo(value, 4);
  }
});
