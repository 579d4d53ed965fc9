/**
 * Metrics of maps against masks: does a score stand where the anomaly is? Higher = more anomalous.
 *
 *   pixel AUROC   over the pixels of all maps
 *   AUPRO         area under the mean share of a region that is found, over the false-positive rate of pixels up to a limit, divided by that
 *                 limit (Bergmann et al. 2021, "The MVTec Anomaly Detection Dataset", section 6): small regions count as much as large ones
 *   region recall share of the regions that are found at a threshold
 *
 * A region is a set of anomalous pixels of one mask that touch, corners included.
 */
import { ConfigError, internalError } from "../../base/index.ts";
import { auroc } from "./metrics.ts";

/** A map with its mask, row-major [height, width]. */
export interface MaskedMap {
  readonly height: number;
  readonly width: number;
  /** Higher = more anomalous. Infinite scores are allowed, NaN is not. */
  readonly scores: ArrayLike<number>;
  /** Not 0 where a pixel is anomalous. */
  readonly mask: Uint8Array;
}

/** The false-positive rate up to which AUPRO looks where nobody says otherwise. */
export const defaultProLimit = 0.3;

/**
 * The AUROC of pixels over all maps, in [0, 1]. Holds all scores in memory twice. Throws ConfigError where no pixel, or every pixel, is
 * anomalous.
 */
export function pixelAuroc(maps: readonly MaskedMap[]): number {
  return auroc(pixelsOf(maps));
}

/**
 * The area under the per-region overlap (AUPRO), in [0, 1], up to a false-positive rate of `limit`. Tied pixels enter together, and the curve
 * is a straight line between two points, cut at the limit. Throws ConfigError where there is no region or no normal pixel, or for a limit outside (0, 1].
 */
export function perRegionOverlap(maps: readonly MaskedMap[], limit = defaultProLimit): number {
  if (!(limit > 0 && limit <= 1)) {
    throw new ConfigError({ code: "out-of-range", subject: "AUPRO", expected: "a limit in (0, 1]", got: `${limit}` });
  }
  const { normal } = pixelsOf(maps);
  const { scores, shares } = regionPixels(maps);
  if (scores.length === 0 || normal.length === 0) throw noPixels(scores.length === 0 ? "anomalous" : "normal");
  const negatives = normal.sort();
  const order = Uint32Array.from(scores, (_, index) => index).sort((a, b) => compare(scores[a]!, scores[b]!));

  let [i, j] = [negatives.length - 1, order.length - 1];
  let [rate, overlap, area] = [0, 0, 0];
  while (rate < limit && (i >= 0 || j >= 0)) {
    const found = j >= 0 ? scores[order[j]!]! : Number.NEGATIVE_INFINITY;
    const wrong = i >= 0 ? negatives[i]! : Number.NEGATIVE_INFINITY;
    const threshold = Math.max(found, wrong);
    const [rateBefore, overlapBefore] = [rate, overlap];
    for (; j >= 0 && scores[order[j]!]! >= threshold; j--) overlap += shares[order[j]!]!;
    for (; i >= 0 && negatives[i]! >= threshold; i--);
    rate = (negatives.length - 1 - i) / negatives.length;
    const reached = Math.min(rate, limit);
    const part = rate === rateBefore ? 0 : (reached - rateBefore) / (rate - rateBefore);
    area += (reached - rateBefore) * (overlapBefore + (part * (overlap - overlapBefore)) / 2);
  }
  return area / limit;
}

/** How many regions there are and how many are found. */
export interface RegionRecall {
  readonly found: number;
  readonly regions: number;
}

/**
 * The regions of which at least a share of the pixels, and at least one, scores above a threshold. Throws ConfigError where there is no region.
 */
