/** What the service is asked and answers, as schemas: queries and bodies are checked by them, and `/openapi.json` and the page describe both. */
import { z } from "zod";

/** The settings of `:predict` in a request's query. */
export const predictQuery = z.strictObject({
  falseAlarm: z.coerce
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe("Mark at most this share of normal images; without it the detector's own rule decides"),
  score: z.string().min(1).max(100).optional().describe("Decide by another of the detector's scores"),
  map: z.enum(["png"]).optional().describe("Draw where in each image the score comes from"),
});

/** Which score decides from now on, and how: one of `falseAlarm`, `threshold`, `budget` and `fdr`, or only another score. */
export const thresholdBody = z.strictObject({
  score: z.string().min(1).max(100).optional().describe("The score that decides from now on"),
  falseAlarm: z.number().gt(0).lt(1).optional().describe("Mark at most this share of normal images"),
  threshold: z.number().optional().describe("Mark images with a higher score"),
  budget: z.number().int().min(0).optional().describe("Mark at most so many images of those that are expected"),
  expected: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("With budget: of so many normal images, such as those of a day"),
  certainty: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe("With budget: keep it with this certainty instead of on average"),
  fdr: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe("Mark so that at most this share of the marked images is normal, on average"),
});

/** What is answered where something is wrong. */
export const errorSchema = z.object({
  error: z.string(),
  fault: z.object({ code: z.string(), subject: z.string(), expected: z.string(), got: z.string() }),
  request: z.string(),
});

/** A detector in a list. */
export const detectorSummary = z.object({
  id: z.string(),
  ready: z.boolean(),
  version: z.string().nullable(),
  /** Why the files that lie in its folder are not served. */
  fault: errorSchema.shape.fault.nullable(),
  input: z.object({ channels: z.number(), height: z.number(), width: z.number() }).nullable(),
  defaultScore: z.string().nullable(),
  scores: z.array(z.string()),
  smallestFalseAlarm: z.number().nullable(),
});

/** What is said of a detector in a list. */
export type DetectorSummary = z.infer<typeof detectorSummary>;

/** What `:predict` says of images. */
export const predictionSchema = z.object({
  detector: z.object({ id: z.string(), version: z.string() }),
  score: z.string(),
  rule: z.string().describe("What decides: the rate that was asked for, or else the detector's own rule, in words"),
  falseAlarm: z.number().nullable(),
  threshold: z.number().nullable().describe("Images with a score above it are marked"),
  smallestFalseAlarm: z
    .number()
    .describe("The smallest rate that the detector can resolve: at a smaller one nothing is ever marked"),
  map: z
    .string()
    .optional()
    .describe(
      "What the maps show: the score itself, what it joins (`faults and encoder`), or where it has no places another one, faults or an encoder's features",
    ),
  images: z.array(
    z.object({
      name: z.string(),
      score: z
        .number()
        .nullable()
        .describe("Null where a likelihood was not finite: the image is as anomalous as can be"),
      pValue: z.number(),
      anomalous: z.boolean(),
      spokesman: z.string().optional().describe("Where the score joins others, the one that stands out most"),
      scores: z.record(z.string(), z.number().nullable()),
      predictedClass: z.string().nullable().optional(),
      classProbability: z.number().nullable().optional(),
      map: z.string().optional().describe("The picture of its map: a PNG in base64"),
    }),
  ),
});

/** How a detector decides. */
export const decisionSchema = z.object({
  detector: z.object({ id: z.string(), version: z.string() }),
  served: z.boolean().describe("False where the detector as it is written now is not served yet"),
  score: z.string(),
  saved: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe("The detector's own rule; null where it has none and the usual one decides"),
  rule: z.string().describe("What decides, in words"),
  falseAlarm: z.number().nullable(),
  threshold: z.number().nullable(),
  smallestFalseAlarm: z.number(),
  shortage: z.string().nullable().describe("What the calibration cannot give although the rule asks for it"),
  undoable: z.boolean().describe("Whether there is a calibration or a threshold before this one"),
});

/** What is said of how a detector decides. */
export type DecisionState = z.infer<typeof decisionSchema>;

/** The settings of a look at drift. */
export const driftQuery = z.strictObject({
  falseAlarm: z.coerce
    .number()
    .gt(0)
    .lt(1)
    .default(0.01)
    .describe("The chance that drift is ever told where there is none"),
});

/** What is known of drift. */
export const driftSchema = z.object({
  detector: z.object({ id: z.string(), version: z.string() }),
  since: z.string().describe("Since when images are counted: nothing is kept over the end of the service"),
  images: z.number(),
  uncounted: z.number().describe("Images without one of the columns' scores, which are not counted"),
  watched: z.boolean().describe("False where the calibration is too small, and why"),
  reason: z.string().nullable(),
  falseAlarm: z.number(),
  drifted: z.boolean(),
  columns: z.array(
    z.object({
      column: z.string(),
      about: z.string().nullable().describe("What a scale is about, in words"),
      drifted: z.boolean(),
      capital: z
        .number()
        .describe("Capital of the test martingale: 1 at first; drift is told where its highest reaches the threshold"),
      highest: z.number(),
      threshold: z.number(),
      direction: z.string(),
      words: z.string().nullable(),
      /** One look at the latest images (Kolmogorov and Smirnov): look often, and a small p-value comes by chance. */
      window: z
        .object({ images: z.number(), distance: z.number(), signedDistance: z.number(), pValue: z.number() })
        .nullable(),
    }),
  ),
});

/** What is said of drift. */
export type DriftState = z.infer<typeof driftSchema>;

const tensor = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.number()) });
/** A detector as a model of the Open Inference Protocol. */
export const modelSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(tensor),
  outputs: z.array(tensor),
});
