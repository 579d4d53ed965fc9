/** Measuring maps of places against masks, where a data set in MVTec's layout (Bergmann et al. 2019) has them in `ground_truth/`. */
import { ConfigError, setting } from "../../base/index.ts";
import { formatLocation, type ImageSource, openImages, parseLocation, readWhole } from "../../data/index.ts";
import {
  defaultProLimit,
  type MaskedMap,
  perRegionOverlap,
  pixelAuroc,
  quantile,
  type RegionRecall,
  regionRecall,
} from "../../score/index.ts";
import type { MappedImage, PlacedMaps } from "./place-scoring.ts";
import type { PlacedSubject, PlacedView } from "./placed-maps.ts";

/** The folder of masks: what is bright in them is anomalous. */
const maskFolder = "ground_truth";

/** Pixels that are compared in all; of more, every second, third, ... of a row and a column is taken. */
const mostPixels = 4e6;

/** The share of normal images that may show a region where the recall of regions is measured. */
const markedNormal = 0.1;

/** The map of an image, and its mask where it has one: a normal image has an empty one. */
export interface KeptMap {
  readonly set: string;
  readonly height: number;
  readonly width: number;
  readonly maps: PlacedMaps;
  /** Where the mask stands; null for a normal image. */
  readonly mask: { readonly source: ImageSource; readonly index: number } | null;
}

/** What is said of the maps of some anomalous images, beside the normal ones. */
export interface MapMeasures {
  /** Anomalous images with a mask. */
  readonly count: number;
  readonly pixelAuroc: number;
  /** Area under the per-region overlap up to the limit of false-positive rates. */
  readonly aupro: number;
  /** Regions that are found at a threshold that a tenth of the normal images reach somewhere. */
  readonly regions: RegionRecall;
}

/** What an evaluation says of maps. */
export interface MapReport {
  readonly score: PlacedSubject["kind"];
  readonly limit: number;
  /** Every so many pixels of a row and of a column are compared. */
  readonly step: number;
  /** Anomalous images whose masks are missing or of another size. */
  readonly without: number;
  /** Of all anomalous images together. */
  readonly all: MapMeasures;
  /** By set, for those that have masks. */
  readonly sets: Readonly<Record<string, MapMeasures>>;
}

/** Masks of a location, found by the class and name of an image. */
export interface Masks {
  readonly of: (className: string | undefined, name: string) => KeptMap["mask"] | undefined;
}

/** The masks beside the images of a location; undefined where there are none. */
export async function openMasks(location: string, subject = setting("anomalous")): Promise<Masks | undefined> {
  const { path } = parseLocation(location, subject);
  const source = await openImages(formatLocation({ path, selection: { split: maskFolder } }), subject).catch(
    (error: unknown) => {
      if (error instanceof ConfigError) return undefined;
      throw error;
    },
  );
  if (!source) return undefined;
  const known = new Map<string, number>();
  for (let index = 0; index < source.length; index++) {
    known.set(`${source.className(index)}/${stemOf(source.name(index)).replace(/_mask$/, "")}`, index);
  }
  return {
    of: (className, name) => {
      const index = known.get(`${className}/${stemOf(name)}`);
      return index === undefined ? undefined : { source, index };
    },
  };
}

/** A file's name without its folders and its ending. */
function stemOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.\w+$/, "");
}

/** What is kept of an image's map until all are there: its cells, not its pixels. */
export function keepMap(set: string, { image, maps }: MappedImage, mask: KeptMap["mask"]): KeptMap {
  return { set, height: image.height, width: image.width, maps, mask };
}

/** Compares a subject's maps with masks; undefined where no image has one. `without` counts the anomalous images that were left out for that. */
export async function measureMaps(
  score: PlacedSubject["kind"],
  view: PlacedView,
  kept: readonly KeptMap[],
  without: number,
): Promise<MapReport | undefined> {
  const pixels = kept.reduce((sum, { height, width }) => sum + height * width, 0);
  const step = Math.max(1, Math.ceil(Math.sqrt(pixels / mostPixels)));
  const normal: MaskedMap[] = [];
  const anomalous: { readonly set: string; readonly map: MaskedMap }[] = [];
  let missing = without;
  for (const one of kept) {
    const masked = await maskedMap(view, one, step);
    if (!masked) missing++;
    else if (one.mask) anomalous.push({ set: one.set, map: masked });
    else normal.push(masked);
  }
  const regioned = anomalous.filter(({ map }) => map.mask.some((value) => value > 0));
  missing += anomalous.length - regioned.length;
  if (regioned.length === 0) return undefined;
  const highest = Float64Array.from(normal, ({ scores }) => largest(scores)).sort();
  const threshold = quantile(highest, 1 - markedNormal);
  const measure = (maps: readonly MaskedMap[]): MapMeasures => ({
    count: maps.length,
    pixelAuroc: pixelAuroc([...normal, ...maps]),
    aupro: perRegionOverlap([...normal, ...maps]),
    regions: regionRecall(maps, threshold),
  });
  const sets = [...new Set(regioned.map(({ set }) => set))];
  return {
    score,
    limit: defaultProLimit,
    step,
    without: missing,
    all: measure(regioned.map(({ map }) => map)),
    sets: Object.fromEntries(
      sets.map((name) => [name, measure(regioned.flatMap(({ set, map }) => (set === name ? [map] : [])))]),
    ),
  };
}

function largest(values: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) if (values[index]! > most) most = values[index]!;
  return most;
}

/** A map and its mask at every so many pixels; undefined where the mask is of another size. */
async function maskedMap(
  view: PlacedView,
  { maps, mask, height, width }: KeptMap,
  step: number,
): Promise<MaskedMap | undefined> {
  const [rows, columns] = [Math.max(1, Math.floor(height / step)), Math.max(1, Math.floor(width / step))];
  const thin = new Uint8Array(rows * columns);
  if (mask) {
    const whole = await readWhole(mask.source, mask.index, { channels: 1, height, width });
    if (whole.height !== height || whole.width !== width) return undefined;
    const middle = step >> 1;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const pixel = Math.min(height - 1, row * step + middle) * width + Math.min(width - 1, column * step + middle);
        thin[row * columns + column] = whole.pixels[pixel]! > 127 ? 1 : 0;
      }
    }
  }
  return { height: rows, width: columns, scores: view.draw(maps, { height: rows, width: columns }), mask: thin };
}
