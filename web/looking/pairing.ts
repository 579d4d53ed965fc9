/** The same images under several detectors: matched by the location of their set and their names. Pure. */
import { randomKey } from "../../src/base/index.ts";
import { aurocInterval, auroc as aurocOf, compareAuroc, describeComparison } from "../../src/score/index.ts";
import type { LoadedScoring } from "./scoring-data.ts";

/** One detector's scores. */
export interface Side {
  readonly run: string;
  readonly name: string;
  readonly loaded: LoadedScoring;
  readonly score: string;
  readonly values: Float64Array;
}

/** An image that every detector has scored. */
export interface PairedImage {
  readonly name: string;
  readonly set: string;
  readonly kind: string;
  /** Its number in every scoring. */
  readonly images: readonly number[];
}

/** The images that all have scored, in the order of the first. Images of calibrations are left out: they are others for each detector. */
export function pairImages(sides: readonly Side[]): PairedImage[] {
  const [first, ...others] = sides;
  if (!first) return [];
  const lookups = others.map(({ loaded }) => numbersByName(loaded));
  const paired: PairedImage[] = [];
  for (const { name: set, kind, location, first: from, count } of first.loaded.scoring.sets) {
    if (kind === "held-out") continue;
    for (let image = from; image < from + count; image++) {
      const name = first.loaded.names[image]!;
      const found = lookups.map((lookup) => lookup.get(location)?.get(name));
      if (found.some((one) => one === undefined)) continue;
      paired.push({ name, set, kind, images: [image, ...(found as number[])] });
    }
  }
  return paired;
}

function numbersByName({ scoring, names }: LoadedScoring): Map<string, Map<string, number>> {
  const found = new Map<string, Map<string, number>>();
  for (const { kind, location, first, count } of scoring.sets) {
    if (kind === "held-out") continue;
    const own = found.get(location) ?? new Map<string, number>();
    found.set(location, own);
    for (let image = first; image < first + count; image++) own.set(names[image]!, image);
  }
  return found;
}

/** Ranks from 0 (most normal) to 1, equal values sharing their mean rank. */
export function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, index) => index).sort((a, b) =>
    values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0,
  );
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let at = from; at < to; at++) ranks[order[at]!] = (from + to - 1) / 2 / Math.max(1, order.length - 1);
    from = to;
  }
  return ranks;
}

/** A point of a ROC curve: shares of normal and of anomalous images that are marked. */
export type RocPoint = readonly [falseAlarms: number, detected: number];

/** The ROC curve of scores, thinned to what a figure shows. */
export function rocOf(normal: ArrayLike<number>, anomalous: ArrayLike<number>): RocPoint[] {
  const all = [
    ...Array.from(normal, (value) => [value, 0] as const),
    ...Array.from(anomalous, (value) => [value, 1] as const),
  ].sort(([a], [b]) => (a === b ? 0 : a > b ? -1 : 1));
  const points: RocPoint[] = [[0, 0]];
  const counts = [0, 0];
  for (const [index, [value, side]] of all.entries()) {
    counts[side]!++;
    if (all[index + 1]?.[0] === value) continue;
    const point: RocPoint = [counts[0]! / normal.length, counts[1]! / anomalous.length];
    const last = points.at(-1)!;
    if (index === all.length - 1 || Math.abs(point[0] - last[0]) + Math.abs(point[1] - last[1]) > 0.002)
      points.push(point);
  }
  return points;
}

/** One detector on a set. */
export interface SideMeasures {
  readonly auroc: number;
  readonly low: number;
  readonly high: number;
  /** How it compares with the first one, in a sentence. */
  readonly comparison: string | undefined;
}

/** Images beyond which intervals take too long for a page. */
const mostDrawn = 20_000;

/** AUROC of every detector with its interval, and whether it differs from the first beyond chance (DeLong). */
export function measureSides(
  sides: readonly Side[],
  normal: readonly (readonly number[])[],
  anomalous: readonly (readonly number[])[],
): SideMeasures[] {
  const pairs = sides.map((_, side) => ({
    normal: Float64Array.from(normal[side]!),
    anomalous: Float64Array.from(anomalous[side]!),
  }));
  return pairs.map((pair, side) => {
    const many = pair.normal.length + pair.anomalous.length > mostDrawn;
    const auroc = aurocOf(pair);
    const { low, high } = many
      ? { low: Number.NaN, high: Number.NaN }
      : aurocInterval(pair, randomKey(0).fold("bootstrap").fold(side), 400);
    const comparison =
      side === 0
        ? undefined
        : describeComparison(compareAuroc(pairs[0]!, pair), { first: sides[0]!.name, second: sides[side]!.name });
    return { auroc, low, high, comparison };
  });
}
