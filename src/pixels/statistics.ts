/** What an image's pixels are like as a whole: brightness, contrast, sharpness, colour. Pure. */
import type { RawImage } from "./raw-image.ts";

/** Numbers of one image; levels are those of 8 bits, 0 to 255. */
export interface PixelStatistics {
  /** Mean luma. */
  readonly brightness: number;
  /** Standard deviation of luma. */
  readonly contrast: number;
  /** The greatest standard deviation of luma and of single channels: colours of one brightness have contrast, too. */
  readonly spread: number;
  /**
   * Root mean square difference of neighbouring pixels over that of pixels four apart, NaN where there is none: near 1/4 where an image is smooth,
   * 1 where it is noise. Contrast and brightness cancel out, and what an image shows nearly does.
   */
  readonly sharpness: number;
  /** Means of the blue and the red colour difference (ITU-R BT.601), 0 for grey. */
  readonly blue: number;
  readonly red: number;
}

/** Pixels between two that tell the coarse structure of an image. */
const coarse = 4;

/** The statistics of an image of any number of channels; but for the spread, of others than three the first counts. */
export function statisticsOf(image: RawImage): PixelStatistics {
  const { height, width } = image;
  const luma = lumaOf(image);
  const brightness = meanOf(luma);
  const contrast = deviationOf(luma, brightness);
  const spread = Math.max(contrast, ...channelsOf(image).map((channel) => deviationOf(channel, meanOf(channel))));
  const far = difference(luma, height, width, coarse);
  const sharpness = far > 0 ? Math.sqrt(difference(luma, height, width, 1) / far) : Number.NaN;
  return { brightness, contrast, spread, sharpness, ...colourOf(image, brightness) };
}

/** The channels of an image that has several, one by one. */
function channelsOf({ pixels, channels, height, width }: RawImage): Uint8Array[] {
  const area = height * width;
  if (channels === 1) return [];
  return Array.from({ length: channels }, (_, channel) => pixels.subarray(channel * area, (channel + 1) * area));
}

function meanOf(values: Uint8Array | Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function deviationOf(values: Uint8Array | Float32Array, mean: number): number {
  let sum = 0;
  for (const value of values) sum += (value - mean) ** 2;
  return Math.sqrt(sum / values.length);
}

function lumaOf({ pixels, channels, height, width }: RawImage): Float32Array {
  const area = height * width;
  if (channels !== 3) return Float32Array.from(pixels.subarray(0, area));
  const luma = new Float32Array(area);
  for (let pixel = 0; pixel < area; pixel++) {
    luma[pixel] = 0.299 * pixels[pixel]! + 0.587 * pixels[area + pixel]! + 0.114 * pixels[2 * area + pixel]!;
  }
  return luma;
}

/** The mean square of differences of pixels so far apart along both axes; 0 where the image is smaller than that. */
function difference(luma: Float32Array, height: number, width: number, distance: number): number {
  let sum = 0;
  let count = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      if (column + distance < width) {
        sum += (luma[at + distance]! - luma[at]!) ** 2;
        count++;
      }
      if (row + distance < height) {
        sum += (luma[at + distance * width]! - luma[at]!) ** 2;
        count++;
      }
    }
  }
  return count === 0 ? 0 : sum / count;
}

function colourOf(image: RawImage, brightness: number): Pick<PixelStatistics, "blue" | "red"> {
  if (image.channels !== 3) return { blue: 0, red: 0 };
  const [red, , blue] = channelsOf(image).map(meanOf) as [number, number, number];
  return { blue: 0.564 * (blue - brightness), red: 0.713 * (red - brightness) };
}
