/** The test images of a reproduction, and what the models of a seed say of them: measured once, kept as JSON. */
import { mkdir, readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { AnalyzedDetector, AnalyzedSet } from "../../analysis/index.ts";
import { FormatError, messageOf } from "../../base/index.ts";
import { type ImageSet, loadImages, openImages, writeFileAtomic } from "../../data/index.ts";
import { coderTerms, loadManifest } from "../../detector/index.ts";
import { flowOf } from "../../model/index.ts";
import {
  type ClassTable,
  joinModelTerms,
  type ModelTerms,
  makeClassTable,
  makeTermTable,
  type TermTable,
} from "../../score/index.ts";
import type { Console } from "../console.ts";
import { openDetectorWith } from "../detectors.ts";
import { type DetectorName, detectorNamesOf, modelFolder, type SupervisedName } from "./models.ts";
import type { Plan } from "./plan.ts";

/** The normal images under comparison go by this name. */
export const normalName = "normal";

/** A set of test images in memory. */
export interface TestSet {
  readonly name: string;
  readonly location: string;
  readonly images: ImageSet;
  /** Of every image, by coder; empty where coders do not take such images. */
  readonly coders: Pick<ModelTerms, "coders">;
}

/** The detectors of a seed with the terms of every test set. Their `scores` are empty: who shows them chooses. */
export interface ScoredSeed {
  readonly seed: number;
  readonly detectors: Readonly<Record<Exclude<DetectorName, SupervisedName>, AnalyzedDetector>>;
  readonly supervised: Readonly<Record<SupervisedName, AnalyzedDetector>> | undefined;
}

/** A detector of a seed; undefined for those of the supervised setting where it is not part of the plan. */
export function detectorOf({ detectors, supervised }: ScoredSeed, name: DetectorName): AnalyzedDetector | undefined {
  return { ...detectors, classes: supervised?.classes, exposed: supervised?.exposed }[name];
}

/** Images scored between two lines of progress. */
const chunk = 512;

/** Reads the test sets, the normal one first. */
export async function readTestSets({ data, input }: Plan, output: Console): Promise<TestSet[]> {
  const sets: TestSet[] = [];
  for (const { name, location } of [{ name: normalName, location: data.test }, ...data.anomalous]) {
    output.live(`reading ${location}`);
    const source = await openImages(location, `reproduce: ${name === normalName ? "--test" : "--anomalous"}`);
    const images = await loadImages(source, input, { strict: false });
    output.problems(images.problems);
    sets.push({ name, location, images, coders: await coderTerms(images.pixels, input) });
  }
  output.settle();
  return sets;
}

/** Scores the test sets with the detectors of a seed, where an earlier call has not done it. */
export async function scoreSeed(
  plan: Plan,
  out: string,
  seed: number,
  sets: readonly TestSet[],
  threads: number | undefined,
  output: Console,
): Promise<ScoredSeed> {
  const detectors: Partial<Record<DetectorName, AnalyzedDetector>> = {};
  for (const name of detectorNamesOf(plan)) {
    const folder = modelFolder(out, seed, name);
    const path = join(out, `seed-${seed}`, "scores", `${name}.json`);
    const manifest = await loadManifest(folder);
    const kept = await readTerms(path, sets);
    const terms = kept ?? (await scoreSets(folder, sets, threads, plan.device, output));
    if (!kept) await writeTerms(path, sets, terms);
    const scored = sets.map(
      (set, index): AnalyzedSet => ({
        name: set.name,
        normal: set.name === normalName,
        location: set.location,
        names: set.images.names,
        pixels: set.images.pixels,
        terms: { ...terms[index]!, ...set.coders },
        skipped: set.images.problems,
      }),
    );
    detectors[name] = { name, folder, manifest, flow: flowOf(manifest.training, "normal"), scores: [], sets: scored };
  }
  const { plain, margin, outlier, classes, exposed } = detectors;
  return {
    seed,
    detectors: { plain: plain!, margin: margin!, outlier: outlier! },
    supervised: classes && exposed && { classes, exposed },
  };
}

async function scoreSets(
  folder: string,
  sets: readonly TestSet[],
  threads: number | undefined,
  device: Plan["device"],
  output: Console,
): Promise<ModelTerms[]> {
  const engine = { threads: threads ?? availableParallelism(), device, quiet: false, json: false };
  const detector = await openDetectorWith(folder, engine);
  try {
    const scored: ModelTerms[] = [];
    for (const { name, images } of sets) {
      const size = images.pixels.length / images.count;
      const parts: ModelTerms[] = [];
      for (let first = 0; first < images.count; first += chunk) {
        output.live(`scoring with ${folder}: ${name}, ${first} of ${images.count} images`);
        parts.push(await detector.terms(images.pixels.subarray(first * size, (first + chunk) * size)));
      }
      scored.push(joinModelTerms(parts));
    }
    output.settle();
    return scored;
  } finally {
    await detector.dispose();
  }
}

const tableSchema = z.strictObject({ count: z.number(), scales: z.number(), values: z.string() });
const classTableSchema = z.strictObject({ count: z.number(), names: z.array(z.string()), values: z.string() });
const termsSchema = z.strictObject({
  /** [count, scales, {log-det, prior}] as float32, little-endian, base64: exact, and not every term is finite. */
  encoding: z.literal("float32 base64"),
  sets: z.array(
    z.strictObject({
      name: z.string(),
      fingerprint: z.string(),
      dimensions: z.number(),
      normal: tableSchema,
      general: tableSchema.optional(),
      local: tableSchema.optional(),
      classes: classTableSchema.optional(),
      classifier: classTableSchema.optional(),
    }),
  ),
});

type StoredClassTable = z.infer<typeof classTableSchema>;
type StoredTable = z.infer<typeof tableSchema>;

async function writeTerms(path: string, sets: readonly TestSet[], terms: readonly ModelTerms[]): Promise<void> {
  const content: z.infer<typeof termsSchema> = {
    encoding: "float32 base64",
    sets: sets.map(({ name, images }, index) => {
      const { normal, general, local, classes, classifier, dimensions } = terms[index]!;
      return {
        name,
        fingerprint: images.fingerprint,
        dimensions,
        normal: encodeTable(normal),
        ...(general && { general: encodeTable(general) }),
        ...(local && { local: encodeTable(local) }),
        ...(classes && { classes: encodeClasses(classes) }),
        ...(classifier && { classifier: encodeClasses(classifier) }),
      };
    }),
  };
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, `${JSON.stringify(content)}\n`);
}

