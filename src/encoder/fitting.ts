/** From normal images to an expert on an encoder's features: groups, folds, normal features, calibration on what was held out. */
import { randomKey } from "../base/index.ts";
import {
  assignFolds,
  type CellMap,
  type FaultKind,
  type Fingerprint,
  faultKinds,
  fingerprintOfStructure,
  groupImages,
  type NormalImages,
  standardised,
  trialFaults,
} from "../faults/index.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Engine } from "../runtime/index.ts";
import type { EncoderRecord } from "./description.ts";
import { type OpenEncoder, openEncoder } from "./features.ts";
import { type LearntFeatures, learnFeatures } from "./learning.ts";
import { type EncoderExpert, tapsOf } from "./record.ts";
import { withFlows } from "./residual-training.ts";
import { type MapSource, openMaps, scoreOf } from "./scoring.ts";
import type { EncoderSettings } from "./settings.ts";
import { fitImage } from "./sizing.ts";

/** What happens while an expert is fitted. */
export type EncoderEvent =
  | { readonly kind: "read"; readonly done: number; readonly count: number }
  | { readonly kind: "grouped"; readonly images: number; readonly groups: number }
  | { readonly kind: "encoded"; readonly done: number; readonly count: number }
  /** How much likelier a flow makes held-out cells, nats a cell, and whether it is kept for that. */
  | { readonly kind: "flow"; readonly gain: number; readonly kept: boolean }
  | { readonly kind: "scored"; readonly fold: number };

/** Who looks on. */
export interface EncoderWatch {
  onEvent?(event: EncoderEvent): void;
  readonly signal?: AbortSignal | undefined;
  /** What an image shows, by its name: images of one thing stay on one side of every split. */
  group?(name: string): string;
  /** A group number for every image where these are known; without them images are compared, and `group` counts. */
  readonly groups?: Uint32Array | undefined;
  /** The kinds of synthetic faults that an image is tried with, such as those that are new to another expert. Default: all, in turn. */
  kindsOf?(index: number): readonly FaultKind[];
}

/** What an expert says of images while some are held out of it: how it is compared with others on the same images and faults. */
export interface FoldExperts {
  /** The fold of every image, which the expert of that fold was not fitted to. */
  readonly foldOf: Uint32Array;
  /** The score of an image by the expert of one fold. */
  scoreByFold(image: RawImage, fold: number): Promise<number>;
  dispose(): Promise<void>;
}

/** An encoder's bytes and what is known of it. */
export interface GivenEncoder {
  readonly engine: Engine;
  readonly model: Uint8Array;
  readonly record: EncoderRecord;
}

/** An expert, and those of all folds. */
export interface FittedEncoder {
  readonly expert: EncoderExpert;
  /** To be disposed of. */
  readonly folds: FoldExperts;
}

/** `fitEncoderFolds` where nothing but the expert is wanted. */
export async function fitEncoderExpert(
  images: NormalImages,
  given: GivenEncoder,
  settings: EncoderSettings,
  watch: EncoderWatch = {},
): Promise<EncoderExpert> {
  const { expert, folds } = await fitEncoderFolds(images, given, settings, watch);
  await folds.dispose();
  return expert;
}

/**
 * Fits an expert: principal components of all images' features (which see no anomaly and no score), normal features of all images, and those
 * of all but a fold for the scores of that fold's images, clean and with synthetic faults, none of which the expert is fitted to. No more
 * folds than different things. Throws ConfigError for too few different images, and the signal's reason where it is aborted.
 */
export async function fitEncoderFolds(
  images: NormalImages,
  { engine, model, record: encoder }: GivenEncoder,
  wished: EncoderSettings,
  watch: EncoderWatch = {},
): Promise<FittedEncoder> {
  const { fitted, fingerprints } = await readFitted(images, encoder, wished, watch);
  const names = watch.group ? images.names.map((name) => watch.group!(name)) : [];
  const groups = watch.groups ?? groupImages(fingerprints, names);
  const groupCount = new Set(groups).size;
  watch.onEvent?.({ kind: "grouped", images: fitted.length, groups: groupCount });
  let settings = { ...wished, folds: Math.max(2, Math.min(wished.folds, groupCount)) };
  const key = randomKey(settings.seed).fold(`encoder ${settings.mode}`);
  // The folds of a fault detector with the same seed: experts are compared on the same held-out images.
  const folds = assignFolds(groups, settings.folds, randomKey(settings.seed).fold("faults").fold("folds"));
  const used = { ...encoder, taps: [...tapsOf({ settings, encoder })] };
  const open = await openEncoder(engine, model, used);
  try {
    let source = await learnFeatures(open, fitted, settings, key, watch);
    if (settings.mode === "aligned" && settings.flowSteps > 0) {
      const { normalOf, gain } = await withFlows(engine, source, folds, settings, key.fold("flow"), watch.signal);
      const kept = gain > 0;
      watch.onEvent?.({ kind: "flow", gain, kept });
      if (kept) source = { ...source, normalOf };
      else settings = { ...settings, flowSteps: 0 };
    }
    const parts = { engine, open, source, images, fitted, folds, settings, watch };
    const { cell, heldOut, trials } = await crossFit(parts);
    const record = {
      settings,
      encoder,
      images: fitted.length,
      groups: groupCount,
      cell,
      heldOut: { scores: heldOut, folds: [...folds] },
      trials,
    };
    const expert = { record, projection: source.projection, normal: await source.normalOf(undefined, folds) };
    return { expert, folds: foldExperts(parts, cell) };
  } catch (error) {
    await open.dispose();
    throw error;
  }
}

