/** The models of a search: trained one after another, each found again where it was finished before. */
import { join } from "node:path";
import { imageSizeOf, randomKey } from "../../base/index.ts";
import { type ImageSet, writeArray, writeFileAtomic } from "../../data/index.ts";
import { loadManifest } from "../../detector/index.ts";
import {
  featureRows,
  joinModelTerms,
  layoutDistances,
  learnFilters,
  learnTurns,
  localFeatures,
  type ModelTerms,
  neighbourDistances,
  type PixelTable,
  type ScoreDefinition,
  scoreDefinitions,
  selectPixels,
  selectTerms,
  sourcesOf,
  type TrialKind,
  tellTurns,
  trimmedScores,
  turnWeight,
} from "../../score/index.ts";
import { hasBegun, runFolder } from "../../train/index.ts";
import type { Watch } from "../events.ts";
import { openDetector } from "../scoring/scoring.ts";
import type { TrainRequest } from "../training/train-request.ts";
import { train } from "../training/training.ts";
import type { FindSettings } from "./find-request.ts";
import { strangersOf, type TriedExpert } from "./find-trials.ts";

/** Images scored in one go. */
const batchSize = 256;

/** Scores of flows that a pile is looked at by. */
const flowExperts = ["hierarchy", "final-scale", "ratio", "ratio-final"] as const;

/** What every model of a search is trained with. */
export function sharedSettings(settings: FindSettings, channels: number): Omit<TrainRequest, "out"> {
  const { size, background, depth, width, batch, seed, threads, memory, device, strict } = settings;
  return {
    size,
    channels,
    background,
    depth,
    width,
    batch,
    seed,
    memory,
    device,
    strict,
    ...(threads !== undefined && { threads }),
  };
}

/**
 * Trains a model, or goes on with it, or finds it finished. Whether it is finished: not where the signal stopped it, with what it had reached saved.
 * Throws as `train`.
 */
export async function finishModel(request: TrainRequest, watch: Watch): Promise<boolean> {
  const { out } = request;
  const isFinished = await loadManifest(out).then(
    () => true,
    () => false,
  );
  if (isFinished) return true;
  try {
    const goesOn = await hasBegun(runFolder(out));
    const { outcome } = await train(goesOn ? { out, resume: true } : { ...request, force: true }, watch);
    return outcome === "finished";
  } catch (error) {
    if (watch.signal?.aborted) return false;
    throw error;
  }
}

/** Writes some prepared images as an array that a training reads: the very pixels, whatever they came from. */
export async function writeImagesOf(
  { pixels, specification: { channels, height, width } }: ImageSet,
  chosen: readonly number[],
  path: string,
): Promise<void> {
  const size = channels * height * width;
  const values = new Uint8Array(chosen.length * size);
  for (const [position, image] of chosen.entries()) {
    values.set(pixels.subarray(image * size, (image + 1) * size), position * size);
  }
  await writeFileAtomic(path, writeArray(values, [chosen.length, channels, height, width]));
}

/** What is said of some images by a model that has not seen them. */
export interface UnseenScores {
  /** The scores of the flow, by name: of the images, and of strangers made of them. */
  readonly flow: ReadonlyMap<string, TriedExpert>;
  /** What is seen without a flow, by name: how odd the images are, and how loud that is heard. */
  readonly others: ReadonlyMap<string, { readonly images: Float64Array; readonly weight: number }>;
  /** What each stranger is. */
  readonly kinds: readonly TrialKind[];
  /** What a second look draws from (`featureRows` in `score/`). */
  readonly rows: readonly Float64Array[];
}

/** Images of a set that are scored, those of the other half that the model was trained on, and which of all images are taken for usual. */
export interface UnseenImages {
  readonly set: ImageSet;
  readonly chosen: readonly number[];
  readonly trainedOn: readonly number[];
  readonly kept: ReadonlySet<number>;
}

