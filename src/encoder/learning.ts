/** What is normal among an encoder's features: learned from all images, and from all but a fold's. */
import { permutation, type RandomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { type CellVectors, gatherCells, pickCells } from "./cells.ts";
import type { OpenEncoder } from "./features.ts";
import type { EncoderWatch } from "./fitting.ts";
import { addVectors, type CellSums, fitGaussians, noSums, withoutPart } from "./gaussian.ts";
import { greedyCentres } from "./memory.ts";
import { fitProjection, type Projection, project } from "./projection.ts";
import type { NormalFeatures } from "./record.ts";
import { cellGrid } from "./scoring.ts";
import type { EncoderSettings } from "./settings.ts";

/** Normal features that know which image they are of. */
export interface LearntFeatures {
  readonly projection: Projection;
  /** Normal features of all images, or of all but a fold's. */
  normalOf(fold: number | undefined, folds: Uint32Array): NormalFeatures;
}

/** Learns from images of the size that the encoder sees. Throws the signal's reason where it is aborted. */
export async function learnFeatures(
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
