/**
 * Making a job: its images are listed shard by shard, so that memory holds one location's list at most, and of a list of files or a large folder one shard's.
 * Shards and their names are functions of what is to be scored: making a job twice changes nothing.
 */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { ConfigError, setting } from "../base/index.ts";
import {
  type ImageSource,
  isLongList,
  type ListedImage,
  listInPieces,
  openImages,
  openLargeFolder,
  type PreparationProblem,
  parseLocation,
  readableName,
  recordedLocation,
} from "../data/index.ts";
import { copyDetector, folderReader, loadManifest, type Manifest, manifestName } from "../detector/index.ts";
import { checkCalibrated } from "../score/index.ts";
import { isStoreAddress } from "../storage/index.ts";
import {
  type Decision,
  decisionOf,
  refuseGeneral,
  scoringIdentity,
  type Watch,
  type WishedRule,
} from "../workflow/index.ts";
import {
  idOfShard,
  type Job,
  type JobRecord,
  jobNames,
  listName,
  openJob,
  readRecord,
  type Shard,
} from "./job-files.ts";
import { placeOf } from "./job-place.ts";
import { refuseFolderLeases } from "./store-place.ts";

/** Images scored in one pass of the engine: shards of whole passes give the very numbers of one prediction. */
export const passSize = 64;

/** Images of a shard where nothing is said. */
export const usualShardSize = 80 * passSize;

/** What a job is to be. */
export interface JobRequest {
  /** Locations, each listed by itself. */
  readonly locations: readonly string[];
  readonly detector: string;
  /** The job's folder. */
  readonly out: string;
  /** Images of a shard. Default: 5120. */
  readonly shard?: number | undefined;
  readonly score?: string | undefined;
  readonly rule?: WishedRule | undefined;
  /** Files from which on a folder is listed piece by piece, as lists are, and no worker lists it again. Default: 50,000. */
  readonly largeFolder?: number | undefined;
  /** A broker's address. Default: none, shards are handed out by the folder. */
  readonly queue?: string | undefined;
}

/** What making a job came to. */
export interface JobOutcome {
  readonly job: Job;
  /** Whether it was there already. */
  readonly existed: boolean;
}

/**
 * Makes a job, or finds that it is there. Throws ConfigError where another job is in the folder or makes one, for locations without images and for what
 * the detector lacks; RunError where the disk refuses.
 */
export async function createJob(request: JobRequest, watch: Watch = {}): Promise<JobOutcome> {
  const { out, detector, shard: shardSize = usualShardSize } = request;
  refuseFolderLeases(out, request.queue);
  const manifest = await loadManifest(detector);
  refuseGeneral(detector, manifest);
  // All that can be wrong with the rule is found before images are listed; a budget asks for their number.
  const first = decisionOf({ manifest }, { score: request.score, rule: request.rule }, Number.MAX_SAFE_INTEGER);
  checkCalibrated(manifest.calibration, first.score);
  const claimed = await placeOf(out).claim();
  if ("holder" in claimed) {
    throw new ConfigError({
      code: "busy",
      subject: setting("out"),
      expected: "a folder that nobody makes a job in",
      got: `'${out}', in which process ${claimed.holder} does`,
      remedy: { key: "choose-another" },
    });
  }
  try {
    return await makeJob({ ...request, shard: shardSize }, manifest, first, watch);
  } finally {
    await claimed.release();
  }
}

async function makeJob(
  request: JobRequest & { readonly shard: number },
  manifest: Manifest,
  first: Decision,
  { onEvent, signal }: Watch,
): Promise<JobOutcome> {
  const { out, detector, locations: typed, shard: shardSize, queue, largeFolder } = request;
  const identity = scoringIdentity(manifest);
  const locations = await Promise.all(typed.map((one) => recordedLocation(one, "images")));
  const there = await readRecord(out).catch((error: unknown) => {
    if (error instanceof ConfigError && error.fault?.code === "not-found") return undefined;
    throw error;
  });
  const file = await placeOf(out).openLines(jobNames.shards);
  const hash = createHash("sha256").update(JSON.stringify([locations, shardSize]));
  const problems: PreparationProblem[] = [];
  let [index, start] = [0, 0];
  try {
    for (const location of locations) {
      for await (const piece of piecesOf(location, { size: shardSize, largeFolder }, problems)) {
        signal?.throwIfAborted();
        const { names, list, first: place } = piece;
        const id = idOfShard({ identity, decision: first }, { index, location, isList: !!list, first: place }, names);
        const inside = list ? await writeList(out, index, id, list) : location;
        const shard: Shard = { index, id, location: inside, isList: !!list, first: place, count: names.length, start };
        await file.write(JSON.stringify(shard));
        hash.update(id);
        index++;
        start += names.length;
        onEvent?.({ kind: "progress", task: "reading", subject: location, done: start, total: start });
      }
    }
    onEvent?.({ kind: "settled" });
    if (start === 0) {
      throw new ConfigError({ code: "too-few-images", subject: "images", expected: "images", got: "none" });
    }
    const decision = decisionOf({ manifest }, { score: request.score, rule: request.rule }, start);
    hash.update(JSON.stringify([identity, decision]));
    const record: JobRecord = {
      format: "outglow-job",
      version: 1,
      id: hash.digest("hex").slice(0, 16),
      locations,
      detector: resolve(detector),
      identity,
      decision,
      images: start,
      shards: index,
      shardSize,
      queue: queue ?? null,
      problems,
    };
    if (there) {
      if (there.id !== record.id) throw otherJob(out, there, record);
      await copyModels(detector, out);
      if (there.queue !== record.queue) await writeRecord(out, record);
      return { job: await openJob(out), existed: true };
    }
    await file.commit();
    await copyModels(detector, out);
    // The record comes last: a folder with one is a whole job.
    await writeRecord(out, record);
    return { job: await openJob(out), existed: false };
  } finally {
    await file.discard();
  }
}

