/** From a source of images to their terms under a detector, streaming, with what was skipped. */
import { ConfigError, setting } from "../../base/index.ts";
import {
  contentHashes,
  describeSource,
  type FoundImages,
  type ImageColumns,
  type ImageSource,
  type PreparationProblem,
  type StreamOptions,
  sourceWarnings,
  streamImages,
} from "../../data/index.ts";
import {
  type Detector,
  type GoldenListener,
  loadDetectorFolder,
  loadManifest,
  type Manifest,
  type MeasuredSource,
} from "../../detector/index.ts";
import { requireDevice } from "../../runtime/index.ts";
import {
  joinModelTerms,
  logLikelihoods,
  type ModelTerms,
  makeStatisticTable,
  type PlacedSource,
  type StatisticTable,
} from "../../score/index.ts";
import { completeEngine, type EngineSettings } from "../engine-settings.ts";
import type { Watch } from "../events.ts";
import { imageCacheOf } from "../image-cache.ts";
import { type MapListener, type PlacedMaps, placedParts, scorePlaces } from "../maps/place-scoring.ts";

/** Some images of a source with their terms, in order. */
export interface ScoredBatch {
  readonly names: readonly string[];
  readonly classNames: readonly (string | undefined)[];
  /** Where each image stands in its source. */
  readonly indices: readonly number[];
  /** uint8 [n, C, H, W]. */
  readonly pixels: Uint8Array;
  readonly terms: ModelTerms;
  /** Where places were looked at: every image's maps. */
  readonly maps?: readonly PlacedMaps[];
  /** Where a list names the images: what it says of each besides. */
  readonly columns?: readonly Readonly<Record<string, string>>[];
}

/** The terms of all images of a source, with their names. */
export interface ScoredImages {
  readonly names: readonly string[];
  readonly classNames: readonly (string | undefined)[];
  /** Of the prepared pixels (`contentHashes` in `data/`). */
  readonly hashes: readonly string[];
  readonly terms: ModelTerms;
  readonly problems: readonly PreparationProblem[];
}

/** How images are scored. */
export interface ScoringOptions {
  readonly strict: boolean;
  /** Whether the terms have the images' sizes as files of lossless coders. */
  readonly coders: boolean;
  /** What is measured on demand. Default: what the detector's default score needs. */
  readonly measured?: readonly MeasuredSource[] | undefined;
  /** Other detectors of the same images, whose flows are asked, too. */
  readonly ensemble?: readonly Detector[] | undefined;
  /** What looks at places of images; what the detector lacks does not. Default: every part that it has. */
  readonly places?: readonly PlacedSource[];
  /** Told of every image's maps. */
  readonly onMap?: MapListener | undefined;
  readonly onProblem?: (problem: PreparationProblem) => void;
  /** Told at the end what the images were like as they are stored. */
  readonly onFound?: (found: FoundImages) => void;
}

/**
 * The log-likelihoods of images that were prepared for one detector under the normal flows of others. Throws ConfigError for a detector that
 * prepares images otherwise.
 */
async function ensembleTable(others: readonly Detector[], pixels: Uint8Array, count: number): Promise<StatisticTable> {
  const values = new Float64Array(count * others.length);
  for (const [column, other] of others.entries()) {
    const { normal } = await other.terms(pixels, { measured: [] });
    logLikelihoods(normal).forEach((value, image) => {
      values[image * others.length + column] = value;
    });
  }
  return makeStatisticTable(
    count,
    others.map(({ location }) => location),
    values,
  );
}

/** Throws ConfigError for a detector that prepares images otherwise than the first one. */
export function checkEnsemble({ manifest, location }: Detector, others: readonly Detector[]): void {
  const preparation = JSON.stringify(manifest.input);
  const unlike = others.find((other) => JSON.stringify(other.manifest.input) !== preparation);
  if (unlike === undefined) return;
  throw new ConfigError({
    code: "other-model",
    subject: setting("with"),
    expected: `detectors that prepare images as '${location}' does`,
    got: `'${unlike.location}'`,
    remedy: { key: "other", text: "train it with the same settings and another seed" },
  });
}

/** Images prepared and scored in one go. */
const batchSize = 64;

/**
 * Loads and checks the detector in a folder; to be disposed of after use. Throws ConfigError for a general model, which has no normal images to compare with, RunError where the device does not
 * work, and as `loadDetectorFolder`.
 */
