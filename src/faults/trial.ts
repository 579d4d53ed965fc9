/** Whole images with a synthetic fault of any size: how a trained network is tried where no anomaly is at hand. Pure. */
import { type RandomKey, randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { cropAt, withChannels } from "./levels.ts";
import type { Mask } from "./synthetic/canvas.ts";
import { drawFault } from "./synthetic/fault.ts";
import { type FaultKind, faultKinds } from "./synthetic/kinds.ts";
import type { Example } from "./synthetic/likeness.ts";
import type { NormalImages } from "./training.ts";

/** The smallest square that a fault is drawn on, in pixels; the largest is the image's shorter side. */
const leastSide = 48;

/** A whole image with a fault. */
export interface FaultyImage {
  readonly kind: FaultKind;
  readonly image: RawImage;
  /** 0 to 1: [height, width] of the image. */
  readonly mask: Mask;
}

/** Draws a fault on a random square of an image, all sizes equally likely on a logarithmic scale; what is pasted comes from `donor`. */
export function drawOnImage(
  image: RawImage,
  donor: RawImage,
  key: RandomKey,
  kinds: readonly FaultKind[],
  examples?: readonly Example[],
): FaultyImage {
  const { height, width, channels } = image;
  const stream = key.fold("place").stream();
  const longest = Math.min(height, width);
  const least = Math.min(leastSide, longest);
  const side = Math.round(least * (longest / least) ** stream.uniform());
  const start = (size: number): number => stream.integer(Math.max(1, size - side + 1));
  const [top, left] = [start(height), start(width)];
  const other = cropAt(donor, start(donor.height), start(donor.width), side);
  const drawn = drawFault(cropAt(image, top, left, side), other, key.fold("fault"), kinds, examples);
  const pixels = image.pixels.slice();
  const mask = new Float32Array(height * width);
  for (let y = 0; y < side; y++) {
    const [from, to] = [y * side, (top + y) * width + left];
    mask.set(drawn.mask.subarray(from, from + side), to);
    for (let channel = 0; channel < channels; channel++) {
      const source = channel * side * side + from;
      pixels.set(drawn.crop.values.subarray(source, source + side), channel * height * width + to);
    }
  }
  return { kind: drawn.kind, image: { ...image, pixels }, mask };
}

/**
 * Faults of one kind each on a normal image as it was read, kinds taking turns over all images: what experts are compared by. The same images, seed and
 * position give the same faults to every expert, whatever size it looks at them in.
 */
export async function trialFaults(
  images: NormalImages,
  index: number,
  count: number,
  seed: number,
  kinds: readonly FaultKind[] = faultKinds,
): Promise<readonly FaultyImage[]> {
  const key = randomKey(seed).fold("trials").fold(index);
  const faults: FaultyImage[] = [];
  if (count === 0) return faults;
  const image = await images.read(index);
  for (let trial = 0; trial < count; trial++) {
    const own = key.fold(trial);
    const donor = await images.read(own.fold("donor").stream().integer(images.names.length));
    const pasted = withChannels(donor, image.channels);
    faults.push(drawOnImage(image, pasted, own, [kinds[(index * count + trial) % kinds.length]!]));
  }
  return faults;
}
