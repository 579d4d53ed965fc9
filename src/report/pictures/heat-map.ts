/** A heat map over an image, as a PNG of the image's size. */
import { internalError } from "../../base/index.ts";
import { sharpLibrary } from "../../data/index.ts";
import type { Canvas, Colour } from "./canvas.ts";
import { encodePng } from "./png.ts";
import { longestThumbnail } from "./thumbnail.ts";

/** An image with one number a pixel. */
export interface HeatMap {
  /** uint8 [channels, height, width]: one channel is grey, three are RGB. */
  readonly pixels: Uint8Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** [height, width]. */
  readonly heat: Float32Array;
  /** From where on pixels are tinted, and where the tint is strongest. */
  readonly range: readonly [low: number, high: number];
}

/** From faint to strong: yellow, orange, red. */
const tints: readonly Colour[] = [
  [255, 230, 80],
  [255, 140, 0],
  [200, 0, 40],
];

/** The share of the tint at the strongest places: what is below still shows. */
const mostTint = 0.65;

/** The image in grey, tinted where it is hot. */
export function heatCanvas({ pixels, channels, height, width, heat, range }: HeatMap): Canvas {
  const area = height * width;
  if (heat.length !== area || pixels.length !== channels * area) {
    throw internalError(`a map of ${heat.length} numbers on an image of ${channels}x${height}x${width}`);
  }
  const painted = new Uint8Array(3 * area);
  for (let pixel = 0; pixel < area; pixel++) {
    const grey =
      channels < 3
        ? pixels[pixel]!
        : 0.299 * pixels[pixel]! + 0.587 * pixels[area + pixel]! + 0.114 * pixels[2 * area + pixel]!;
    // Most of a photograph is cold, and colours of twelve million pixels take their time.
    if (heat[pixel]! <= range[0]) {
      const level = Math.round(grey);
      for (let channel = 0; channel < 3; channel++) painted[3 * pixel + channel] = level;
      continue;
    }
    const { tint, share } = tintOf(heat[pixel]!, range);
    for (let channel = 0; channel < 3; channel++) {
      painted[3 * pixel + channel] = Math.round((1 - share) * grey + share * tint[channel]!);
    }
  }
  return { width, height, pixels: painted };
}

/** The tints alone as a PNG with transparency, no larger than a thumbnail or than asked for: to be laid over a picture of any size. */
export function renderHeatOverlay(
  { height, width, heat, range }: Omit<HeatMap, "pixels" | "channels">,
  longest: number = longestThumbnail,
): Promise<Uint8Array> {
  const pixels = new Uint8Array(4 * height * width);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const { tint, share } = tintOf(heat[pixel]!, range);
    pixels.set([...tint.map(Math.round), Math.round(255 * share)], 4 * pixel);
  }
  return sharpLibrary()(pixels, { raw: { width, height, channels: 4 } })
    .resize(longest, longest, { fit: "inside", withoutEnlargement: true })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** The colour of a number and how much of it covers what is below. */
function tintOf(
  value: number,
  [low, high]: HeatMap["range"],
): { readonly tint: readonly number[]; readonly share: number } {
  const warmth = Math.min(1, Math.max(0, (value - low) / (high - low)));
  const place = warmth * (tints.length - 1);
  const step = Math.min(tints.length - 2, Math.floor(place));
  const [from, to] = [tints[step]!, tints[step + 1]!];
  return {
    tint: from.map((level, channel) => level + (place - step) * (to[channel]! - level)),
    share: mostTint * Math.min(1, 2 * warmth),
  };
}

/** The PNG bytes of a heat map, every pixel a square of `enlargement` pixels a side. */
export function renderHeatMap(map: HeatMap, enlargement = 1): Promise<Uint8Array> {
  return encodePng(enlarged(heatCanvas(map), enlargement));
}

function enlarged({ width, height, pixels }: Canvas, factor: number): Canvas {
  if (factor === 1) return { width, height, pixels };
  const [wide, high] = [factor * width, factor * height];
  const result = new Uint8Array(3 * wide * high);
  for (let row = 0; row < high; row++) {
    for (let column = 0; column < wide; column++) {
      const from = 3 * (Math.floor(row / factor) * width + Math.floor(column / factor));
      result.set(pixels.subarray(from, from + 3), 3 * (row * wide + column));
    }
  }
  return { width: wide, height: high, pixels: result };
}