function writeRecord(out: string, record: JobRecord): Promise<void> {
  return placeOf(out).write(jobNames.job, `${JSON.stringify(record, undefined, 2)}\n`);
}

/** Some images of a location, in order. */
interface Piece {
  readonly names: readonly string[];
  readonly first: number;
  /** Of a list that was not opened as a whole. */
  readonly list?: readonly ListedImage[];
}

async function* piecesOf(
  location: string,
  { size, largeFolder }: { readonly size: number; readonly largeFolder: number | undefined },
  problems: PreparationProblem[],
): AsyncGenerator<Piece> {
  const { path, selection } = parseLocation(location, "images");
  const isWhole = Object.keys(selection).length === 0;
  if (isWhole && isLongList(path) && (await isFile(path))) {
    for await (const list of listInPieces(path, size, "images")) yield pieceOf(list);
    return;
  }
  const folder = isWhole ? await openLargeFolder(path, "images", largeFolder) : undefined;
  if (folder) {
    for await (const paths of folder.pieces(size)) yield pieceOf(paths.map((one) => ({ path: one })));
    problems.push(...folder.problems);
    return;
  }
  const source = await openImages(location, "images");
  problems.push(...source.problems);
  for (let first = 0; first < source.length; first += size) {
    yield { names: namesOf(source, first, Math.min(size, source.length - first)), first };
  }
}

/** A shard of a list, its images named as whoever opens the list names them. */
function pieceOf(list: readonly ListedImage[]): Piece {
  return { names: list.map(({ path }) => readableName(path)), first: 0, list };
}

/** The names of some images of a source. */
export function namesOf(source: ImageSource, first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => source.name(first + index));
}

async function isFile(path: string): Promise<boolean> {
  if (isStoreAddress(path)) return true;
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** The piece of a list that a shard is, as a list of its own. One that is there is the same, as its name tells. */
async function writeList(out: string, index: number, id: string, list: readonly ListedImage[]): Promise<string> {
  const name = listName({ index, id });
  const place = placeOf(out);
  // Not synced one by one, which would take most of the time; a list that is not whole does not have the names that its shard tells.
  const inside = `${jobNames.lists}/${name}`;
  if (!(await place.has(inside))) {
    await place.writeSoon(inside, list.map((image) => `${JSON.stringify(image)}\n`).join(""));
  }
  return name;
}

/** Copies what scores into the job, checked: a detector that is trained anew beside it changes no row. */
async function copyModels(detector: string, out: string): Promise<void> {
  const place = placeOf(out);
  if (await place.has(`${jobNames.detector}/${manifestName}`)) return;
  await place.writeFolder(jobNames.detector, (await copyDetector(folderReader(detector))).files);
}

function otherJob(out: string, there: JobRecord, wanted: JobRecord): ConfigError {
  const differs = (["locations", "identity", "shardSize", "images", "decision"] as const).filter(
    (key) => JSON.stringify(there[key]) !== JSON.stringify(wanted[key]),
  );
  const words = {
    locations: "locations",
    identity: "detector",
    shardSize: "size of shards",
    images: "images",
    decision: "rule",
  };
  const what = differs.map((key) => words[key]).join(", ") || "list of images";
  return new ConfigError({
    code: "exists",
    subject: setting("out"),
    expected: "a new folder, or one with the same job",
    got: `'${out}', whose job has another ${what}`,
    remedy: { key: "choose-another" },
  });
}