export function regionRecall(maps: readonly MaskedMap[], threshold: number, leastShare = 0): RegionRecall {
  let [found, regions] = [0, 0];
  for (const map of maps) {
    const { labels, sizes } = labelRegions(map);
    const above = new Uint32Array(sizes.length);
    for (const [pixel, label] of labels.entries()) if (label > 0 && map.scores[pixel]! > threshold) above[label - 1]!++;
    regions += sizes.length;
    found += above.filter((count, region) => count > 0 && count >= leastShare * sizes[region]!).length;
  }
  if (regions === 0) throw noPixels("anomalous");
  return { found, regions };
}

/** The regions of a mask. */
export interface MaskRegions {
  /** 0 where a pixel is normal, else the number of its region from 1 on. */
  readonly labels: Uint32Array;
  /** Pixels of every region. */
  readonly sizes: readonly number[];
}

/** Labels the regions of a mask, row by row: pixels that touch, corners included, are of one region. */
export function labelRegions({ height, width, mask }: Pick<MaskedMap, "height" | "width" | "mask">): MaskRegions {
  const labels = new Uint32Array(height * width);
  const sizes: number[] = [];
  const pending: number[] = [];
  for (let first = 0; first < labels.length; first++) {
    if (mask[first] === 0 || labels[first] !== 0) continue;
    const label = sizes.push(0);
    labels[first] = label;
    pending.push(first);
    for (let pixel = pending.pop(); pixel !== undefined; pixel = pending.pop()) {
      sizes[label - 1]!++;
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const other = row * width + column;
          if (mask[other] === 0 || labels[other] !== 0) continue;
          labels[other] = label;
          pending.push(other);
        }
      }
    }
  }
  return { labels, sizes };
}

function pixelsOf(maps: readonly MaskedMap[]): { readonly normal: Float64Array; readonly anomalous: Float64Array } {
  const anomalousCount = maps.reduce(
    (sum, map) => sum + checked(map).mask.reduce((n, value) => n + (value && 1), 0),
    0,
  );
  const count = maps.reduce((sum, { mask }) => sum + mask.length, 0);
  const [normal, anomalous] = [new Float64Array(count - anomalousCount), new Float64Array(anomalousCount)];
  let [i, j] = [0, 0];
  for (const { mask, scores } of maps) {
    for (const [pixel, value] of mask.entries()) {
      if (value === 0) normal[i++] = scores[pixel]!;
      else anomalous[j++] = scores[pixel]!;
    }
  }
  return { normal, anomalous };
}

/** Every anomalous pixel's score, and its share of its region over the number of regions: all shares add up to 1. */
function regionPixels(maps: readonly MaskedMap[]): { readonly scores: Float64Array; readonly shares: Float64Array } {
  const labelled = maps.map((map) => labelRegions(map));
  const regions = labelled.reduce((sum, { sizes }) => sum + sizes.length, 0);
  const count = labelled.reduce((sum, { sizes }) => sizes.reduce((total, size) => total + size, sum), 0);
  const [scores, shares] = [new Float64Array(count), new Float64Array(count)];
  let position = 0;
  for (const [index, { labels, sizes }] of labelled.entries()) {
    for (const [pixel, label] of labels.entries()) {
      if (label === 0) continue;
      scores[position] = maps[index]!.scores[pixel]!;
      shares[position++] = 1 / (sizes[label - 1]! * regions);
    }
  }
  return { scores, shares };
}

function checked(map: MaskedMap): MaskedMap {
  const { height, width, mask, scores } = map;
  if (mask.length !== height * width || scores.length !== height * width) {
    throw internalError(`a map of ${height}x${width} with ${scores.length} scores and ${mask.length} mask pixels`);
  }
  for (let pixel = 0; pixel < scores.length; pixel++) {
    if (Number.isNaN(scores[pixel])) throw internalError("a score of a map is not a number");
  }
  return map;
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function noPixels(kind: "normal" | "anomalous"): ConfigError {
  return new ConfigError({
    code: "too-few-images",
    subject: "map metrics",
    expected: `at least one ${kind} pixel`,
    got: "none",
  });
}
