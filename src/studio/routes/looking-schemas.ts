/** What pages that look at scores, images and samples ask and are answered, as schemas. */
import { z } from "zod";
import { setKinds, wantedSetSchema } from "../looking/looking-requests.ts";
import { markNames } from "../looking/marks.ts";
import { likeness } from "../looking/nearest.ts";
import { evaluationSchema } from "../looking/score-evaluation.ts";

const place = z.number().int().min(0);

/** Sets that a detector may be asked about. */
export const proposedSetsSchema = z.object({
  /** Whether the images of its calibration are where they were. */
  heldOut: z.boolean(),
  sets: z.array(
    z.object({
      name: z.string(),
      location: z.string(),
      kind: z.enum(setKinds),
      /** Opened by a person, or found beside the images of the training. */
      from: z.enum(["opened", "beside"]),
    }),
  ),
});

/** A scoring to be started. */
export const scoringBody = z.strictObject({
  detector: z.string(),
  sets: z.array(wantedSetSchema).min(1).max(32),
  coders: z.boolean().default(true),
});

/** What a scoring is known by. */
const knownScoring = {
  id: z.string(),
  name: z.string(),
  state: z.string(),
  created: z.number(),
  /** The detector's id; null where it is gone. */
  detector: z.string().nullable(),
  detectorName: z.string(),
};

/** A scoring as it stands. */
export const scoringSchema = z.object({
  ...knownScoring,
  /** Whether the detector was calibrated anew since. */
  stale: z.boolean(),
  defaultScore: z.string(),
  scores: z.array(z.object({ name: z.string(), unit: z.enum(["nats", "deviations"]) })),
  count: place,
  sets: z.array(
    z.object({
      place,
      name: z.string(),
      kind: z.enum(setKinds),
      location: z.string(),
      first: place,
      count: place,
      total: place,
      complete: z.boolean(),
      skippedCount: place,
      skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
    }),
  ),
  evaluation: evaluationSchema.nullable(),
});

/** What was asked for, so that the same can be asked again. */
export const scoringListSchema = z.object({
  scorings: z.array(
    z.object({
      ...knownScoring,
      sets: z.array(z.object({ name: z.string(), kind: z.enum(setKinds), location: z.string().nullable() })),
    }),
  ),
});

export const namesSchema = z.object({ names: z.array(z.string()), classNames: z.array(z.string().nullable()) });

export const referencesSchema = z.object({ count: place, scores: z.array(z.number()) });

const termsSchema = z.object({ logDet: z.array(z.number().nullable()), prior: z.array(z.number().nullable()) });

/** An image under the detector. */
export const scoredImageSchema = z.object({
  image: place,
  /** The detector's id; null where it is gone. */
  detector: z.string().nullable(),
  name: z.string(),
  className: z.string().nullable(),
  set: z.string(),
  kind: z.enum(setKinds),
  location: z.string(),
  mark: z.enum(markNames).nullable(),
  /** Null for a score that is infinite. */
  scores: z.array(z.object({ name: z.string(), value: z.number().nullable(), pValue: z.number() })),
  /** Log-det and prior term of every scale, the finest first, in nats. */
  normal: termsSchema,
  general: termsSchema.nullable(),
  dimensions: place,
  maps: z.array(z.object({ name: z.string(), whole: z.boolean() })),
});

export const nearestQuery = z.strictObject({ by: z.enum(likeness).default("terms") });
export const nearestSchema = z.object({
  /** Among how many. */
  among: place,
  neighbours: z.array(z.object({ image: place, name: z.string(), set: z.string(), distance: z.number() })),
});

export const pictureQuery = z.strictObject({
  side: z.coerce.number().int().min(16).max(2048).default(128),
  /** As the model takes it, instead of at its own proportions. */
  prepared: z.enum(["0", "1"]).default("0"),
});

/** Images that are marked at a time, at most. */
export const mostMarked = 20_000;

export const markBody = z.strictObject({
  images: z.array(place).min(1).max(mostMarked),
  mark: z.enum(markNames).nullable(),
});

/** Marks of a scoring's images, and what would be taken back. */
export const marksSchema = z.object({
  normal: z.array(place),
  anomalous: z.array(place),
  undo: z.object({ count: place, mark: z.enum(markNames).nullable(), at: z.number() }).nullable(),
});

export const calibrateBody = z.strictObject({
  /** Places of sets that are taken whole, less what is marked as anomalous. */
  sets: z.array(place).max(32).default([]),
});

const seeds = z
  .string()
  .regex(/^\d{1,9}(,\d{1,9}){0,15}$/)
  .default("0");

export const samplesQuery = z.strictObject({
  model: z.enum(["normal", "general"]).default("normal"),
  count: z.coerce.number().int().min(1).max(64).default(16),
  temperature: z.coerce.number().min(0).max(2).default(0.7),
  /** A seed for every scale, or one for all. */
  seeds,
  /** An image `RUN:NUMBER` whose latents are kept at the scales of `kept`. */
  image: z
    .string()
    .regex(/^[0-9a-f]{12}:\d{1,9}$/)
    .optional(),
  kept: z
    .string()
    .regex(/^\d{1,2}(,\d{1,2}){0,15}$/)
    .optional(),
});
