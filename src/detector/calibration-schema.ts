/** The form of a calibration inside `detector.json`. */
import { z } from "zod";
import type { Calibration } from "../score/index.ts";

const numbers = z.array(z.number());

const hierarchySchema = z.strictObject({
  featureNames: z.array(z.string()),
  marginals: z.array(z.strictObject({ quantiles: numbers, scores: numbers })),
  mean: numbers,
  standardDeviation: numbers,
  shrinkage: z.number(),
  cholesky: z.array(numbers),
  count: z.number().int(),
});

/** Checked against the type that `calibrate` gives. */
export const calibrationSchema: z.ZodType<Calibration> = z.strictObject({
  count: z.number().int().min(1),
  scores: z.record(z.string(), numbers),
  hierarchy: z.record(z.string(), z.preprocess(withMarginals, hierarchySchema)),
});

/** Fits of earlier programs knew mean and deviation of a feature alone: the same as a marginal that is one straight line. */
function withMarginals(fit: unknown): unknown {
  const earlier = z.object({ mean: numbers, standardDeviation: numbers, marginals: z.undefined().optional() });
  const parsed = earlier.safeParse(fit);
  if (!parsed.success) return fit;
  const { mean, standardDeviation } = parsed.data;
  return {
    ...(fit as object),
    marginals: mean.map((value, j) => ({
      quantiles: [value - standardDeviation[j]!, value + standardDeviation[j]!],
      scores: [-1, 1],
    })),
    mean: mean.map(() => 0),
    standardDeviation: mean.map(() => 1),
  };
}
