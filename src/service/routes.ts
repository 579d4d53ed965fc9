/** What the service can be asked, as data: the routes that are served, the scopes that they need, and what `/openapi.json` says of them. */
import { z } from "zod";
import { inferenceRequestSchema } from "./inference-request.ts";
import type { Scope } from "./tokens.ts";

/** The settings of `:predict` in a request's query. */
export const predictQuery = z.strictObject({
  falseAlarm: z.coerce.number().gt(0).lt(1).optional(),
  score: z.string().min(1).max(100).optional(),
});

/** Which score decides from now on, and how: one of `falseAlarm`, `threshold`, `budget` and `fdr`, or only another score. */
export const thresholdBody = z.strictObject({
  score: z.string().min(1).max(100).optional(),
  falseAlarm: z.number().gt(0).lt(1).optional(),
  threshold: z.number().optional(),
  budget: z.number().int().min(0).optional(),
  expected: z.number().int().min(1).optional(),
  certainty: z.number().gt(0).lt(1).optional(),
  fdr: z.number().gt(0).lt(1).optional(),
});

const fault = z.object({
  error: z.string(),
  fault: z.object({ code: z.string(), subject: z.string(), expected: z.string(), got: z.string() }),
  request: z.string(),
});

/** What is answered where something is wrong. */
export const errorSchema = fault;

const detectorSummary = z.object({
  id: z.string(),
  ready: z.boolean(),
  version: z.string().nullable(),
  /** Why the files that lie in its folder are not served. */
  fault: fault.shape.fault.nullable(),
  input: z.object({ channels: z.number(), height: z.number(), width: z.number() }).nullable(),
  defaultScore: z.string().nullable(),
  scores: z.array(z.string()),
  smallestFalseAlarm: z.number().nullable(),
});

/** What is said of a detector in a list. */
export type DetectorSummary = z.infer<typeof detectorSummary>;

const prediction = z.object({
  detector: z.object({ id: z.string(), version: z.string() }),
  score: z.string(),
  /** What decides: the rate that was asked for, or else the detector's own rule, in words. */
  rule: z.string(),
  falseAlarm: z.number().nullable(),
  /** Images with a score above it are marked. */
  threshold: z.number().nullable(),
  /** The smallest rate that the detector can resolve: at a smaller one nothing is ever marked. */
  smallestFalseAlarm: z.number(),
  images: z.array(
    z.object({
      name: z.string(),
      /** Null where a likelihood was not finite: the image is as anomalous as can be. */
      score: z.number().nullable(),
      pValue: z.number(),
      anomalous: z.boolean(),
      scores: z.record(z.string(), z.number().nullable()),
      predictedClass: z.string().nullable().optional(),
      classProbability: z.number().nullable().optional(),
    }),
  ),
});

const decision = z.object({
  detector: z.object({ id: z.string(), version: z.string() }),
  /** False where the detector as it is written now is not served yet. */
  served: z.boolean(),
  score: z.string(),
  /** The detector's own rule; null where it has none and the usual one decides. */
  saved: z.record(z.string(), z.unknown()).nullable(),
  /** What decides, in words. */
  rule: z.string(),
  falseAlarm: z.number().nullable(),
  threshold: z.number().nullable(),
  smallestFalseAlarm: z.number(),
  /** What the calibration cannot give although the rule asks for it. */
  shortage: z.string().nullable(),
  /** Whether there is a calibration or a threshold before this one. */
  undoable: z.boolean(),
});

/** What is said of how a detector decides. */
export type DecisionState = z.infer<typeof decision>;

/** The settings of a look at drift. */
export const driftQuery = z.strictObject({
  /** The chance that drift is ever told where there is none. */
  falseAlarm: z.coerce.number().gt(0).lt(1).default(0.01),
});

const drift = z.object({
  detector: z.object({ id: z.string(), version: z.string() }),
  /** Since when images are counted: nothing is kept over the end of the service. */
  since: z.string(),
  images: z.number(),
  /** Images without one of the columns' scores, which are not counted. */
  uncounted: z.number(),
  /** False where the calibration is too small, and why. */
  watched: z.boolean(),
  reason: z.string().nullable(),
  falseAlarm: z.number(),
  drifted: z.boolean(),
  columns: z.array(
    z.object({
      column: z.string(),
      /** What a scale is about, in words. */
      about: z.string().nullable(),
      drifted: z.boolean(),
      /** Capital of the test martingale: 1 at first; drift is told where its highest reaches the threshold. */
      capital: z.number(),
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
export type DriftState = z.infer<typeof drift>;

const tensor = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.number()) });
const model = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(tensor),
  outputs: z.array(tensor),
});

