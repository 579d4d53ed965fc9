/** What a run's process can do, by kind: the schema of its request, and the work. Loaded by that process alone; the server knows the schemas. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { TrainRequest } from "../../workflow/index.ts";
import { calibratingRequest, scoringRequest } from "../looking/looking-requests.ts";
import type { RunEvent } from "./run-events.ts";

/** What work is given. */
export interface JobContext {
  /** The folder of the run, where its log is. */
  readonly folder: string;
  /** Whether it goes on with what an earlier process of this run has begun. */
  readonly resumed: boolean;
  readonly tell: (event: RunEvent) => void;
  /** Asks it to save what it has reached and to end. */
  readonly signal: AbortSignal;
}

/** Does the work of a run and says how it ended. */
export type Work<Request> = (request: Request, context: JobContext) => Promise<"finished" | "paused">;

/** The requests of all kinds of runs. */
export const jobSchemas = {
  train: z.custom<TrainRequest>((value) => typeof value === "object" && value !== null),
  demo: z.strictObject({
    /** Where images and detector go. */
    folder: z.string(),
    time: z.number(),
    seed: z.number(),
  }),
  score: scoringRequest,
  calibrate: calibratingRequest,
  inspect: z.strictObject({ location: z.string(), heldOut: z.number(), seed: z.number(), size: z.number() }),
} as const;

/** The kinds of runs. */
export type JobKind = keyof typeof jobSchemas;
/** What a run of a kind is asked for. */
export type JobRequest<Kind extends JobKind> = z.output<(typeof jobSchemas)[Kind]>;

/** What stands in a run's folder: what is to be done. */
export const jobSchema = z.strictObject({
  version: z.literal(1),
  kind: z.enum(["train", "demo", "inspect", "score", "calibrate"]),
  request: z.unknown(),
});

/** The name of that file, of the log, of the lock of the process that works, and of what it says besides. */
export const runFileNames = {
  job: "job.json",
  log: "events.jsonl",
  lock: "lock",
  errors: "errors.txt",
  pictures: "pictures",
  result: "result.json",
} as const;

/** What a run of a kind is asked for, by its folder; undefined where it is of another kind, or its file cannot be read. */
export async function readJob<Kind extends JobKind>(run: string, kind: Kind): Promise<JobRequest<Kind> | undefined> {
  try {
    const job = jobSchema.parse(JSON.parse(await readFile(join(run, runFileNames.job), "utf8")));
    return job.kind === kind ? (jobSchemas[kind].parse(job.request) as JobRequest<Kind>) : undefined;
  } catch {
    return undefined;
  }
}
