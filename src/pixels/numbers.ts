/** Images of numbers that are not of 8 bits: 16 bits, and floating point, whose black and white are those of the images trained on. Pure. */
import type { RangeWay } from "../base/index.ts";
import { levelsIn, type NumberRange } from "./number-levels.ts";
import { type ImageRefusal, type PreparedImage, prepareDecoded, prepareRaw } from "./preparation.ts";
import type { NumberImage, RawImage } from "./raw-image.ts";
import type { InputForm } from "./specification.ts";

/** The pixels of an image of numbers, or the reason why there are none. */
export function prepareNumbers(image: NumberImage, form: InputForm): PreparedImage {
  const { pixels, channels, height, width } = image;
  if (pixels instanceof Uint16Array) {
    return prepareDecoded({ samples: interleaved(pixels, channels), channels, height, width }, form);
  }
  const eight = toRange(pixels, form.sampleRange ?? undefined);
  return "reason" in eight ? eight : prepareRaw({ kind: "raw", pixels: eight.pixels, channels, height, width }, form);
}

function toRange(numbers: Float32Array, range: NumberRange | undefined): Pick<RawImage, "pixels"> | ImageRefusal {
  if (range === undefined) {
    return { reason: "samples are floating-point numbers, and none were trained on; save it with 8 or 16 bits" };
  }
  if (!numbers.every(Number.isFinite)) return { reason: "image has values that are no numbers" };
  return { pixels: levelsIn(range, numbers) };
}

/** Ranges that images of floating point usually have. */
const usualRanges: readonly NumberRange[] = [
  [0, 1],
  [-1, 1],
  [0, 255],
  [0, 65535],
];

/** The share of numbers below black and above white where no usual range fits. */
const outside = 0.001;

/**
 * Black and white of some numbers: the smallest of the usual ranges (0 to 1, -1 to 1, 0 to 255, 0 to 65535) that holds all of them and that they fill by
 * half, else their own quantiles of 0.1 and 99.9 %, as always where percentiles are asked for. Numbers that are not finite have no say; undefined where there are no others.
 */
export function rangeOf(numbers: Float32Array, way: RangeWay = "usual"): NumberRange | undefined {
  const sorted = numbers.filter(Number.isFinite).sort();
  if (sorted.length === 0) return undefined;
  const [least, most] = [sorted[0]!, sorted.at(-1)!];
  const usual = usualRanges.find(
    ([black, white]) => least >= black && most <= white && 2 * (most - least) >= white - black,
  );
  if (usual && way === "usual") return usual;
  const last = sorted.length - 1;
  const [black, white] = [sorted[Math.floor(outside * last)]!, sorted[Math.ceil((1 - outside) * last)]!];
  return black < white ? [black, white] : [black, black + 1];
}

/** [C, H, W] as [H, W, C]. */
function interleaved(planes: Uint16Array, channels: number): Uint16Array {
  if (channels === 1) return planes;
  const result = new Uint16Array(planes.length);
  const area = planes.length / channels;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < area; pixel++) result[pixel * channels + channel] = planes[channel * area + pixel]!;
  }
  return result;
}