/** The experts of all folds, each fitted when it is asked first. */
function foldExperts(
  { engine, open, source, folds, settings }: CrossFit,
  cell: EncoderExpert["record"]["cell"],
): FoldExperts {
  const opened = new Map<number, MapSource>();
  return {
    foldOf: folds,
    async scoreByFold(image, fold) {
      const found =
        opened.get(fold) ??
        (await openMaps(engine, open, settings, source.projection, await source.normalOf(fold, folds)));
      opened.set(fold, found);
      return scoreOf(standardised(await found.run(fitImage(image, open.record, settings)), cell), settings);
    },
    async dispose() {
      for (const maps of opened.values()) await maps.dispose();
      await open.dispose();
    },
  };
}

async function readFitted(
  { names, read }: NormalImages,
  encoder: EncoderRecord,
  settings: EncoderSettings,
  watch: EncoderWatch,
) {
  const fitted: RawImage[] = [];
  const fingerprints: Fingerprint[] = [];
  for (const index of names.keys()) {
    watch.signal?.throwIfAborted();
    const image = await read(index);
    if (!watch.groups) fingerprints.push(fingerprintOfStructure(image));
    fitted.push(fitImage(image, encoder, settings));
    watch.onEvent?.({ kind: "read", done: index + 1, count: names.length });
  }
  return { fitted, fingerprints };
}

interface CrossFit {
  readonly engine: Engine;
  readonly open: OpenEncoder;
  readonly source: LearntFeatures;
  readonly images: NormalImages;
  readonly fitted: readonly RawImage[];
  readonly folds: Uint32Array;
  readonly settings: EncoderSettings;
  readonly watch: EncoderWatch;
}

/** Distances of every image, clean and with faults, from the normal features of the other folds; then what they are as scores. */
async function crossFit({ engine, open, source, images, fitted, folds, settings, watch }: CrossFit) {
  const clean: CellMap[] = new Array(fitted.length);
  const faulty: { readonly kind: FaultKind; readonly image: number; readonly map: CellMap }[] = [];
  for (let fold = 0; fold < settings.folds; fold++) {
    const maps = await openMaps(engine, open, settings, source.projection, await source.normalOf(fold, folds));
    try {
      for (const index of fitted.keys()) {
        if (folds[index] !== fold) continue;
        watch.signal?.throwIfAborted();
        clean[index] = await maps.of(await source.cells(index));
        // Kinds take turns from image to image: as many neighbours as there are kinds are tried, or left out.
        const count = Math.floor(index / faultKinds.length) % settings.tryEvery === 0 ? settings.trials : 0;
        const faults = await trialFaults(images, index, count, settings.seed, watch.kindsOf?.(index));
        for (const { kind, image: changed } of faults) {
          faulty.push({ kind, image: index, map: await maps.run(fitImage(changed, open.record, settings)) });
        }
      }
    } finally {
      await maps.dispose();
    }
    watch.onEvent?.({ kind: "scored", fold });
  }
  const cell = cellMoments(clean);
  return {
    cell,
    heldOut: clean.map((map) => scoreOf(standardised(map, cell), settings)),
    trials: faulty
      .map(({ kind, image, map }) => ({ kind, image, score: scoreOf(standardised(map, cell), settings) }))
      .sort((a, b) => a.image - b.image),
  };
}

function cellMoments(maps: readonly CellMap[]): { readonly mean: number; readonly deviation: number } {
  const count = maps.reduce((sum, { values }) => sum + values.length, 0);
  let sum = 0;
  for (const { values } of maps) for (const value of values) sum += value;
  const mean = sum / count;
  let squares = 0;
  for (const { values } of maps) for (const value of values) squares += (value - mean) ** 2;
  return { mean, deviation: Math.max(1e-6, Math.sqrt(squares / count)) };
}