/** One route. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT";
  /** `:name` is one part of a path. Also the label of its metrics. */
  readonly path: string;
  /** What a token must be for; undefined: none is needed. */
  readonly scope: Scope | undefined;
  readonly summary: string;
  readonly query?: z.ZodType;
  /** Content types of a body, with the schema of those that are JSON. */
  readonly body?: Readonly<Record<string, z.ZodType | null>>;
  /** Headers that it asks for. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The JSON of an answer; undefined for files. */
  readonly answer?: z.ZodType;
}

const ready = z.object({ name: z.string(), ready: z.boolean() });
const inference = {
  method: "POST",
  scope: "score",
  body: { "application/json": inferenceRequestSchema, "application/octet-stream": null },
  answer: z.object({ model_name: z.string(), model_version: z.string(), outputs: z.array(z.unknown()) }),
} as const;

const ifMatch = { "If-Match": "The ETag of the detector that is changed, as GET of its threshold gives it, or *" };

/** Every route. */
export const routes = {
  live: {
    method: "GET",
    path: "/v2/health/live",
    scope: undefined,
    summary: "Whether the service runs",
    answer: z.object({ live: z.boolean() }),
  },
  ready: {
    method: "GET",
    path: "/v2/health/ready",
    scope: undefined,
    summary: "Whether every detector has passed its golden check (200) or not (503)",
    answer: z.object({ live: z.boolean(), ready: z.boolean() }),
  },
  server: {
    method: "GET",
    path: "/v2",
    scope: "read",
    summary: "What serves",
    answer: z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
  },
  model: {
    method: "GET",
    path: "/v2/models/:model",
    scope: "read",
    summary: "Inputs and outputs of a detector",
    answer: model,
  },
  modelVersion: {
    method: "GET",
    path: "/v2/models/:model/versions/:version",
    scope: "read",
    summary: "Inputs and outputs of a version of a detector",
    answer: model,
  },
  modelReady: {
    method: "GET",
    path: "/v2/models/:model/ready",
    scope: "read",
    summary: "Whether a detector can score (200) or not (503)",
    answer: ready,
  },
  modelVersionReady: {
    method: "GET",
    path: "/v2/models/:model/versions/:version/ready",
    scope: "read",
    summary: "Whether a version of a detector can score (200) or not (503)",
    answer: ready,
  },
  infer: { ...inference, path: "/v2/models/:model/infer", summary: "Score images as tensors" },
  inferVersion: {
    ...inference,
    path: "/v2/models/:model/versions/:version/infer",
    summary: "Score images as tensors with a version of a detector",
  },
  detectors: {
    method: "GET",
    path: "/api/detectors",
    scope: "read",
    summary: "Every detector",
    answer: z.object({ detectors: z.array(detectorSummary) }),
  },
  rescan: {
    method: "POST",
    path: "/api/detectors:rescan",
    scope: "admin",
    summary: "Look for new and replaced detectors now, and load them",
    answer: z.object({ detectors: z.array(detectorSummary) }),
  },
  detector: {
    method: "GET",
    path: "/api/detectors/:id",
    scope: "read",
    summary: "A detector and its manifest",
    answer: detectorSummary.extend({ manifest: z.unknown() }),
  },
  file: {
    method: "GET",
    path: "/api/detectors/:id/files/:name",
    scope: "read",
    summary: "A file of a detector, for browsers that score by themselves",
  },
  predict: {
    method: "POST",
    path: "/api/detectors/:call",
    scope: "score",
    summary:
      "Score images, with `:predict` behind the detector's id: a file as the body, or several as multipart/form-data",
    query: predictQuery,
    body: { "image/*": null, "application/octet-stream": null, "multipart/form-data": null },
    answer: prediction,
  },
  threshold: {
    method: "GET",
    path: "/api/detectors/:id/threshold",
    scope: "read",
    summary: "How a detector decides; its ETag is the detector's version",
    answer: decision,
  },
  setThreshold: {
    method: "PUT",
    path: "/api/detectors/:id/threshold",
    scope: "admin",
    summary: "Let a detector decide by another rate, score or budget from now on",
    headers: ifMatch,
    body: { "application/json": thresholdBody },
    answer: decision,
  },
  undoThreshold: {
    method: "POST",
    path: "/api/detectors/:id/threshold/undo",
    scope: "admin",
    summary: "Take back the last change of a detector's threshold or calibration",
    headers: ifMatch,
    answer: decision,
  },
  drift: {
    method: "GET",
    path: "/api/detectors/:id/drift",
    scope: "read",
    summary: "Whether the images that a detector is sent have changed, and which scales of them",
    query: driftQuery,
    answer: drift,
  },
  metrics: { method: "GET", path: "/metrics", scope: "read", summary: "Counters and histograms for Prometheus" },
  openapi: {
    method: "GET",
    path: "/openapi.json",
    scope: "read",
    summary: "This description",
    answer: z.record(z.string(), z.unknown()),
  },
} as const satisfies Readonly<Record<string, Route>>;

/** The name of a route. */
export type RouteName = keyof typeof routes;
