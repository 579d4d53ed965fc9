/** From normal images to an expert on an encoder's features: groups, folds, normal features, calibration on what was held out. */
import { permutation, type RandomKey, randomKey } from "../base/index.ts";
import {
  assignFolds,
  type CellMap,
  type FaultKind,
  type Fingerprint,
  fingerprintOfStructure,
  groupImages,
  type NormalImages,
  standardised,
  topMean,
  trialFaults,
} from "../faults/index.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Engine } from "../runtime/index.ts";
import { type CellVectors, gatherCells, pickCells } from "./cells.ts";
import type { EncoderRecord } from "./description.ts";
import { type OpenEncoder, openEncoder } from "./features.ts";
import { addVectors, type CellSums, fitGaussians, noSums, withoutPart } from "./gaussian.ts";
import { greedyCentres } from "./memory.ts";
import { fitProjection, type Projection, project } from "./projection.ts";
import { type EncoderExpert, type NormalFeatures, tapsOf } from "./record.ts";
import { cellGrid, openMaps } from "./scoring.ts";
import type { EncoderSettings } from "./settings.ts";
import { fitImage } from "./sizing.ts";

/** What happens while an expert is fitted. */
export type EncoderEvent =
  | { readonly kind: "read"; readonly done: number; readonly count: number }
  | { readonly kind: "grouped"; readonly images: number; readonly groups: number }
  | { readonly kind: "encoded"; readonly done: number; readonly count: number }
  | { readonly kind: "scored"; readonly fold: number };

/** Who looks on. */
export interface EncoderWatch {
  onEvent?(event: EncoderEvent): void;
  readonly signal?: AbortSignal | undefined;
  /** What an image shows, by its name: images of one thing stay on one side of every split. */
  group?(name: string): string;
}

/** An encoder's bytes and what is known of it. */
export interface GivenEncoder {
  readonly engine: Engine;
  readonly model: Uint8Array;
  readonly record: EncoderRecord;
}

/**
 * Fits an expert: principal components of all images' features (which see no anomaly and no score), normal features of all images, and those
 * of all but a fold for the scores of that fold's images, clean and with synthetic faults, none of which the expert is fitted to. Throws
 * ConfigError for too few different images, and the signal's reason where it is aborted.
 */
export async function fitEncoderExpert(
  images: NormalImages,
  { engine, model, record: encoder }: GivenEncoder,
  settings: EncoderSettings,
  watch: EncoderWatch = {},
): Promise<EncoderExpert> {
  const key = randomKey(settings.seed).fold(`encoder ${settings.mode}`);
  const { fitted, fingerprints } = await readFitted(images, encoder, settings, watch);
  const names = watch.group ? images.names.map((name) => watch.group!(name)) : [];
  const groups = groupImages(fingerprints, names);
  const groupCount = new Set(groups).size;
  watch.onEvent?.({ kind: "grouped", images: fitted.length, groups: groupCount });
  // The folds of a fault detector with the same seed: experts are compared on the same held-out images.
  const folds = assignFolds(groups, settings.folds, randomKey(settings.seed).fold("faults").fold("folds"));
  const used = { ...encoder, taps: [...tapsOf({ settings, encoder })] };
  const open = await openEncoder(engine, model, used);
  try {
    const source = await learnFeatures(open, fitted, settings, key, watch);
    const { cell, heldOut, trials } = await crossFit({ engine, open, source, images, fitted, folds, settings, watch });
    return {
      record: {
        settings,
        encoder,
        images: fitted.length,
        groups: groupCount,
        cell,
        heldOut: { scores: heldOut, folds: [...folds] },
        trials,
      },
      projection: source.projection,
      normal: source.normalOf(undefined, folds),
    };
  } finally {
    await open.dispose();
  }
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
    fingerprints.push(fingerprintOfStructure(image));
    fitted.push(fitImage(image, encoder, settings));
    watch.onEvent?.({ kind: "read", done: index + 1, count: names.length });
  }
  return { fitted, fingerprints };
}

/** Normal features that know which image they are of. */
interface LearntFeatures {
  readonly projection: Projection;
  /** Normal features of all images, or of all but a fold's. */
  normalOf(fold: number | undefined, folds: Uint32Array): NormalFeatures;
}

async function learnFeatures(
  open: OpenEncoder,
  images: readonly RawImage[],
  settings: EncoderSettings,
  key: RandomKey,
  watch: EncoderWatch,
): Promise<LearntFeatures> {
  const count = 2 * images.length;
  const each = Math.max(1, Math.floor(settings.samples / images.length));
  const cellsOf = async (index: number): Promise<CellVectors> => {
    watch.signal?.throwIfAborted();
    const maps = await open.run(images[index]!);
    return gatherCells(maps, cellGrid(settings, maps));
  };
  const samples: Float32Array[] = [];
  let dimension = 0;
  for (const index of images.keys()) {
    const cells = await cellsOf(index);
    dimension = cells.dimension;
    const total = cells.rows * cells.columns;
    const order = permutation(total, key.fold("samples").fold(index).stream());
    samples.push(pickCells(cells, order.subarray(0, Math.min(each, total))));
    watch.onEvent?.({ kind: "encoded", done: index + 1, count });
  }
  const projection = fitProjection(joined(samples), dimension, settings.dimensions, key.fold("projection"));
  const centred = samples.map((sample) => projectRows(sample, dimension, projection));
  if (settings.mode === "unaligned") {
    return {
      projection,
      normalOf(fold, folds) {
        const rows = joined(centred.filter((_, index) => folds[index] !== fold));
        const width = Math.min(dimension, settings.dimensions);
        return { mode: "unaligned", centres: greedyCentres(rows, width, settings.centres, key.fold("centres")) };
      },
    };
  }
  const projected: CellVectors[] = [];
  for (const index of images.keys()) {
    projected.push(project(await cellsOf(index), projection));
    watch.onEvent?.({ kind: "encoded", done: images.length + index + 1, count });
  }
  const sumsOf = (chosen: readonly CellVectors[]): CellSums => {
    const sums = noSums(projected[0]!);
    for (const cells of chosen) addVectors(sums, cells);
    return sums;
  };
  const all = sumsOf(projected);
  return {
    projection,
    normalOf(fold, folds) {
      const held = projected.filter((_, index) => folds[index] === fold);
      const sums = held.length > 0 ? withoutPart(all, sumsOf(held)) : all;
      return {
        mode: "aligned",
        gaussians: fitGaussians(sums, { side: settings.pooling, shrinkage: settings.shrinkage }),
      };
    },
  };
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
    const maps = await openMaps(engine, open, settings, source.projection, source.normalOf(fold, folds));
    try {
      for (const [index, image] of fitted.entries()) {
        if (folds[index] !== fold) continue;
        watch.signal?.throwIfAborted();
        clean[index] = await maps.run(image);
        for (const { kind, image: changed } of await trialFaults(images, index, settings.trials, settings.seed)) {
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
    heldOut: clean.map((map) => topMean(standardised(map, cell))),
    trials: faulty
      .map(({ kind, image, map }) => ({ kind, image, score: topMean(standardised(map, cell)) }))
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

function projectRows(rows: Float32Array, dimension: number, projection: Projection): Float32Array {
  return project({ rows: rows.length / dimension, columns: 1, dimension, values: rows }, projection).values;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
