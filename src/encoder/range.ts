/**
 * Whether pixels are given to an encoder in the range that it was trained with, told by its features alone.
 *
 * A network with nonlinearities is as nonlinear as its training made it only for inputs of the size that it was trained with. Where they are
 * too small the biases decide which units are on, where they are too large the biases vanish: either way the network is nearly linear, and an
 * image of half the contrast changes its features half as much. In the right range it changes them by clearly more than half.
 */
import { randomKey } from "../base/index.ts";
import { makeImages } from "../made/index.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Program } from "../runtime/index.ts";
import { type PixelPreparation, type Tap, type UsualRange, usualRanges } from "./description.ts";
import { encoderInput, featureMap } from "./features.ts";

/** How much less linear another range must make an encoder before its own is doubted. */
export const doubtfulDifference = 0.25;

/** Made images that every encoder is tried with: colours and edges at all scales. */
export function trialImages(height: number, width: number, count = 2): readonly RawImage[] {
  const specification = { channels: 3 as const, height, width };
  const { pixels } = makeImages({ kind: "natural", count, specification, key: randomKey("encoder trial") });
  const length = 3 * height * width;
  return Array.from({ length: count }, (_, index) => ({
    kind: "raw",
    pixels: pixels.slice(index * length, (index + 1) * length),
    channels: 3,
    height,
    width,
  }));
}

/**
 * log2 of how much more an image changes the finest features than the same image at half its contrast does, both against its mean colour: 1
 * for a linear network. Only the middle of the map counts, where borders do not reach.
 */
export async function linearityOf(
  program: Program,
  input: string,
  tap: Tap,
  preparation: PixelPreparation,
  images: readonly RawImage[],
): Promise<number> {
  let [whole, half] = [0, 0];
  for (const image of images) {
    const full = encoderInput(image, preparation);
    const flat = flattened(full);
    const faint = full.map((value, index) => (value + flat[index]!) / 2);
    const middles: Float32Array[] = [];
    for (const data of [full, flat, faint]) {
      const result = await program.run({ [input]: { data, shape: [1, 3, image.height, image.width] } });
      middles.push(middleOf(featureMap(tap, result[tap.name]!, image)));
    }
    const [a, b, c] = middles as [Float32Array, Float32Array, Float32Array];
    for (let index = 0; index < a.length; index++) {
      whole += (a[index]! - b[index]!) ** 2;
      half += (c[index]! - b[index]!) ** 2;
    }
  }
  return whole > 0 && half > 0 ? Math.log2(whole / half) / 2 : 1;
}

/** Every usual range with its linearity, the least linear first. */
export async function compareRanges(
  program: Program,
  input: string,
  tap: Tap,
  colours: PixelPreparation["colours"],
  images: readonly RawImage[],
): Promise<readonly { readonly range: UsualRange; readonly linearity: number }[]> {
  const all: { range: UsualRange; linearity: number }[] = [];
  for (const range of Object.keys(usualRanges) as UsualRange[]) {
    const preparation = { ...usualRanges[range], colours } as PixelPreparation;
    all.push({ range, linearity: await linearityOf(program, input, tap, preparation, images) });
  }
  return all.sort((a, b) => a.linearity - b.linearity);
}

function flattened(data: Float32Array): Float32Array {
  const area = data.length / 3;
  const flat = new Float32Array(data.length);
  for (let channel = 0; channel < 3; channel++) {
    const plane = data.subarray(channel * area, (channel + 1) * area);
    flat.fill(plane.reduce((sum, value) => sum + value, 0) / area, channel * area, (channel + 1) * area);
  }
  return flat;
}

function middleOf({
  channels,
  rows,
  columns,
  values,
}: {
  channels: number;
  rows: number;
  columns: number;
  values: Float32Array;
}): Float32Array {
  const [top, bottom] = [rows >> 2, Math.max((rows >> 2) + 1, (3 * rows) >> 2)];
  const [left, right] = [columns >> 2, Math.max((columns >> 2) + 1, (3 * columns) >> 2)];
  const middle: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) middle.push(values[(channel * rows + y) * columns + x]!);
    }
  }
  return Float32Array.from(middle);
}
