/** Scoring images for the commands: from locations to terms, streaming, with what was skipped. */
import { availableParallelism } from "node:os";
import { ConfigError } from "../base/index.ts";
import { type ImageSource, type PreparationProblem, streamImages } from "../data/index.ts";
import { coderTerms, type Detector, loadDetector, loadManifest, type Manifest } from "../detector/index.ts";
import { joinModelTerms, type ModelTerms } from "../score/index.ts";
import type { Console } from "./console.ts";
import { requireDevice } from "./device-findings.ts";
import type { EngineOptions } from "./options.ts";

/** Some images of a location with their terms, in order. */
export interface ScoredBatch {
  readonly names: readonly string[];
  readonly classNames: readonly (string | undefined)[];
  /** uint8 [n, C, H, W]. */
  readonly pixels: Uint8Array;
  readonly terms: ModelTerms;
}

/** The terms of all images of a location, with their names. */
export interface ScoredImages {
  readonly names: readonly string[];
  readonly classNames: readonly (string | undefined)[];
  readonly terms: ModelTerms;
  readonly problems: readonly PreparationProblem[];
}

/** How images are scored. */
export interface ScoringOptions {
  readonly strict: boolean;
  /** Whether the terms have the images' sizes as files of lossless coders. */
  readonly coders: boolean;
  readonly onProblem?: (problem: PreparationProblem) => void;
}

/** Images prepared and scored in one go. */
const batchSize = 64;

/**
 * Loads a detector with the engine options of a command. Throws ConfigError for a general model, which has no normal images to compare
 * with, and as `loadDetector`.
 */
export async function openDetector(folder: string, { threads, device }: EngineOptions): Promise<Detector> {
  refuseGeneral(folder, await loadManifest(folder));
  await requireDevice(device);
  return loadDetector(folder, { threads: threads ?? availableParallelism(), device });
}

/** Throws ConfigError for a general model, which has no normal images to compare with. */
export function refuseGeneral(folder: string, { role }: Manifest): void {
  if (role !== "general") return;
  throw new ConfigError(
    `detector: expected a detector, got the general model '${folder}'; make one with outglow train --normal DATA --general-detector ${folder}`,
  );
}

/**
 * Scores the readable images of a source batch by batch; only a few batches are in memory at a time.
 * Throws ConfigError where none is readable.
 */
export async function* scoreBatches(
  detector: Detector,
  source: ImageSource,
  { strict, coders, onProblem }: ScoringOptions,
  output: Console,
): AsyncGenerator<ScoredBatch> {
  const { channels, height, width } = detector.manifest.input;
  const options = { batchSize, strict, ...(onProblem ? { onProblem } : {}) };
  const started = performance.now();
  let count = 0;
  for await (const { names, classNames, pixels } of streamImages(source, { channels, height, width }, options)) {
    const sizes = coders ? await coderTerms(pixels, detector.manifest.input) : {};
    const terms = { ...(await detector.terms(pixels)), ...sizes };
    count += names.length;
    const speed = (count * 1000) / (performance.now() - started);
    output.live(`scoring ${source.location}: ${count} of ${source.length}  ${speed.toFixed(0)} images/s`);
    yield { names, classNames, pixels, terms };
  }
  output.settle();
}

/** Scores every readable image of a source. Throws as `scoreBatches`. */
export async function scoreImages(
  detector: Detector,
  source: ImageSource,
  options: Omit<ScoringOptions, "onProblem">,
  output: Console,
): Promise<ScoredImages> {
  const names: string[] = [];
  const classNames: (string | undefined)[] = [];
  const tables: ModelTerms[] = [];
  const problems: PreparationProblem[] = [];
  const onProblem = (problem: PreparationProblem) => problems.push(problem);
  for await (const batch of scoreBatches(detector, source, { ...options, onProblem }, output)) {
    names.push(...batch.names);
    classNames.push(...batch.classNames);
    tables.push(batch.terms);
  }
  return { names, classNames, terms: joinModelTerms(tables), problems };
}
