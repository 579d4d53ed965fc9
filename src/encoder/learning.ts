/** What is normal among an encoder's features: learned from all images, and from all but a fold's. */
import { concatenate, permutation, type RandomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { type CellVectors, pickCells } from "./cells.ts";
import type { OpenEncoder } from "./features.ts";
import type { EncoderWatch } from "./fitting.ts";
import { addVectors, type CellSums, fitGaussians, noSums, withoutPart } from "./gaussian.ts";
import { greedyCentres } from "./memory.ts";
import { fitProjection, type Projection } from "./projection.ts";
import type { NormalFeatures } from "./record.ts";
import { cellsOf, projectedCells } from "./scoring.ts";
import type { EncoderSettings } from "./settings.ts";

/** Normal features that know which image they are of. */
export interface LearntFeatures {
  readonly projection: Projection;
  /** The projected vectors of an image that was learned from; computed again where they take too much memory. */
  cells(index: number): Promise<CellVectors>;
  /** Normal features of all images, or of all but a fold's. */
  normalOf(fold: number | undefined, folds: Uint32Array): Promise<NormalFeatures>;
}

/** Images that principal components are found from. */
const componentImages = 64;

/** Bytes of vectors that are kept for a second use. Those that Gaussians are made of are needed, however many they are. */
const mostKept = 2 ** 28;

/** Learns from images of the size that the encoder sees, each of which passes the encoder once, a few twice. Throws the signal's reason where it is aborted. */
export async function learnFeatures(
  open: OpenEncoder,
  images: readonly RawImage[],
  settings: EncoderSettings,
  key: RandomKey,
  watch: EncoderWatch,
): Promise<LearntFeatures> {
  const some = permutation(images.length, key.fold("components").stream()).subarray(0, componentImages);
  const count = some.length + images.length;
  let done = 0;
  const advance = (): void => {
    watch.signal?.throwIfAborted();
    watch.onEvent?.({ kind: "encoded", done: ++done, count });
  };
  const sampleOf = (cells: CellVectors, most: number, index: number): Float32Array => {
    const total = cells.rows * cells.columns;
    const order = permutation(total, key.fold("samples").fold(index).stream());
    return pickCells(cells, order.subarray(0, Math.max(1, Math.min(total, Math.floor(most)))));
  };
  const raw: Float32Array[] = [];
  let features = 0;
  for (const index of some) {
    const cells = await cellsOf(open, settings, images[index]!);
    features = cells.dimension;
    raw.push(sampleOf(cells, settings.samples / some.length, index));
    advance();
  }
  const projection = fitProjection(
    concatenate(Float32Array, raw),
    features,
    settings.dimensions,
    key.fold("projection"),
  );
  const vectorsOf = (index: number) => projectedCells(open, settings, projection, images[index]!);
  const kept: (CellVectors | undefined)[] = [];
  const samples: Float32Array[] = [];
  let bytes = 0;
  for (const index of images.keys()) {
    const cells = await vectorsOf(index);
    if (settings.mode === "unaligned") samples.push(sampleOf(cells, settings.samples / images.length, index));
    bytes += cells.values.byteLength;
    kept.push(settings.mode === "aligned" || bytes <= mostKept ? cells : undefined);
    advance();
  }
  const width = Math.min(features, settings.dimensions);
  return {
    projection,
    cells: async (index) => kept[index] ?? vectorsOf(index),
    normalOf:
      settings.mode === "aligned"
        ? gaussiansOf(kept as readonly CellVectors[], settings)
        : async (fold, folds) => {
            const rows = concatenate(
              Float32Array,
              samples.filter((_, index) => folds[index] !== fold),
            );
            return { mode: "unaligned", centres: greedyCentres(rows, width, settings.centres, key.fold("centres")) };
          },
  };
}

function gaussiansOf(
  projected: readonly CellVectors[],
  { pooling: side, shrinkage }: EncoderSettings,
): LearntFeatures["normalOf"] {
  const sumsOf = (chosen: readonly CellVectors[]): CellSums => {
    const sums = noSums(projected[0]!);
    for (const cells of chosen) addVectors(sums, cells);
    return sums;
  };
  const all = sumsOf(projected);
  return async (fold, folds) => {
    const held = projected.filter((_, index) => folds[index] === fold);
    const sums = held.length > 0 ? withoutPart(all, sumsOf(held)) : all;
    return { mode: "aligned", gaussians: fitGaussians(sums, { side, shrinkage }) };
  };
}
