/** An expert at work: from an image to a map of cells, a score and a p-value. Portable. */
import { type CellMap, standardised, topMean } from "../faults/portable.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Engine } from "../runtime/index.ts";
import { gatherCells } from "./cells.ts";
import { type FeatureMap, type OpenEncoder, openEncoder } from "./features.ts";
import { distanceMap } from "./gaussian.ts";
import { openMemory } from "./memory.ts";
import { type Projection, project } from "./projection.ts";
import { type EncoderExpert, type NormalFeatures, tapsOf } from "./record.ts";
import type { EncoderSettings } from "./settings.ts";
import { fitImage } from "./sizing.ts";

/** Distances of an image's cells from normal features, an image at a time. */
export interface MapSource {
  /** `image` has the size that the encoder sees. */
  run(image: RawImage): Promise<CellMap>;
  dispose(): Promise<void>;
}

/** The cells of a mode: a grid of its own for all images, or the finest features as they are. */
export function cellGrid({ mode, grid }: EncoderSettings, maps: readonly FeatureMap[]) {
  return mode === "aligned" ? { rows: grid, columns: grid } : { rows: maps[0]!.rows, columns: maps[0]!.columns };
}

/** Opens distances from normal features. The encoder stays its caller's to dispose of. */
export async function openMaps(
  engine: Engine,
  encoder: OpenEncoder,
  settings: EncoderSettings,
  projection: Projection,
  normal: NormalFeatures,
): Promise<MapSource> {
  const vectors = async (image: RawImage) => {
    const maps = await encoder.run(image);
    return project(gatherCells(maps, cellGrid(settings, maps)), projection);
  };
  if (normal.mode === "aligned") {
    return { run: async (image) => distanceMap(normal.gaussians, await vectors(image)), dispose: async () => {} };
  }
  const dimension = projection.directions.length / projection.mean.length;
  const memory = await openMemory(engine, normal.centres, dimension);
  return { run: async (image) => memory.distances(await vectors(image)), dispose: () => memory.dispose() };
}

/** What an expert says of one image. */
export interface EncoderScore {
  /** The mean of the top 1 % of the map's cells. Higher = more anomalous. */
  readonly score: number;
  /** (1 + the number of held-out normal images that score as high) / (their number + 1). */
  readonly pValue: number;
  /** Distances in deviations of held-out cells. */
  readonly map: CellMap;
}

/** Scores images. */
export interface EncoderScorer {
  score(image: RawImage): Promise<EncoderScore>;
  dispose(): Promise<void>;
}

/** Opens an expert with its encoder's bytes or the part of them that makes its taps, which nobody checks here. */
export async function encoderScorerOn(
  engine: Engine,
  model: Uint8Array,
  { record, projection, normal }: EncoderExpert,
): Promise<EncoderScorer> {
  const { settings, encoder, cell, heldOut } = record;
  const open = await openEncoder(engine, model, { ...encoder, taps: [...tapsOf(record)] });
  const maps = await openMaps(engine, open, settings, projection, normal);
  return {
    async score(image) {
      const map = standardised(await maps.run(fitImage(image, encoder, settings)), cell);
      const score = topMean(map);
      const asHigh = heldOut.scores.filter((other) => other >= score).length;
      return { score, pValue: (1 + asHigh) / (heldOut.scores.length + 1), map };
    },
    async dispose() {
      await maps.dispose();
      await open.dispose();
    },
  };
}
