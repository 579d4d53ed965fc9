/** The test images of a reproduction, and what the models of a seed say of them: measured once, kept as JSON. */
import { join } from "node:path";
import type { AnalyzedDetector, AnalyzedSet } from "../analysis/index.ts";
import { setting } from "../base/index.ts";
import { type ImageSet, loadImages, openImages } from "../data/index.ts";
import { coderTerms, loadManifest } from "../detector/index.ts";
import { flowOf } from "../model/index.ts";
import type { ProgramOptions } from "../runtime/index.ts";
import { joinModelTerms, type ModelTerms } from "../score/index.ts";
import { openDetector, type Watch } from "../workflow/index.ts";
import { readTerms, writeTerms } from "./kept-terms.ts";
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

/** Images scored between two looks at the signal. */
const chunk = 512;

/** Reads the test sets, the normal one first. */
export async function readTestSets({ data, input }: Plan, { onEvent, signal }: Watch): Promise<TestSet[]> {
  const sets: TestSet[] = [];
  for (const { name, location } of [{ name: normalName, location: data.test }, ...data.anomalous]) {
    signal?.throwIfAborted();
    const source = await openImages(location, setting(name === normalName ? "test" : "anomalous"));
    onEvent?.({ kind: "progress", task: "reading", subject: location, done: 0, total: source.length });
    const images = await loadImages(source, input, { strict: false });
    if (images.problems.length > 0) onEvent?.({ kind: "skipped", subject: location, problems: images.problems });
    sets.push({ name, location, images, coders: await coderTerms(images.pixels, input) });
  }
  onEvent?.({ kind: "settled" });
  return sets;
}

/** Which detectors are to score, and how. */
export interface SeedScoring {
  readonly plan: Plan;
  readonly out: string;
  readonly seed: number;
  readonly engine: ProgramOptions;
}

/** Scores the test sets with the detectors of a seed, where an earlier call has not done it. */
export async function scoreSeed(
  { plan, out, seed, engine }: SeedScoring,
  sets: readonly TestSet[],
  watch: Watch,
): Promise<ScoredSeed> {
  const detectors: Partial<Record<DetectorName, AnalyzedDetector>> = {};
  for (const name of detectorNamesOf(plan)) {
    const folder = modelFolder(out, seed, name);
    const path = join(out, `seed-${seed}`, "scores", `${name}.json`);
    const manifest = await loadManifest(folder);
    const kept = await readTerms(path, sets);
    const terms = kept ?? (await scoreSets(folder, sets, engine, watch));
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
  engine: ProgramOptions,
  { onEvent, signal }: Watch,
): Promise<ModelTerms[]> {
  const detector = await openDetector(folder, engine);
  try {
    const scored: ModelTerms[] = [];
    for (const { name, images } of sets) {
      const size = images.pixels.length / images.count;
      const parts: ModelTerms[] = [];
      for (let first = 0; first < images.count; first += chunk) {
        signal?.throwIfAborted();
        const subject = `${name} with ${folder}`;
        onEvent?.({ kind: "progress", task: "scoring", subject, done: first, total: images.count });
        parts.push(await detector.terms(images.pixels.subarray(first * size, (first + chunk) * size)));
      }
      scored.push(joinModelTerms(parts));
    }
    onEvent?.({ kind: "settled" });
    return scored;
  } finally {
    await detector.dispose();
  }
}
