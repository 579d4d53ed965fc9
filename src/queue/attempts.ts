/** How often shards were begun, and why some could not be scored: small files that outlive the processes that write them. */
import { appendFile, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { jobNames, type Shard } from "./job-files.ts";

/** What is known of the attempts at a shard. */
export interface Attempts {
  readonly begun: number;
  /** Attempts whose process ended without a word. */
  readonly crashes: number;
}

const words = { begun: "begun", ended: "ended" } as const;

/** Notes that a shard is begun, and tells of earlier attempts. */
export async function beginAttempt(folder: string, { id }: Shard): Promise<Attempts> {
  await mkdir(join(folder, jobNames.attempts), { recursive: true });
  const path = join(folder, jobNames.attempts, id);
  const earlier = countLines(await readFile(path, "utf8").catch(() => ""));
  await appendFile(path, `${words.begun}\n`);
  return earlier;
}

/** Notes that an attempt ended in a way that a process lives through. */
export async function endAttempt(folder: string, { id }: Shard): Promise<void> {
  await appendFile(join(folder, jobNames.attempts, id), `${words.ended}\n`).catch(() => undefined);
}

/** Forgets the attempts at a shard that is done at the first. */
export async function settleAttempts(folder: string, { id }: Shard, { begun }: Attempts): Promise<void> {
  if (begun === 0) await rm(join(folder, jobNames.attempts, id), { force: true }).catch(() => undefined);
  await rm(join(folder, jobNames.failures, id), { force: true }).catch(() => undefined);
}

/** Notes why a shard could not be scored. */
export async function noteFailure(folder: string, { id }: Shard, reason: string): Promise<void> {
  await mkdir(join(folder, jobNames.failures), { recursive: true }).catch(() => undefined);
  await appendFile(join(folder, jobNames.failures, id), `${reason.replaceAll("\n", " ")}\n`).catch(() => undefined);
}

/** The last reason of every shard that could not be scored, by its id. */
export async function failuresOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const place = join(folder, jobNames.failures);
  const ids = await readdir(place).catch((): string[] => []);
  const reasons = await Promise.all(ids.map((id) => readFile(join(place, id), "utf8").catch(() => "")));
  return new Map(ids.map((id, index) => [id, reasons[index]!.trimEnd().split("\n").at(-1) ?? ""]));
}

/** The attempts at all shards that were not done at the first, by id. */
export async function attemptsOf(folder: string): Promise<ReadonlyMap<string, Attempts>> {
  const place = join(folder, jobNames.attempts);
  const ids = await readdir(place).catch((): string[] => []);
  const texts = await Promise.all(ids.map((id) => readFile(join(place, id), "utf8").catch(() => "")));
  return new Map(ids.map((id, index) => [id, countLines(texts[index]!)]));
}

function countLines(text: string): Attempts {
  const count = (word: string): number => text.split("\n").filter((line) => line === word).length;
  const begun = count(words.begun);
  return { begun, crashes: begun - count(words.ended) };
}
