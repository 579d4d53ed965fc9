/** An expert at work: from an image to a map of cells, a score and a p-value. Portable. */
import { type CellMap, standardised, topMean } from "../faults/portable.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Engine } from "../runtime/index.ts";
import { type CellVectors, gatherCells, smoothed } from "./cells.ts";
import { type FeatureMap, type OpenEncoder, openEncoder } from "./features.ts";
import { distanceMap, whitened } from "./gaussian.ts";
import { openMemory } from "./memory.ts";
import { type Projection, project } from "./projection.ts";
import { type EncoderExpert, type NormalFeatures, tapsOf } from "./record.ts";
import { openFlow } from "./residual-flow.ts";
import type { EncoderSettings } from "./settings.ts";
import { fitImage } from "./sizing.ts";

/** Distances of an image's cells from normal features, an image at a time. */
export interface MapSource {
  /** `image` has the size that the encoder sees. */
  run(image: RawImage): Promise<CellMap>;
  /** The same for an image whose projected vectors are known. */
  of(vectors: CellVectors): Promise<CellMap>;
  dispose(): Promise<void>;
}

/** The cells of a mode: a grid of its own for all images, or the finest features as they are. */
function cellGrid({ mode, grid }: EncoderSettings, maps: readonly FeatureMap[]) {
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
  const { of: distances, dispose } = await openDistances(engine, projection, normal);
  const of = async (vectors: CellVectors) => smoothed(await distances(vectors), settings.smoothing);
  return { run: async (image) => of(await projectedCells(encoder, settings, projection, image)), of, dispose };
}

async function openDistances(
  engine: Engine,
  projection: Projection,
  normal: NormalFeatures,
): Promise<Pick<MapSource, "of" | "dispose">> {
  if (normal.mode === "aligned") {
    const { gaussians, flow } = normal;
    if (!flow) return { of: async (vectors) => distanceMap(gaussians, vectors), dispose: async () => {} };
    const open = await openFlow(engine, gaussians.dimension, flow);
    const { rows, columns } = gaussians;
    return {
      of: async (vectors) => ({ rows, columns, values: await open.distances(whitened(gaussians, vectors)) }),
      dispose: open.dispose,
    };
  }
  const dimension = projection.directions.length / projection.mean.length;
  const memory = await openMemory(engine, normal.centres, dimension);
  return { of: (vectors) => memory.distances(vectors), dispose: () => memory.dispose() };
}

/** An image's features at the cells of a mode. */
export async function cellsOf(encoder: OpenEncoder, settings: EncoderSettings, image: RawImage): Promise<CellVectors> {
  const maps = await encoder.run(image);
  return gatherCells(maps, cellGrid(settings, maps), settings.averaged);
}

/** The same, projected. */
export async function projectedCells(
  encoder: OpenEncoder,
  settings: EncoderSettings,
  projection: Projection,
  image: RawImage,
): Promise<CellVectors> {
  return project(await cellsOf(encoder, settings, image), projection);
}

/** What the cells of an image say of it as a whole, with distances in deviations: the mean of the top 1 %, from the median on where it is centred. */
export function scoreOf(map: CellMap, { centred }: Pick<EncoderSettings, "centred">): number {
  if (!centred) return topMean(map);
  return topMean(map) - map.values.toSorted()[map.values.length >> 1]!;
}

/** What an expert says of one image. */
export interface EncoderScore {
  /** How far the top 1 % of the map's cells are above the median one, or above normal ones. Higher = more anomalous. */
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
      const score = scoreOf(map, settings);
      const asHigh = heldOut.scores.filter((other) => other >= score).length;
      return { score, pValue: (1 + asHigh) / (heldOut.scores.length + 1), map };
    },
    async dispose() {
      await maps.dispose();
      await open.dispose();
    },
  };
}
