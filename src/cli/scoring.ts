/** Scoring images for the commands: from locations to terms, streaming, with what was skipped. */
import { availableParallelism } from "node:os";
import { openImages, type PreparationProblem, streamImages } from "../data/index.ts";
import { type Detector, loadDetector } from "../detector/index.ts";
import { joinTermTables, type ModelTerms } from "../score/index.ts";
import type { Console } from "./console.ts";
import type { EngineOptions } from "./predict-command.ts";

/** The terms of all images of a location, with their names. */
export interface ScoredImages {
  readonly names: readonly string[];
  readonly terms: ModelTerms;
  readonly problems: readonly PreparationProblem[];
}

export interface ScoringOptions {
  readonly strict: boolean;
  /** Names the argument in errors and progress. */
  readonly where: string;
  /** Called with every batch of pixels [n, C, H, W] before its scores are known, in order. */
  readonly onPixels?: (pixels: Uint8Array) => void;
}

/** Images prepared and scored in one go. */
const batchSize = 64;

/** Loads a detector with the engine options of a command. */
export function openDetector(folder: string, { threads, device }: EngineOptions): Promise<Detector> {
  return loadDetector(folder, { threads: threads ?? availableParallelism(), device });
}

/** Scores every readable image of a location. Throws ConfigError where there is none. */
export async function scoreImages(
  detector: Detector,
  location: string,
  { strict, where, onPixels }: ScoringOptions,
  output: Console,
): Promise<ScoredImages> {
  const source = await openImages(location, where);
  const names: string[] = [];
  const problems: PreparationProblem[] = [];
  const tables: ModelTerms[] = [];
  const started = performance.now();
  const onProblem = (problem: PreparationProblem) => problems.push(problem);
  for await (const batch of streamImages(source, detector.manifest.input, { batchSize, strict, onProblem })) {
    names.push(...batch.names);
    onPixels?.(batch.pixels);
    tables.push(await detector.terms(batch.pixels));
    const speed = (names.length * 1000) / (performance.now() - started);
    output.live(`scoring ${location}: ${names.length} of ${source.length}  ${speed.toFixed(0)} images/s`);
  }
  output.settle();
  return { names, terms: joinModelTerms(tables), problems };
}

/** The terms of successive batches as one. */
export function joinModelTerms(tables: readonly ModelTerms[]): ModelTerms {
  const general = tables.flatMap((table) => (table.general ? [table.general] : []));
  return {
    normal: joinTermTables(tables.map(({ normal }) => normal)),
    ...(general.length > 0 ? { general: joinTermTables(general) } : {}),
    dimensions: tables[0]!.dimensions,
  };
}
