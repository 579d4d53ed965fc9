/** How often shards were begun, and why some could not be scored: small files that outlive the processes that write them. */
import { z } from "zod";
import { mapInOrder } from "../data/index.ts";
import { jobNames, type Shard } from "./job-files.ts";
import { atOnce, placeOf } from "./job-place.ts";

/** What is known of the attempts at a shard. */
export interface Attempts {
  readonly begun: number;
  /** Attempts whose process ended without a word. */
  readonly crashes: number;
}

const words = { begun: "begun", ended: "ended" } as const;

/** Notes that a shard is begun, and tells of earlier attempts. */
export async function beginAttempt(folder: string, { id }: Shard): Promise<Attempts> {
  const place = placeOf(folder);
  const earlier = countLines(await textOf(folder, jobNames.attempts, id));
  await place.append(`${jobNames.attempts}/${id}`, `${words.begun}\n`);
  return earlier;
}

/** Notes that an attempt ended in a way that a process lives through. */
export async function endAttempt(folder: string, { id }: Shard): Promise<void> {
  await placeOf(folder)
    .append(`${jobNames.attempts}/${id}`, `${words.ended}\n`)
    .catch(() => undefined);
}

/** Forgets the attempts at a shard that is done at the first. */
export async function settleAttempts(folder: string, { id }: Shard, { begun }: Attempts): Promise<void> {
  const place = placeOf(folder);
  if (begun === 0) await place.remove(`${jobNames.attempts}/${id}`).catch(() => undefined);
  await place.remove(`${jobNames.failures}/${id}`).catch(() => undefined);
}

/** Why a shard could not be scored. */
export interface Failure {
  /** The code of the error (`base/faults.ts`), or `other`. */
  readonly kind: string;
  readonly reason: string;
}

/** Notes why a shard could not be scored. */
export async function noteFailure(folder: string, { id }: Shard, failure: Failure): Promise<void> {
  await placeOf(folder)
    .append(`${jobNames.failures}/${id}`, `${JSON.stringify(failure)}\n`)
    .catch(() => undefined);
}

/** The last failure of every shard that could not be scored, by its id. */
export async function failuresOf(folder: string): Promise<ReadonlyMap<string, Failure>> {
  return noted(folder, jobNames.failures, (text) => failureIn(text.trimEnd().split("\n").at(-1) ?? ""));
}

const failureSchema = z.object({ kind: z.string().max(64), reason: z.string() });

function failureIn(line: string): Failure {
  try {
    return failureSchema.parse(JSON.parse(line));
  } catch {
    // Cut off by a full disk, say.
    return { kind: "other", reason: line };
  }
}

/** The attempts at all shards that were not done at the first, by id. */
export async function attemptsOf(folder: string): Promise<ReadonlyMap<string, Attempts>> {
  return noted(folder, jobNames.attempts, countLines);
}

/** What small files of a folder say, by their names. */
async function noted<T>(folder: string, kind: string, read: (text: string) => T): Promise<ReadonlyMap<string, T>> {
  const ids = await placeOf(folder).names(kind);
  const found = new Map<string, T>();
  let next = 0;
  for await (const text of mapInOrder(ids.length, (index) => textOf(folder, kind, ids[index]!), atOnce)) {
    found.set(ids[next++]!, read(text));
  }
  return found;
}

async function textOf(folder: string, kind: string, id: string): Promise<string> {
  const bytes = await placeOf(folder)
    .read(`${kind}/${id}`)
    .catch(() => undefined);
  return new TextDecoder().decode(bytes);
}

function countLines(text: string): Attempts {
  const count = (word: string): number => text.split("\n").filter((line) => line === word).length;
  const begun = count(words.begun);
  return { begun, crashes: begun - count(words.ended) };
}
