/** A trained fault detector as plain data beside its weights. */
import { z } from "zod";
import type { ParameterVectors } from "../nn/index.ts";
import { faultSettingsSchema } from "./settings.ts";

const numbers = z.array(z.number());

/** What one fold's network was calibrated with: the images that it did not see. */
const foldSchema = z
  .object({
    /** Mean and deviation of a cell's logit, level by level. */
    levels: z.array(z.object({ level: z.number().int(), mean: z.number(), deviation: z.number().positive() }).strict()),
    /** Scores of the held-out images, ascending. */
    scores: numbers,
  })
  .strict();

/** Everything about a fault detector but its weights. */
export const faultRecordSchema = z
  .object({
    settings: faultSettingsSchema,
    channels: z.union([z.literal(1), z.literal(3)]),
    pixelScale: z.object({ means: numbers, deviations: z.array(z.number().positive()) }).strict(),
    /** Images trained on, and how many different things they show. */
    images: z.number().int(),
    groups: z.number().int(),
    folds: z.array(foldSchema),
  })
  .strict();

/** Everything about a fault detector but its weights. */
export type FaultRecord = z.infer<typeof faultRecordSchema>;

/** A fault detector: a record and the parameters of a network for every fold. */
export interface FaultDetector {
  readonly record: FaultRecord;
  readonly networks: readonly ParameterVectors[];
}