/** Scores some images by a model that has not seen them, and strangers made of them. Throws the signal's reason where it is aborted. */
export async function scoreUnseen(
  detector: string,
  { set, chosen, trainedOn, kept }: UnseenImages,
  { threads, device, seed }: Pick<FindSettings, "threads" | "device" | "seed">,
  { onEvent, signal }: Watch,
): Promise<UnseenScores> {
  const { pixels, specification } = set;
  const size = imageSizeOf(specification);
  const strangers = strangersOf(set, chosen, randomKey(seed).fold("strangers"));
  const model = await openDetector(detector, { threads, device });
  try {
    const batches: ModelTerms[] = [];
    const add = async (values: Uint8Array): Promise<void> => {
      signal?.throwIfAborted();
      const terms = await model.terms(values, { coders: false, measured: [] });
      batches.push({ ...terms, pixels: { shape: specification, values } });
    };
    for (let start = 0; start < chosen.length; start += batchSize) {
      const images = chosen.slice(start, start + batchSize);
      await add(Buffer.concat(images.map((image) => pixels.subarray(image * size, (image + 1) * size))));
      const done = start + images.length;
      onEvent?.({ kind: "progress", task: "scoring", subject: "images unseen", done, total: chosen.length });
    }
    for (let start = 0; start < strangers.pixels.length; start += batchSize * size) {
      await add(strangers.pixels.subarray(start, start + batchSize * size));
    }
    onEvent?.({ kind: "settled" });
    const terms = joinModelTerms(batches);
    const flow = flowScores(terms, chosen.length);
    const own = selectTerms(terms, [...chosen.keys()]);
    const table: PixelTable = { shape: specification, values: pixels };
    const usual = [...chosen.keys()].filter((position) => kept.has(chosen[position]!));
    const { others, shown } = otherScores(own, usual, selectPixels(table, trainedOn));
    const columns = [...flow.values(), ...others.values()].map(({ images }) => images);
    return { flow, others, kinds: strangers.kinds, rows: featureRows(own, columns, shown) };
  } finally {
    await model.dispose();
  }
}

/** The flow's scores of a pile's images, which come first, and of strangers. */
function flowScores(terms: ModelTerms, count: number): ReadonlyMap<string, TriedExpert> {
  const columns = knownOf(terms, flowExperts).map(
    (expert) => [expert.name, trimmedScores(expert, terms, count)] as const,
  );
  return new Map(
    columns.map(([name, scores]) => [name, { images: scores.slice(0, count), strangers: scores.slice(count) }]),
  );
}

/** What is seen without a flow, and what the images show. Neighbours are those that are `usual`; filters and turns are learned from `trainedOn`, the images of the other half. */
function otherScores(
  terms: ModelTerms,
  usual: readonly number[],
  trainedOn: PixelTable,
): Pick<UnseenScores, "others"> & { readonly shown: readonly Float64Array[] } {
  const pixels = terms.pixels!;
  const filters = learnFilters(trainedOn);
  const shown = localFeatures(filters, pixels);
  const told = tellTurns(learnTurns(filters, trainedOn), pixels);
  const plain = knownOf(terms, ["whitening"]).map((expert) => [expert.name, trimmedScores(expert, terms)] as const);
  const whole = [
    ...plain,
    ["layout", layoutDistances(pixels)],
    ["neighbours", neighbourDistances(shown, usual)],
  ] as const;
  const others = new Map([
    ...whole.map(([name, images]) => [name, { images, weight: 1 }] as const),
    ["turns", { images: told.surprise, weight: turnWeight(told) }] as const,
  ]);
  return { others, shown };
}

function knownOf(terms: ModelTerms, names: readonly string[]): ScoreDefinition[] {
  const known = scoreDefinitions(terms.normal.scales, sourcesOf(terms));
  return names
    .map((name) => known.find((definition) => definition.name === name))
    .filter((definition): definition is ScoreDefinition => definition !== undefined);
}

/** Where things are in the folder of a search. */
export function findFolder(out: string) {
  const at = (...parts: string[]): string => join(out, ...parts);
  return {
    record: at("run", "find.json"),
    lock: at("run", "find.lock"),
    images: at("run", "images"),
    general: at("run", "general"),
    /** The model of a pass, 0 or 1, that was trained on a half, 0 or 1. */
    model: (pass: number, half: number): string => at("run", `pass-${pass + 1}-half-${half + 1}`),
    /** The scores of a pass that is finished. */
    scores: (pass: number): string => at("run", `pass-${pass + 1}.json`),
    pile: (pass: number, half: number): string => at("run", "images", `pass-${pass + 1}-half-${half + 1}.npy`),
    table: at("found.csv"),
    sheet: at("oddest.png"),
    report: at("report.html"),
  };
}
