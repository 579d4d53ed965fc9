/** The form of a calibration inside `detector.json`. */
import { z } from "zod";
import type { Calibration } from "../score/index.ts";

const numbers = z.array(z.number());

const hierarchySchema = z.strictObject({
  featureNames: z.array(z.string()),
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
  hierarchy: z.record(z.string(), hierarchySchema),
});
