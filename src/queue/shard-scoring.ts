/** The rows of some images of a shard, through the same code as `predict`. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, FormatError, internalError } from "../base/index.ts";
import {
  type ImageSource,
  openImages,
  openTemporaryFolder,
  type PreparationProblem,
  pickImages,
} from "../data/index.ts";
import type { Detector } from "../detector/index.ts";
import { isStoreAddress } from "../storage/index.ts";
import { type Prediction, predict } from "../workflow/index.ts";
import { namesOf } from "./creating.ts";
import { idOfShard, type Job, jobNames, type Shard } from "./job-files.ts";
import { placeOf } from "./job-place.ts";
import type { JobRow } from "./shard-tables.ts";

/** Sources that are open: a location is listed once, however many shards it has. */
export type OpenSources = Map<string, Promise<ImageSource>>;

/** Sources kept at a time: a folder of millions of files takes hundreds of megabytes. */
const mostOpen = 2;

/** Opens the images of a shard. Throws FormatError where they are not those that the job was made of, and as `openImages`. */
export async function openShard({ folder, record }: Job, shard: Shard, open: OpenSources): Promise<ImageSource> {
  const location = shard.isList ? `${folder}/${jobNames.lists}/${shard.location}` : shard.location;
  let opening = open.get(location);
  if (!opening) {
    for (const key of [...open.keys()].slice(0, Math.max(0, open.size + 1 - mostOpen))) open.delete(key);
    opening = isStoreAddress(folder) && shard.isList ? openFetched(folder, shard) : openImages(location, "images");
    open.set(location, opening);
    opening.catch(() => open.delete(location));
  }
  const source = await opening;
  const { first, count } = shard;
  const names = first + count <= source.length ? namesOf(source, first, count) : [];
  if (idOfShard(record, shard, names) !== shard.id) {
    open.delete(location);
    throw new FormatError({
      code: "other-images",
      subject: `'${location}'`,
      expected: "the images that the job was made of",
      got: "others",
      remedy: { key: "other", text: "make a new job" },
    });
  }
  return source;
}

/** Opens the list of a shard of a job on a store. Fetched first: it may name files of this machine, as the job's own lists do, wherever they lie. */
async function openFetched(folder: string, { location }: Shard): Promise<ImageSource> {
  const list = await placeOf(folder).read(`${jobNames.lists}/${location}`);
  const temporary = await openTemporaryFolder("outglow-list");
  try {
    const path = join(temporary.path, location);
    await writeFile(path, list ?? "");
    return await openImages(path, "images");
  } finally {
    await temporary.close();
  }
}

/** Which images of a shard. */
export interface Part {
  readonly first: number;
  readonly count: number;
}

/**
 * Scores images of a shard: a row for each, in order. Throws the signal's reason where it calls the work off, and what ends a prediction.
 */
export async function scorePart(
  detector: Detector,
  { record: { decision } }: Job,
  shard: Shard,
  source: ImageSource,
  { first, count }: Part,
  signal?: AbortSignal,
): Promise<JobRow[]> {
  const indices = Array.from({ length: count }, (_, index) => shard.first + first + index);
  // What could not be listed is told of by the job.
  const images: ImageSource = { ...pickImages(source, indices), problems: [] };
  const scored: Prediction[] = [];
  const problems: PreparationProblem[] = [];
  const { score, rule } = decision;
  const options = { score, rule, onProblem: (problem: PreparationProblem) => problems.push(problem) };
  try {
    for await (const row of predict(detector, images, options, { signal })) {
      const { pixels: _pixels, maps: _maps, ...prediction } = row;
      scored.push(prediction);
    }
  } catch (error) {
    // Told of one by one above.
    if (!isNoneUsable(error)) throw error;
  }
  return joinRows(images, shard.start + first, scored, problems, decision.together);
}

function isNoneUsable(error: unknown): boolean {
  return error instanceof ConfigError && error.fault?.code === "too-few-images";
}

/** One row an image, in order: what was scored and what could not be read, both of which come in the order of the images. */
function joinRows(
  images: ImageSource,
  start: number,
  scored: readonly Prediction[],
  problems: readonly PreparationProblem[],
  together: boolean,
): JobRow[] {
  let [nextScored, nextProblem] = [0, 0];
  return Array.from({ length: images.length }, (_, index) => {
    const file = images.name(index);
    const row = scored[nextScored];
    if (row?.file === file) {
      nextScored++;
      return scoredRow(start + index, row, together);
    }
    const problem = problems[nextProblem];
    if (problem?.name !== file) throw internalError(`nothing is said of '${file}'`);
    nextProblem++;
    return unreadableRow(start + index, file, problem.reason);
  });
}

function scoredRow(image: number, row: Prediction, together: boolean): JobRow {
  const { file, score, pValue, anomalous, scores, spokesman, predictedClass, classProbability, columns } = row;
  return {
    image,
    file,
    score,
    pValue,
    anomalous: together ? null : anomalous,
    scores: classProbability == null ? scores : { ...scores, class_probability: classProbability },
    texts: {
      ...(spokesman === undefined ? {} : { spokesman }),
      ...(predictedClass == null ? {} : { predicted_class: predictedClass }),
      ...columns,
    },
    error: null,
  };
}

/** The row of an image that could not be read. */
export function unreadableRow(image: number, file: string, error: string): JobRow {
  return { image, file, score: null, pValue: null, anomalous: null, scores: {}, texts: {}, error };
}
