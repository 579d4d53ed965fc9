/** Scorings as the studio reads them: what their runs have kept so far, by the run's id. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { piecesOf } from "../../score/index.ts";
import { notFound } from "../../service/index.ts";
import {
  listSets,
  type NumbersName,
  printSize,
  readAbout,
  readNumbers,
  readSet,
  type ScoredSetFile,
  type ScoringAbout,
  scoresFolder,
} from "./scoring-files.ts";

/** A set of a scoring. */
export interface ReadSet extends ScoredSetFile {
  /** Its number in the request. */
  readonly place: number;
  /** The number of its first image among all of the scoring. */
  readonly first: number;
}

/** A scoring as far as it is. */
export interface Scoring {
  readonly about: ScoringAbout;
  readonly sets: readonly ReadSet[];
  readonly count: number;
}

/** An image of a scoring. */
export interface ScoredImagePlace {
  readonly set: ReadSet;
  /** Its place within the set. */
  readonly position: number;
}

/** Scorings that are kept in memory: names of a hundred thousand images are some megabytes. */
const mostKept = 4;

/** Reads scorings; what has not changed on disk is not read again. */
export interface Scorings {
  /** Throws Refusal (404) where nothing was scored yet. */
  read(run: string): Promise<Scoring>;
}

/** Makes it. `folderOf` gives the folder of a run. */
export function openScorings(folderOf: (run: string) => string): Scorings {
  const kept = new Map<string, { readonly stamp: string; readonly scoring: Scoring }>();
  return {
    async read(run) {
      const folder = folderOf(run);
      const indices = await listSets(folder);
      const stamp = await stampOf(folder, indices);
      const known = kept.get(run);
      if (known?.stamp === stamp) return known.scoring;
      const scoring = await readScoring(folder, indices);
      kept.delete(run);
      kept.set(run, { stamp, scoring });
      if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
      return scoring;
    },
  };
}

async function stampOf(folder: string, indices: readonly number[]): Promise<string> {
  const times = indices.map(async (index) => {
    const entry = await stat(join(scoresFolder(folder), `set-${index}.json`)).catch(() => undefined);
    return `${index}:${entry?.mtimeMs}:${entry?.size}`;
  });
  return (await Promise.all(times)).join(" ");
}

async function readScoring(folder: string, indices: readonly number[]): Promise<Scoring> {
  const about = await readAbout(folder);
  if (!about) throw notFound("scores", "some that were made", "none yet");
  const sets: ReadSet[] = [];
  let first = 0;
  for (const place of indices) {
    const file = await readSet(folder, place);
    if (!file) continue;
    sets.push({ ...file, place, first });
    first += file.names.length;
  }
  return { about, sets, count: first };
}

/** The image of a number, which came from outside. Throws Refusal (404). */
export function imageOf({ sets, count }: Scoring, number: string): ScoredImagePlace {
  const wanted = /^\d{1,9}$/.test(number) ? Number(number) : Number.NaN;
  const set = sets.findLast(({ first }) => first <= wanted);
  if (!(wanted < count) || !set) throw notFound("image", "the number of one that was scored", "another");
  return { set, position: wanted - set.first };
}

/** The place of a score by its name, which came from outside. Throws Refusal (404). */
export function scoreOf({ about }: Scoring, name: string): number {
  const place = about.scores.findIndex((score) => score.name === name);
  if (place < 0) throw notFound("score", "one of those that were measured", "another");
  return place;
}

/** Bytes of one image's numbers; of scores, those of a column. */
const sizes: { readonly [Name in NumbersName]: (about: ScoringAbout) => number } = {
  scores: () => 8,
  terms: ({ general, scales }) => (general ? 2 : 1) * piecesOf(scales) * 2 * 4,
  prints: () => printSize,
};

/** One score of all images, float64. */
export async function readColumn(
  folder: string,
  { sets, count }: Scoring,
  score: number,
): Promise<Float64Array<ArrayBuffer>> {
  const column = new Float64Array(count);
  for (const { place, first, names } of sets) {
    const size = 8 * names.length;
    const bytes = await readNumbers(folder, place, "scores", { offset: score * size, size });
    column.set(new Float64Array(bytes.buffer), first);
  }
  return column;
}

/** Terms or prints of all images of a set. */
export function readRows(
  folder: string,
  { about }: Pick<Scoring, "about">,
  { place, names }: ReadSet,
  name: Exclude<NumbersName, "scores">,
): Promise<Uint8Array<ArrayBuffer>> {
  return readNumbers(folder, place, name, { offset: 0, size: sizes[name](about) * names.length });
}

/** Terms or a print of one image. */
export function readRow(
  folder: string,
  { about }: Pick<Scoring, "about">,
  { set, position }: ScoredImagePlace,
  name: Exclude<NumbersName, "scores">,
): Promise<Uint8Array<ArrayBuffer>> {
  const size = sizes[name](about);
  return readNumbers(folder, set.place, name, { offset: size * position, size });
}

/** Every score of one image. */
export async function readScores(
  folder: string,
  { about }: Scoring,
  { set, position }: ScoredImagePlace,
): Promise<number[]> {
  const scores: number[] = [];
  for (const column of about.scores.keys()) {
    const offset = 8 * (column * set.names.length + position);
    scores.push(new Float64Array((await readNumbers(folder, set.place, "scores", { offset, size: 8 })).buffer)[0]!);
  }
  return scores;
}
