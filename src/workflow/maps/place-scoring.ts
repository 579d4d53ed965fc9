/** What looks at places of images, at their own size: faults, features of an encoder. An image at a time, so that memory does not grow with them. */
import { type ImageSource, mapInOrder, readWhole } from "../../data/index.ts";
import type { Detector } from "../../detector/index.ts";
import type { CellMap, FaultScorer } from "../../faults/portable.ts";
import type { RawImage } from "../../pixels/index.ts";
import type { FaultTable, PlacedSource } from "../../score/index.ts";

/** A map of each part that looked. */
export type PlacedMaps = { readonly [Name in PlacedSource]?: CellMap };

/** An image with its maps, while it is in memory. */
export interface MappedImage {
  readonly name: string;
  readonly className: string | undefined;
  /** At its own size, in the detector's colours. */
  readonly image: RawImage;
  /** One number for every cell, in standard deviations of normal images. */
  readonly maps: PlacedMaps;
}

/** Is told of every image that was looked at, in order, and waited for. */
export type MapListener = (mapped: MappedImage) => void | Promise<void>;

/** The scores of those parts that looked. */
export type PlacedTables = { readonly [Name in PlacedSource]?: FaultTable };

/** What a part says of one image. */
interface PlacedScore {
  readonly score: number;
  readonly map: CellMap;
}

/** The mean of the folds' own scores: the references were scored by the one fold that did not see them, and a mean varies less, so that p-values are on the safe side. */
async function meanOfFolds(scorer: FaultScorer, image: RawImage): Promise<PlacedScore> {
  const { foldScores, map } = await scorer.score(image);
  return { score: foldScores.reduce((sum, score) => sum + score, 0) / foldScores.length, map };
}

/** How each part looks. */
const lookers: { readonly [Name in PlacedSource]: (detector: Detector, image: RawImage) => Promise<PlacedScore> } = {
  faults: ({ faults }, image) => meanOfFolds(faults!, image),
  cells: ({ cells }, image) => meanOfFolds(cells!, image),
  encoder: ({ encoder }, image) => encoder!.score(image),
  "encoder-other": (detector, image) => detector["encoder-other"]!.score(image),
};

/** The parts of a detector that look at places. */
export function placedParts(detector: Detector): readonly PlacedSource[] {
  return (Object.keys(lookers) as PlacedSource[]).filter((name) => detector[name] !== undefined);
}

/** Images read ahead of the one that is looked at: a photograph of twelve megapixels takes 36 MB. */
const readAhead = 2;

/**
 * Looks at the images that stand at these places of a source, with some parts of a detector. Throws FormatError where one cannot be read a second time,
 * RunError where the engine fails.
 */
export async function scorePlaces(
  detector: Detector,
  source: ImageSource,
  indices: readonly number[],
  parts: readonly PlacedSource[],
  onMap?: MapListener,
): Promise<PlacedTables> {
  const { tables, look } = lookingWith(detector, parts, indices.length);
  if (parts.length === 0) return tables;
  const read = (position: number): Promise<RawImage> => readWhole(source, indices[position]!, detector.manifest.input);
  let position = 0;
  for await (const image of mapInOrder(indices.length, read, { concurrency: readAhead, ahead: readAhead })) {
    const index = indices[position]!;
    const maps = await look(position, image);
    await onMap?.({ name: source.name(index), className: source.className(index), image, maps });
    position++;
  }
  return tables;
}

/**
 * The same for images at hand, such as a service is sent, read one after another, with every part that a detector has. They are called by their
 * places.
 */
export async function placesOf(
  detector: Detector,
  count: number,
  read: (position: number) => Promise<RawImage>,
  onMap?: MapListener,
): Promise<PlacedTables> {
  const parts = placedParts(detector);
  const { tables, look } = lookingWith(detector, parts, count);
  for (let position = 0; parts.length > 0 && position < count; position++) {
    const image = await read(position);
    const maps = await look(position, image);
    await onMap?.({ name: String(position), className: undefined, image, maps });
  }
  return tables;
}

function lookingWith(detector: Detector, parts: readonly PlacedSource[], count: number) {
  const scores = parts.map((name) => [name, new Float64Array(count)] as const);
  return {
    tables: Object.fromEntries(scores.map(([name, own]) => [name, { scores: own }])) as PlacedTables,
    async look(position: number, image: RawImage): Promise<PlacedMaps> {
      const maps: { -readonly [Name in PlacedSource]?: CellMap } = {};
      for (const [name, own] of scores) {
        const { score, map } = await lookers[name](detector, image);
        own[position] = score;
        maps[name] = map;
      }
      return maps;
    },
  };
}
