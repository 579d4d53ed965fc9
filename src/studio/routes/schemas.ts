/** What the studio's interface is asked and answers, as schemas. */
import { z } from "zod";
import type { RunState } from "../runs/run-events.ts";
import type { RunSummary } from "../runs/run-summary.ts";
import type { TrainField } from "./train-form.ts";

const states = [
  "starting",
  "running",
  "stopping",
  "paused",
  "finished",
  "failed",
  "lost",
] as const satisfies readonly RunState[];

const fault = z.object({ code: z.string(), subject: z.string(), expected: z.string(), got: z.string() });

/** What is answered where something is wrong. */
export const errorSchema = z.object({ error: z.string(), fault, request: z.string() });

/** A detector in a list. */
export const detectorSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Where it lies, to be shown. */
  path: z.string(),
  state: z.enum(["ready", "missing", "damaged"]).describe("missing: its folder is gone; damaged: it cannot be read"),
  /** What is wrong with a damaged one. */
  message: z.string().nullable(),
  role: z.enum(["detector", "general"]).nullable(),
  input: z.object({ channels: z.number(), height: z.number(), width: z.number() }).nullable(),
  defaultScore: z.string().nullable(),
  /** When it was written, ms since 1970. */
  written: z.number().nullable(),
  /** Held-out bits/dim of the normal model. */
  bits: z.number().nullable(),
  images: z.number().nullable().describe("Normal images that it was trained with"),
});

/** A run in a list: its summary is `RunSummary`. */
export const runSchema = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  state: z.enum(states),
  created: z.number(),
  /** The command line that does the same; null where there is none. */
  command: z.string().nullable(),
  /** The detector that comes of it, once it is there. */
  detector: z.string().nullable(),
  summary: z.custom<RunSummary>(),
});

/** What the first page shows. */
export const homeSchema = z.object({
  version: z.string(),
  folder: z.string(),
  detectors: z.array(detectorSchema),
  runs: z.array(runSchema),
});

/** Settings of a demo: the quickstart. */
export const demoBody = z.strictObject({
  /** Longest time of training in all, seconds. */
  time: z.number().gt(0).max(86_400).default(170),
  seed: z.number().int().min(0).default(0),
});

/** What is known of a training that could be begun. */
export const trainingCheckSchema = z.object({
  objection: z
    .object({ setting: z.string().nullable(), text: z.string() })
    .nullable()
    .describe("What is wrong with the request, and with which setting; null where nothing is"),
  seconds: z.number().nullable().describe("About how long it trains at most; null where nobody knows"),
  guessed: z.boolean().describe("Whether that goes by the model's size and not by a limit of time"),
});

/** A training's request as it comes: its own schema checks it and says what is wrong in its own words. */
export const trainBody = z.strictObject({ request: z.record(z.string(), z.unknown()) });

/** The form of a training. */
export const trainFormSchema = z.object({ fields: z.array(z.custom<TrainField>()), durations: z.array(z.string()) });
