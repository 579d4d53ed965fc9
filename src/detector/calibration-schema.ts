/** The form of a calibration inside `detector.json`. */
import { z } from "zod";
import type { Calibration } from "../score/index.ts";

const numbers = z.array(z.number());

const hierarchySchema = z.strictObject({
  featureNames: z.array(z.string()),
  densities: z
    .array(
      z.strictObject({
        marginals: z.array(z.strictObject({ quantiles: numbers, scores: numbers })),
        mean: numbers,
        standardDeviation: numbers,
        cholesky: z.array(numbers),
      }),
    )
    .min(1),
  shrinkage: z.number(),
  count: z.number().int(),
});

/** Checked against the type that `calibrate` gives. */
export const calibrationSchema: z.ZodType<Calibration> = z.strictObject({
  count: z.number().int().min(1),
  scores: z.record(z.string(), numbers),
  hierarchy: z.record(z.string(), z.preprocess(withDensities, hierarchySchema)),
});

/** Fits of earlier programs were one Gaussian over the features themselves: the same as straight marginals. */
function withDensities(fit: unknown): unknown {
  const earlier = z.object({ mean: numbers, standardDeviation: numbers, cholesky: z.array(numbers) });
  const parsed = earlier.safeParse(fit);
  if (!parsed.success) return fit;
  const { mean, standardDeviation, cholesky, ...rest } = fit as z.infer<typeof earlier>;
  const marginals = mean.map((value, j) => ({
    quantiles: [value - standardDeviation[j]!, value + standardDeviation[j]!],
    scores: [-1, 1],
  }));
  const density = { marginals, mean: mean.map(() => 0), standardDeviation: mean.map(() => 1), cholesky };
  return { ...rest, densities: [density] };
}
