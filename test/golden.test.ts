/** Glow against an independent float64 implementation: every per-scale term and the norm of every parameter's gradient. */
import { describe, expect, test } from "vitest";
import { parameterData } from "../src/nn/index.ts";
import { evaluateGolden, goldenName, goldenNames } from "./reference/golden.ts";

describe.each(goldenNames)("%s", (name) => {
  const evaluated = evaluateGolden(name, { threads: 1 });

  test("per-scale terms agree within 1e-5 relative + 1e-3 nats", async () => {
    const { golden, result } = await evaluated;
    for (const [image, terms] of golden.expected.terms.entries()) {
      for (const [scale, expected] of terms.entries()) {
        const difference = Math.abs((result[`term${scale}`]!.data[image] as number) - expected);
        expect(difference).toBeLessThanOrEqual(1e-5 * Math.abs(expected) + 1e-3); // the tolerance
      }
    }
  });

  test("so do those of the scoring graph", async () => {
    const { golden, scored } = await evaluated;
    for (const [index, expected] of golden.expected.terms.flat().entries()) {
      const [logDet, prior] = [scored[2 * index]!, scored[2 * index + 1]!];
      expect(Math.abs(logDet + prior - expected)).toBeLessThanOrEqual(1e-5 * Math.abs(expected) + 1e-3); // as above
    }
  });

  test("every parameter's gradient norm agrees within 0.1 %", async () => {
    const { golden, layout, result } = await evaluated;
    const vectors = { trainable: result.gradient!.data as Float32Array, fixed: new Float32Array(0) };
    const trained = layout.entries.filter((entry) => entry.trainable);
    expect(trained).toHaveLength(Object.keys(golden.parameters).length);
    for (const entry of trained) {
      const norm = Math.hypot(...parameterData(entry, vectors));
      const expected = golden.expected.gradient_f64[goldenName(entry.name)]!.l2;
      expect(Math.abs(norm - expected), `${entry.name}: ${norm} against ${expected}`).toBeLessThanOrEqual(
        1e-3 * expected,
      ); // 0.1 %
    }
  });
});
