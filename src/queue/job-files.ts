/**
 * A job on the disk: what is to be scored, its shards, and where their rows go. The folder is all there is: a queue only hands shards out, and a
 * shard is done when its table lies under its name.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { ConfigError, FormatError, isUserError, messageOf } from "../base/index.ts";
import { ruleSchema } from "../detector/index.ts";
import { isStoreAddress } from "../storage/index.ts";
import type { Decision } from "../workflow/index.ts";
import { placeOf } from "./job-place.ts";

/** What lies in a job's folder. */
export const jobNames = {
  job: "job.json",
  shards: "shards.jsonl",
  /** The detector, copied when the job was made. */
  detector: "detector",
  /** Pieces of lists that are too long for one. */
  lists: "lists",
  /** A Parquet table a shard. */
  scores: "scores",
  leases: "leases",
  /** A line for every time that a shard was begun, until it is done at the first attempt. */
  attempts: "attempts",
  /** Why a shard could not be scored, until it is. */
  failures: "failures",
  /** What each worker did, for statistics. */
  workers: "workers",
} as const;

const decisionSchema: z.ZodType<Decision> = z.object({
  score: z.string(),
  rule: ruleSchema,
  most: z.number().optional(),
  falseAlarm: z.number().nullable(),
  threshold: z.number().nullable(),
  together: z.boolean(),
  words: z.string(),
}) as z.ZodType<Decision>;

const jobSchema = z.object({
  format: z.literal("outglow-job"),
  version: z.literal(1),
  /** Of everything that decides the rows: the shards, the detector, the rule. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  locations: z.array(z.string()),
  /** Where the detector was when the job was made. */
  detector: z.string(),
  /** Which models and calibration score (`scoringIdentity`). */
  identity: z.string(),
  decision: decisionSchema,
  images: z.number().int().min(0),
  shards: z.number().int().min(0),
  shardSize: z.number().int().min(1),
  /** Where shards are handed out: null for the folder itself. Holds no password. */
  queue: z.string().nullable(),
  /** What lies in the locations and was not listed. */
  problems: z.array(z.object({ name: z.string(), reason: z.string() })),
});

/** What a job is: plain data. */
export type JobRecord = z.infer<typeof jobSchema>;

const shardSchema = z.object({
  /** From 0 on, in the order of the images. */
  index: z.number().int().min(0),
  /** A function of the images' names, the detector and the rule. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** What holds the images: a location, or a name in the job's `lists`. */
  location: z.string(),
  isList: z.boolean(),
  /** The first image within the location. */
  first: z.number().int().min(0),
  count: z.number().int().min(1),
  /** The first image within the job. */
  start: z.number().int().min(0),
});

/** Some images that are scored together. */
export type Shard = z.infer<typeof shardSchema>;

/** A job that is open: its record and all of its shards. */
export interface Job {
  readonly folder: string;
  readonly record: JobRecord;
  readonly shards: readonly Shard[];
}

/** The name of a shard's table, which sorts in the order of the images. */
export function tableName({ index, id }: Pick<Shard, "index" | "id">): string {
  return `${String(index).padStart(8, "0")}-${id}.parquet`;
}

/** Where a shard's table goes. */
export function tablePath(folder: string, shard: Pick<Shard, "index" | "id">): string {
  return `${folder}/${jobNames.scores}/${tableName(shard)}`;
}

/** The id of a shard: sixteen hexadecimal digits over what decides its rows, the images' names in order. */
export function idOfShard(
  { identity, decision }: Pick<JobRecord, "identity" | "decision">,
  { index, location, isList, first }: Pick<Shard, "index" | "location" | "isList" | "first">,
  names: Iterable<string>,
): string {
  // A budget is one of all images, whose number is known at the end.
  const { score, rule, together } = decision;
  const about = [identity, score, together ? null : rule, index, isList ? null : [location, first]];
  const hash = createHash("sha256").update(JSON.stringify(about));
  for (const name of names) hash.update(`\n${JSON.stringify(name)}`);
  return hash.digest("hex").slice(0, 16);
}

/** The name of the list that a shard of a long list has for itself. */
export function listName({ index, id }: Pick<Shard, "index" | "id">): string {
  return `${String(index).padStart(8, "0")}-${id}.jsonl`;
}

/** Bytes of a record, of a shard's line and of all lines, at most: what is longer was not written by `createJob`. */
const [longestRecord, longestLine, longestShards] = [2 ** 28, 2 ** 16, 2 ** 31];

/** Reads a job's record. Throws ConfigError where there is none, FormatError where it is damaged. */
export async function readRecord(folder: string): Promise<JobRecord> {
  const fault = { subject: "job", expected: "a folder that a job was made in" } as const;
  const bytes = await placeOf(folder)
    .read(jobNames.job, longestRecord)
    .catch((error: unknown) => {
      if (isUserError(error)) throw error;
      throw new ConfigError({ ...fault, code: "unreadable", got: messageOf(error) });
    });
  if (!bytes) throw new ConfigError({ ...fault, code: "not-found", got: `no ${jobNames.job} in '${folder}'` });
  try {
    return jobSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw damaged(`${folder}/${jobNames.job}`);
  }
}

/** Opens a job. Throws as `readRecord`, and FormatError for shards that are not those of the record: no place and no name of theirs is believed. */
export async function openJob(location: string): Promise<Job> {
  // In a key a doubled slash is another one.
  const folder = isStoreAddress(location) ? location.replace(/\/+$/, "") : location;
  const record = await readRecord(folder);
  const path = `${folder}/${jobNames.shards}`;
  const bytes = await placeOf(folder)
    .read(jobNames.shards, Math.min(longestShards, record.shards * longestLine))
    .catch((error: unknown) => {
      throw isUserError(error) ? error : damaged(path, messageOf(error));
    });
  const locations = new Set(record.locations);
  const shards: Shard[] = [];
  let start = 0;
  for (const line of linesOf(bytes ?? new Uint8Array())) {
    const shard = parseShard(line);
    const isPlaced = shard?.index === shards.length && shard.start === start && shard.count <= record.shardSize;
    const isKnown = shard && (shard.isList ? shard.location === listName(shard) : locations.has(shard.location));
    if (!isPlaced || !isKnown || shards.length === record.shards) throw damaged(path);
    shards.push(shard);
    start += shard.count;
  }
  if (shards.length !== record.shards || start !== record.images) throw damaged(path);
  return { folder, record, shards };
}

function parseShard(line: string): Shard | undefined {
  try {
    return shardSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The lines of a text, one after another: a text of all may be longer than any can be. */
function* linesOf(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(10, at);
    const end = found < 0 ? bytes.length : found;
    yield decoder.decode(bytes.subarray(at, Math.min(end, at + longestLine)));
    at = end + 1;
  }
}

/** The names of all tables that are there, whosever they are. */
export async function tablesThere(folder: string): Promise<Set<string>> {
  const names = await placeOf(folder).names(jobNames.scores);
  return new Set(names.filter((name) => name.endsWith(".parquet")));
}

function damaged(path: string, got = "something else"): FormatError {
  return new FormatError({
    code: "damaged",
    subject: `'${path}'`,
    expected: "what a job is made of",
    got,
    remedy: { key: "other", text: "make the job again: what is scored stays" },
  });
}
