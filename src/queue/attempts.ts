/** How often shards were begun, and why some could not be scored: small files that outlive the processes that write them. */
import { jobNames, type Shard } from "./job-files.ts";
import { placeOf } from "./job-place.ts";

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

/** Notes why a shard could not be scored. */
export async function noteFailure(folder: string, { id }: Shard, reason: string): Promise<void> {
  await placeOf(folder)
    .append(`${jobNames.failures}/${id}`, `${reason.replaceAll("\n", " ")}\n`)
    .catch(() => undefined);
}

/** The last reason of every shard that could not be scored, by its id. */
export async function failuresOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const ids = await placeOf(folder).names(jobNames.failures);
  const reasons = await Promise.all(ids.map((id) => textOf(folder, jobNames.failures, id)));
  return new Map(ids.map((id, index) => [id, reasons[index]!.trimEnd().split("\n").at(-1) ?? ""]));
}

/** The attempts at all shards that were not done at the first, by id. */
export async function attemptsOf(folder: string): Promise<ReadonlyMap<string, Attempts>> {
  const ids = await placeOf(folder).names(jobNames.attempts);
  const texts = await Promise.all(ids.map((id) => textOf(folder, jobNames.attempts, id)));
  return new Map(ids.map((id, index) => [id, countLines(texts[index]!)]));
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
