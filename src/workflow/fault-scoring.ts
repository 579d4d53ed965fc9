/** Looking for local faults in the images of a batch: read again at their own size, one at a time, so that memory does not grow with them. */
import { type ImageSource, mapInOrder, readWhole } from "../data/index.ts";
import type { Detector } from "../detector/index.ts";
import { type CellMap, resampled } from "../faults/portable.ts";
import type { RawImage } from "../pixels/index.ts";
import type { FaultTable } from "../score/index.ts";

/** An image with its map of faults, while it is in memory. */
export interface MappedImage {
  readonly name: string;
  readonly className: string | undefined;
  /** At its own size, in the detector's colours. */
  readonly image: RawImage;
  /** One number for every cell of 8x8 pixels of the largest level, in standard deviations of normal images. */
  readonly map: CellMap;
}

/** Is told of every image that was looked at, in order, and waited for. */
export type MapListener = (mapped: MappedImage) => void | Promise<void>;

/** Images read ahead of the one that is looked at: a photograph of twelve megapixels takes 36 MB. */
const readAhead = 2;

/**
 * Looks at the images that stand at these places of a source. A score is the mean of the networks' own scores: the references were scored by the one
 * network that did not see them, and a mean varies less, so that p-values are on the safe side. Throws FormatError where one cannot be read a second time, RunError where the
 * engine fails, an internal error for a detector without networks that look for faults.
 */
export async function scoreFaults(
  { faults, manifest }: Detector,
  source: ImageSource,
  indices: readonly number[],
  onMap?: MapListener,
): Promise<FaultTable> {
  const scores = new Float64Array(indices.length);
  const read = (position: number): Promise<RawImage> => readWhole(source, indices[position]!, manifest.input);
  let position = 0;
  for await (const image of mapInOrder(indices.length, read, { concurrency: readAhead, ahead: readAhead })) {
    const index = indices[position]!;
    const { foldScores, map } = await faults!.score(image);
    scores[position] = meanOf(foldScores);
    await onMap?.({ name: source.name(index), className: source.className(index), image, map });
    position++;
  }
  return { scores };
}

function meanOf(scores: readonly number[]): number {
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** The same for images at hand, such as a service is sent, read one after another. */
export async function faultsOf(
  { faults }: Detector,
  count: number,
  read: (position: number) => Promise<RawImage>,
): Promise<FaultTable> {
  const scores = new Float64Array(count);
  for (const position of scores.keys()) {
    scores[position] = meanOf((await faults!.score(await read(position))).foldScores);
  }
  return { scores };
}

/** The map of an image at the image's size, [height, width]. */
export function fullSizeMap({ image: { height, width }, map }: Pick<MappedImage, "image" | "map">): Float32Array {
  return resampled(map, height, width).values;
}

/** From where on a map is tinted and where most, the same for all images of a detector: the scores of normal images. */
export function heatRange({ calibration }: Detector["manifest"]): readonly [number, number] {
  const scores = calibration.scores.faults ?? [];
  const at = (share: number): number => scores[Math.floor(share * (scores.length - 1))] ?? 0;
  const [usual, high] = [at(0.5), at(0.95)];
  return [usual, high + 2 * Math.max(0.5, high - usual)];
}
