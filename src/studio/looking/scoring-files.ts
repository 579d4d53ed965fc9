/**
 * What a scoring keeps on disk, in the folder of its run: what it says of the detector, and for every set of images names, scores, terms and small
 * prints of the pixels. Numbers are columns of bytes, little-endian, which pages take as they are. A set counts once its JSON is there.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../../data/index.ts";
import type { Manifest } from "../../detector/index.ts";
import { setKinds } from "./looking-requests.ts";

const countSchema = z.number().int().min(0);

/** What a scoring says of its detector. */
const aboutSchema = z.strictObject({
  version: z.literal(1),
  detector: z.string(),
  /** Tells whether the calibration is still the one that these scores are of. */
  calibration: z.string(),
  scores: z.array(z.strictObject({ name: z.string(), unit: z.enum(["nats", "deviations"]) })),
  defaultScore: z.string(),
  scales: countSchema,
  general: z.boolean(),
  /** Numbers in an image. */
  dimensions: countSchema,
  /** The scores of normal images that p-values rest on, by score: the finite ones, ascending. */
  references: z.record(z.string(), z.strictObject({ count: countSchema, scores: z.array(z.number()) })),
});

const problemSchema = z.strictObject({ name: z.string(), reason: z.string() });

/** A set as it was scored. */
const setSchema = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  kind: z.enum(setKinds),
  /** Where the images are. */
  location: z.string(),
  /** Images that were found, and whether all of them were looked at. */
  total: countSchema,
  complete: z.boolean(),
  names: z.array(z.string()),
  /** Where each image stands in its location. */
  indices: z.array(countSchema),
  classNames: z.array(z.string().nullable()),
  skipped: z.array(problemSchema),
  skippedCount: countSchema,
});

export type ScoringAbout = z.output<typeof aboutSchema>;
export type ScoredSetFile = z.output<typeof setSchema>;

/** Side of the grey prints by which images are compared, pixels. */
export const printSide = 16;
/** Bytes of a print. */
export const printSize = printSide * printSide;

/** The numbers of a set. */
export interface SetNumbers {
  /** A column of [count] for every score, one after another. */
  readonly scores: Float64Array;
  /** [count, models, scales, 2] in nats: log-det and prior term of every scale, of the normal model and then of the general one where there is one. */
  readonly terms: Float32Array;
  /** [count, 256]. */
  readonly prints: Uint8Array;
}

/** Which file holds which numbers of a set. */
export type NumbersName = keyof SetNumbers;

const folderName = "scores";
const aboutName = "scoring.json";
const evaluationName = "evaluation.json";
const setPattern = /^set-(\d{1,3})\.json$/;

/** The folder that holds what a run has scored. */
export function scoresFolder(run: string): string {
  return join(run, folderName);
}

/** What tells one calibration from another. */
export function calibrationIdentity({ calibration }: Pick<Manifest, "calibration">): string {
  return createHash("sha256").update(JSON.stringify(calibration)).digest("hex").slice(0, 16);
}

/** Writes what is said of the detector. */
export async function writeAbout(run: string, about: ScoringAbout): Promise<void> {
  await mkdir(scoresFolder(run), { recursive: true });
  await writeFileAtomic(join(scoresFolder(run), aboutName), `${JSON.stringify(about)}\n`);
}

/** Undefined where there is none yet, or one that cannot be read. */
export async function readAbout(run: string): Promise<ScoringAbout | undefined> {
  return readJsonFile(join(scoresFolder(run), aboutName), aboutSchema);
}

/** Writes a set: its numbers, and then what makes them count. */
export async function writeSet(run: string, index: number, set: ScoredSetFile, numbers: SetNumbers): Promise<void> {
  const folder = scoresFolder(run);
  await mkdir(folder, { recursive: true });
  for (const name of ["scores", "terms", "prints"] as const) {
    const { buffer, byteOffset, byteLength } = numbers[name];
    await writeFileAtomic(
      join(folder, `set-${index}.${name}`),
      new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
    );
  }
  await writeFileAtomic(join(folder, `set-${index}.json`), `${JSON.stringify(set)}\n`);
}

/** The sets that are there, by their numbers. */
export async function listSets(run: string): Promise<number[]> {
  const names = await readdir(scoresFolder(run)).catch(() => []);
  return names
    .flatMap((name) => setPattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Undefined where it is not there or cannot be read. */
export function readSet(run: string, index: number): Promise<ScoredSetFile | undefined> {
  return readJsonFile(join(scoresFolder(run), `set-${index}.json`), setSchema);
}

/** Some bytes of a set's numbers. Throws what the file system throws, and an Error where the file ends before. */
export async function readNumbers(
  run: string,
  index: number,
  name: NumbersName,
  { offset, size }: { readonly offset: number; readonly size: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(join(scoresFolder(run), `set-${index}.${name}`), "r");
  try {
    const bytes = new Uint8Array(size);
    const { bytesRead } = await file.read(bytes, { position: offset });
    if (bytesRead !== size) throw new Error(`the ${name} of set ${index} end early`);
    return bytes;
  } finally {
    await file.close();
  }
}

/** Writes how well scores tell sets apart. */
export async function writeEvaluation(run: string, evaluation: object): Promise<void> {
  await writeFileAtomic(join(scoresFolder(run), evaluationName), `${JSON.stringify(evaluation)}\n`);
}

/** Undefined where nothing was evaluated. */
export function readEvaluation<Schema extends z.ZodType>(
  run: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  return readJsonFile(join(scoresFolder(run), evaluationName), schema);
}

async function readJsonFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}
