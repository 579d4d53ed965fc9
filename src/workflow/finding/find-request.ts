/** What a search for what does not belong is asked for, as data, with every default. Light, as `train-request.ts`. */
import { z } from "zod";
import { refuseChanges, requestFault, trainRequestSchema } from "../training/train-request.ts";

const trained = trainRequestSchema.shape;
const location = trained.normal.unwrap();

/** Every setting of a search. Those of training mean what they mean there. */
const fields = {
  /** Where the images are: one location or several, all of them one pile. */
  data: z.union([location, z.array(location).min(1, { error: "expected a location" })]).optional(),
  /** The folder in which everything is left. */
  out: trained.out,
  /** Seconds of training in all. */
  time: trained.time,
  /** Steps of each model instead of time; the general model takes twice as many. */
  steps: trained.steps,
  /** How many of the oddest images come out; with neither, 24. */
  top: z
    .number({ error: "expected a whole number from 1" })
    .int({ error: "expected a whole number from 1" })
    .min(1, { error: "expected a whole number from 1" })
    .optional(),
  /** The share of all images that comes out instead. */
  share: z
    .number({ error: "expected a share between 0 and 1" })
    .gt(0, { error: "expected a share between 0 and 1" })
    .lt(1, { error: "expected a share between 0 and 1" })
    .optional(),
  /** Images of anything, against which the pile is held; those that the program makes unless said otherwise. */
  general: trained.general.unwrap().default("builtin"),
  generalDetector: trained.generalDetector,
  group: trained.group,
  size: trained.size,
  channels: trained.channels,
  background: trained.background,
  fit: trained.fit,
  range: trained.range,
  /** Smaller than those of a detector: five models are trained. */
  depth: trained.depth.unwrap().default(4),
  width: trained.width.unwrap().default(48),
  batch: trained.batch,
  seed: trained.seed,
  threads: trained.threads,
  memory: trained.memory,
  device: trained.device,
  strict: trained.strict,
  resume: trained.resume,
  force: trained.force,
} as const;

export const findRequestSchema = z.strictObject(fields);

/** What is asked for: `data`, `out`, and whatever is not as usual. */
export type FindRequest = z.input<typeof findRequestSchema>;
/** The settings of a search, with those that were left out. */
export type FindSettings = z.output<typeof findRequestSchema>;

/** What may be said beside `resume`. */
const resumable = ["out", "resume", "data", "top", "share"];

/** The settings of a request, with defaults. Throws ConfigError as `readTrainRequest`. */
export function readFindRequest(request: FindRequest): FindSettings {
  const result = findRequestSchema.safeParse(request);
  if (!result.success) throw requestFault(result.error, request, Object.keys(fields), "find request");
  if (result.data.resume) refuseChanges(request, Object.keys(fields), resumable);
  return result.data;
}

/** The default of a setting; undefined where it has none. */
export function usualOf(name: keyof FindSettings): unknown {
  const field = fields[name];
  return "def" in field && field.def.type === "default" ? field.def.defaultValue : undefined;
}
