/** What the service can be asked, as data: the routes that are served, the scopes that they need, and what `/openapi.json` and the page say of them. */
import { z } from "zod";
import { inferenceRequestSchema } from "./inference-request.ts";
import {
  decisionSchema,
  detectorSummary,
  driftQuery,
  driftSchema,
  modelSchema,
  predictionSchema,
  predictQuery,
  thresholdBody,
} from "./schemas.ts";
import type { Scope } from "./tokens.ts";

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
  /** The JSON of an answer. */
  readonly answer?: z.ZodType;
  /** The content types of answers that are not JSON. */
  readonly files?: readonly string[];
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
    answer: modelSchema,
  },
  modelVersion: {
    method: "GET",
    path: "/v2/models/:model/versions/:version",
    scope: "read",
    summary: "Inputs and outputs of a version of a detector",
    answer: modelSchema,
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
    files: ["application/json", "application/octet-stream"],
  },
  predict: {
    method: "POST",
    path: "/api/detectors/:call",
    scope: "score",
    summary:
      "Score images, with :predict behind the detector's id: a file as the body, or several as multipart/form-data",
    query: predictQuery,
    body: { "image/*": null, "application/octet-stream": null, "multipart/form-data": null },
    answer: predictionSchema,
    files: ["image/png"],
  },
  threshold: {
    method: "GET",
    path: "/api/detectors/:id/threshold",
    scope: "read",
    summary: "How a detector decides; its ETag is the detector's version",
    answer: decisionSchema,
  },
  setThreshold: {
    method: "PUT",
    path: "/api/detectors/:id/threshold",
    scope: "admin",
    summary: "Let a detector decide by another rate, score or budget from now on",
    headers: ifMatch,
    body: { "application/json": thresholdBody },
    answer: decisionSchema,
  },
  undoThreshold: {
    method: "POST",
    path: "/api/detectors/:id/threshold/undo",
    scope: "admin",
    summary: "Take back the last change of a detector's threshold or calibration",
    headers: ifMatch,
    answer: decisionSchema,
  },
  drift: {
    method: "GET",
    path: "/api/detectors/:id/drift",
    scope: "read",
    summary: "Whether the images that a detector is sent have changed, and which scales of them",
    query: driftQuery,
    answer: driftSchema,
  },
  metrics: {
    method: "GET",
    path: "/metrics",
    scope: "read",
    summary: "Counters and histograms for Prometheus",
    files: ["text/plain"],
  },
  page: { method: "GET", path: "/", scope: undefined, summary: "This description, to be read", files: ["text/html"] },
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
