/** The penalty of outliers: its value, its slope, and what keeps outliers from running away. */
import { describe, expect, test } from "vitest";
import { gradients, input, makeGraph, reduceSum, type Value } from "../graph/index.ts";
import { compileGraph } from "../runtime/index.ts";
import { outlierPenalty } from "./outlier-penalty.ts";

/** Value and slope of the penalty at some differences. */
async function penaltyAt(differences: readonly number[]) {
  const graph = makeGraph();
  const difference = input(graph, "difference", [differences.length]);
  const penalty: Value = outlierPenalty(difference, { weight: 6, temperature: 10 });
  const program = await compileGraph(
    { penalty, slope: gradients(reduceSum(penalty), [difference])[0]! },
    { threads: 1 },
  );
  const results = await program.run({
    difference: { data: Float32Array.from(differences), shape: [differences.length] },
  });
  await program.dispose();
  return { penalty: Array.from(results.penalty!.data), slope: Array.from(results.slope!.data) };
}

describe("the penalty of an outlier", () => {
  test("is the paper's from five temperatures below the general model upwards", async () => {
    const differences = [-50, -40, -10, 0, 10, 300];
    const { penalty, slope } = await penaltyAt(differences);
    expect(penalty).toBeAllclose(
      differences.map((difference) => 6 * Math.log1p(Math.exp(difference / 10))),
      { relative: 1e-5, absolute: 1e-5 },
    );
    expect(slope).toBeAllclose(
      differences.map((difference) => 0.6 / (1 + Math.exp(-difference / 10))),
      { relative: 1e-5, absolute: 1e-6 },
    );
  });

  test("further down pushes back, and ever more softly, however far away an outlier is", async () => {
    const { penalty, slope } = await penaltyAt([-60, -1e3, -1e6, -1e30]);
    for (const value of [...penalty, ...slope]) expect(Number.isFinite(value)).toBe(true);
    for (const value of slope) expect(value).toBeLessThan(0);
    // The slope times the distance stays bounded: an outlier's gradient grows with the distance, so its pull does not.
    expect(Math.abs(slope[2]! * 1e6)).toBeLessThan(10);
    expect(Math.abs(slope[3]! * 1e30)).toBeLessThan(10);
  });
});