/** The kept terms; undefined where there are none, or of other images. Throws FormatError where they are damaged. */
async function readTerms(path: string, sets: readonly TestSet[]): Promise<ModelTerms[] | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new FormatError(`reproduce: could not read '${path}': ${messageOf(error)}; remove it to score again`);
  });
  if (text === undefined) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`reproduce: '${path}': expected JSON, got ${messageOf(error)}; remove it to score again`);
  }
  const result = termsSchema.safeParse(content);
  if (!result.success) throw new FormatError(`reproduce: '${path}' was damaged; remove it to score again`);
  const stored = result.data.sets;
  const same =
    stored.length === sets.length && stored.every((one, i) => one.fingerprint === sets[i]!.images.fingerprint);
  if (!same) return undefined;
  return stored.map(({ dimensions, normal, general, local, classes, classifier }) => ({
    dimensions,
    normal: decodeTable(normal),
    ...(general && { general: decodeTable(general) }),
    ...(local && { local: decodeTable(local) }),
    ...(classes && { classes: decodeClasses(classes) }),
    ...(classifier && { classifier: decodeClasses(classifier) }),
  }));
}

function encodeTable({ count, scales, values }: TermTable): StoredTable {
  return { count, scales, values: encodeNumbers(values) };
}

function decodeTable({ count, scales, values }: StoredTable): TermTable {
  return makeTermTable(count, scales, decodeNumbers(values));
}

function encodeClasses({ count, names, values }: ClassTable): StoredClassTable {
  return { count, names: [...names], values: encodeNumbers(values) };
}

function decodeClasses({ count, names, values }: StoredClassTable): ClassTable {
  return makeClassTable(count, names, decodeNumbers(values));
}

function encodeNumbers(values: Float32Array): string {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, 4 * index);
  return bytes.toString("base64");
}

function decodeNumbers(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
}