export async function openDetector(
  folder: string,
  engine: EngineSettings = {},
  onGolden?: GoldenListener,
): Promise<Detector> {
  refuseGeneral(folder, await loadManifest(folder));
  const options = completeEngine(engine);
  await requireDevice(options.device);
  return loadDetectorFolder(folder, options, onGolden);
}

/** Throws ConfigError for a general model, which has no normal images to compare with. */
export function refuseGeneral(folder: string, { role }: Manifest): void {
  if (role !== "general") return;
  throw new ConfigError({
    code: "other-model",
    subject: "detector",
    expected: "a detector",
    got: `the general model '${folder}'`,
    remedy: {
      key: "other",
      text: `train one on normal images with ${setting("normal")} and ${setting("generalDetector")} '${folder}'`,
    },
  });
}

/**
 * Scores the readable images of a source batch by batch; only a few batches are in memory at a time.
 * Throws ConfigError where none is readable, the signal's reason where it calls the work off.
 */
export async function* scoreSource(
  detector: Detector,
  source: ImageSource,
  { strict, coders, places, measured, ensemble = [], onMap, onProblem, onFound }: ScoringOptions,
  watch: Watch = {},
): AsyncGenerator<ScoredBatch> {
  const { onEvent, signal } = watch;
  const { input } = detector.manifest;
  const { location, length } = source;
  let skipped = 0;
  const options: StreamOptions = {
    batchSize,
    strict,
    cache: imageCacheOf(watch),
    onProblem(problem) {
      skipped++;
      onProblem?.(problem);
    },
    onFound(found) {
      onFound?.(found);
      onEvent?.({ kind: "settled" });
      onEvent?.({ kind: "note", text: `${location}: ${describeSource(source, found, skipped)}` });
      for (const text of sourceWarnings(source, found)) onEvent?.({ kind: "warning", text: `${location}: ${text}` });
    },
  };
  const started = performance.now();
  let count = 0;
  for await (const { names, classNames, pixels, indices } of streamImages(source, input, options)) {
    signal?.throwIfAborted();
    const own = await detector.terms(pixels, { coders, ...(measured && { measured }) });
    const flows = ensemble.length > 0 ? { ...own, ensemble: await ensembleTable(ensemble, pixels, names.length) } : own;
    const parts = placedParts(detector).filter((part) => places?.includes(part) ?? true);
    const maps: PlacedMaps[] = [];
    const keepMap: MapListener = (mapped) => {
      maps.push(mapped.maps);
      return onMap?.(mapped);
    };
    const terms = { ...flows, ...(await scorePlaces(detector, source, indices, parts, keepMap)) };
    count += names.length;
    const imagesPerSecond = (count * 1000) / (performance.now() - started);
    onEvent?.({ kind: "progress", task: "scoring", subject: location, done: count, total: length, imagesPerSecond });
    const columns = source.columns && indices.map((index) => namedColumns(source.columns!, index));
    yield { names, classNames, indices, pixels, terms, ...(parts.length > 0 && { maps }), ...(columns && { columns }) };
  }
}

/** What a list says of an image, by the names of its columns. */
function namedColumns({ names, of }: ImageColumns, index: number): Readonly<Record<string, string>> {
  const values = of(index);
  return Object.fromEntries(names.map((name, column) => [name, values[column] ?? ""]));
}

/** Scores every readable image of a source. `onBatch` sees each batch while its pixels are there. Throws as `scoreSource`. */
export async function scoreImages(
  detector: Detector,
  source: ImageSource,
  { onBatch, ...options }: Omit<ScoringOptions, "onProblem"> & { readonly onBatch?: (batch: ScoredBatch) => void },
  watch: Watch = {},
): Promise<ScoredImages> {
  const names: string[] = [];
  const classNames: (string | undefined)[] = [];
  const hashes: string[] = [];
  const tables: ModelTerms[] = [];
  const problems: PreparationProblem[] = [];
  const onProblem = (problem: PreparationProblem) => problems.push(problem);
  for await (const batch of scoreSource(detector, source, { ...options, onProblem }, watch)) {
    names.push(...batch.names);
    classNames.push(...batch.classNames);
    hashes.push(...contentHashes(batch.pixels, batch.names.length));
    tables.push(batch.terms);
    onBatch?.(batch);
  }
  return { names, classNames, hashes, terms: joinModelTerms(tables), problems };
}
