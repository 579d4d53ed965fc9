/**
 * Strangers: images that differ from a normal one as a whole, made of normal images and of nothing: what experts of whole images are compared by
 * where no anomaly is at hand. Some have less detail than normal images and some have more, because likelihood errs in opposite directions on the two.
 * None is turned or mirrored: normal images may well lie that way. Pure.
 */
import { type ImageShape, permutation, type RandomKey, type RandomStream } from "../base/index.ts";
import { enlargeBilinear, type RawImage, shrinkTriangle } from "../pixels/index.ts";
import { makeImages, smallestMadeSide } from "./images.ts";

/** What a stranger is drawn from. */
interface StrangerBrush {
  readonly image: RawImage;
  /** Another normal image. */
  readonly donor: RawImage;
  readonly key: RandomKey;
  readonly stream: RandomStream;
}

const painters = {
  made,
  plain,
  drawn,
  blurred,
  faded,
  enlarged,
  noisy,
  tiled,
  shuffled,
  inverted,
  mixed,
} satisfies Record<string, (brush: StrangerBrush) => RawImage>;

/** The name of a kind of strangers. */
export type StrangerKind = keyof typeof painters;

/** All kinds, in a fixed order. */
export const strangerKinds = Object.keys(painters) as readonly StrangerKind[];

/** The longer side of made strangers, which are enlarged to a larger image's size. */
const mostMadeSide = 128;

/** A stranger of a kind, in the size and colours of `image`. */
export function drawStranger(image: RawImage, donor: RawImage, key: RandomKey, kind: StrangerKind): RawImage {
  const alike = sized(donor, image.height, image.width);
  return painters[kind]({ image, donor: alike, key, stream: key.stream() });
}

/** The shape in which a stranger is made of nothing: that of the image, but no larger than need be. */
function madeShape({ channels, height, width }: RawImage): ImageShape {
  const shrink = Math.min(1, mostMadeSide / Math.max(height, width));
  const side = (full: number): number => Math.max(smallestMadeSide, Math.round(full * shrink));
  return { channels, height: side(height), width: side(width) };
}

/** A scene of shapes or of something like a photograph, with keys that no general model's images have. */
function made({ image, key, stream }: StrangerBrush): RawImage {
  const { height, width } = image;
  const specification = madeShape(image);
  const kind = stream.uniform() < 0.5 ? "general" : "natural";
  const { pixels } = makeImages({ kind, count: 1, specification, key: key.fold("stranger") });
  return sized({ kind: "raw", pixels, ...specification }, height, width);
}

/** A ground of one level, with a slope of at most 40 grey levels and noise of at most 4: a covered lens, an empty place. */
function plain({ image, stream }: StrangerBrush): RawImage {
  const { channels, height, width } = madeShape(image);
  const grey = between(stream, 0, 255);
  const coloured = channels > 1 && stream.uniform() < 0.5;
  const levels = Array.from({ length: channels }, () => (coloured ? between(stream, 0, 255) : grey));
  const [down, across] = [between(stream, -40, 40) / height, between(stream, -40, 40) / width];
  const noise = between(stream, 0, 4);
  const pixels = Uint8Array.from({ length: channels * height * width }, (_, index) => {
    const [row, column] = [Math.floor(index / width) % height, index % width];
    const slope = down * (row - height / 2) + across * (column - width / 2);
    return level(levels[Math.floor(index / (height * width))]! + slope + noise * stream.normal());
  });
  return sized({ kind: "raw", pixels, channels, height, width }, image.height, image.width);
}

/** One to four strokes on a plain ground, in the image's own levels: its commonest one, and one of those farthest from it. Something else in the same place. */
function drawn({ image, stream }: StrangerBrush): RawImage {
  const { channels, height, width } = madeShape(image);
  const strokes = drawStrokes(stream, height, width);
  const area = image.height * image.width;
  const [ground, ink] = commonAndFarLevels(image);
  const chosen = ink[stream.integer(ink.length)]!;
  const pixels = new Uint8Array(channels * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cover = coverOf(strokes, y, x);
      for (let channel = 0; channel < channels; channel++) {
        const [from, to] = [ground, chosen].map((pixel) => image.pixels[channel * area + pixel]!);
        pixels[(channel * height + y) * width + x] = level(from! + cover * (to! - from!));
      }
    }
  }
  return sized({ kind: "raw", pixels, channels, height, width }, image.height, image.width);
}

/** A pixel of the commonest level, by the first channel, and the tenth of all pixels whose levels are farthest from its. */
function commonAndFarLevels({ pixels, height, width }: RawImage): readonly [number, readonly number[]] {
  const plane = pixels.subarray(0, height * width);
  const counts = new Uint32Array(256);
  for (const value of plane) counts[value]!++;
  const common = counts.indexOf(Math.max(...counts));
  const order = Array.from(plane.keys()).sort((a, b) => Math.abs(plane[b]! - common) - Math.abs(plane[a]! - common));
  return [plane.indexOf(common), order.slice(0, Math.max(1, Math.floor(order.length / 10)))];
}

interface Stroke {
  readonly from: readonly [y: number, x: number];
  readonly to: readonly [y: number, x: number];
  readonly radius: number;
}

/** The pieces of one to four broken lines. */
function drawStrokes(stream: RandomStream, height: number, width: number): readonly Stroke[] {
  return Array.from({ length: 1 + stream.integer(4) }, () => {
    const points = Array.from(
      { length: 2 + stream.integer(4) },
      () => [height * between(stream, 0.1, 0.9), width * between(stream, 0.1, 0.9)] as const,
    );
    const radius = Math.min(height, width) * between(stream, 0.02, 0.08);
    return points.slice(1).map((to, index): Stroke => ({ from: points[index]!, to, radius }));
  }).flat();
}

/** How much of a pixel strokes cover, 0 to 1. */
function coverOf(strokes: readonly Stroke[], y: number, x: number): number {
  let most = 0;
  for (const { from, to, radius } of strokes) {
    const [down, across] = [to[0] - from[0], to[1] - from[1]];
    const along = ((y - from[0]) * down + (x - from[1]) * across) / Math.max(1e-9, down * down + across * across);
    const share = Math.max(0, Math.min(1, along));
    const away = Math.hypot(y - from[0] - share * down, x - from[1] - share * across);
    most = Math.max(most, Math.min(1, Math.max(0, radius + 0.5 - away)));
  }
  return most;
}

/** So blurred that 1/8 to 1/2 of each side is left. */
function blurred({ image, stream }: StrangerBrush): RawImage {
  const share = 2 ** -between(stream, 1, 3);
  const { height, width } = image;
  const small = (side: number): number => Math.max(2, Math.round(side * share));
  return sized(sized(image, small(height), small(width)), height, width);
}

/** With a sixth to a half of its contrast. */
function faded({ image, stream }: StrangerBrush): RawImage {
  const contrast = between(stream, 0.15, 0.5);
  const area = image.height * image.width;
  const pixels = image.pixels.slice();
  for (let channel = 0; channel < image.channels; channel++) {
    const plane = pixels.subarray(channel * area, (channel + 1) * area);
    const mean = plane.reduce((sum, value) => sum + value, 0) / area;
    for (let pixel = 0; pixel < area; pixel++) plane[pixel] = level(mean + contrast * (plane[pixel]! - mean));
  }
  return { ...image, pixels };
}

/** A part of 35 to 65 % of each side, enlarged. */
function enlarged({ image, stream }: StrangerBrush): RawImage {
  const share = between(stream, 0.35, 0.65);
  const { height, width } = image;
  const [rows, columns] = [Math.max(2, Math.round(height * share)), Math.max(2, Math.round(width * share))];
  const [top, left] = [stream.integer(height - rows + 1), stream.integer(width - columns + 1)];
  const part = rearranged(image, rows, columns, (y, x) => [top + y, left + x]);
  return sized(part, height, width);
}

/** With noise of 10 to 50 grey levels. */
function noisy({ image, stream }: StrangerBrush): RawImage {
  const deviation = between(stream, 10, 50);
  return { ...image, pixels: image.pixels.map((value) => level(value + deviation * stream.normal())) };
}

/** Smaller, and two or three times beside and below itself. */
function tiled({ image, stream }: StrangerBrush): RawImage {
  const { height, width } = image;
  const times = 2 + stream.integer(2);
  const [rows, columns] = [Math.ceil(height / times), Math.ceil(width / times)];
  const small = sized(image, rows, columns);
  return rearranged(small, height, width, (y, x) => [y % rows, x % columns]);
}

/** Cut into 2x2 to 4x4 pieces that have changed places. */
function shuffled({ image, stream }: StrangerBrush): RawImage {
  const { height, width } = image;
  const pieces = 2 + stream.integer(3);
  const [rows, columns] = [Math.floor(height / pieces), Math.floor(width / pieces)];
  // Everyone moves: to shift by one place in a random order leaves none where it was.
  const order = permutation(pieces * pieces, stream);
  const from = new Map(Array.from(order, (place, index) => [place, order[(index + 1) % order.length]!]));
  return rearranged(image, height, width, (y, x) => {
    const [down, across] = [Math.floor(y / rows), Math.floor(x / columns)];
    if (down >= pieces || across >= pieces) return [y, x];
    const source = from.get(down * pieces + across)!;
    return [Math.floor(source / pieces) * rows + (y % rows), (source % pieces) * columns + (x % columns)];
  });
}

/** Light where it was dark. */
function inverted({ image }: StrangerBrush): RawImage {
  return { ...image, pixels: image.pixels.map((value) => 255 - value) };
}

/** Two normal images seen through each other. */
function mixed({ image, donor, stream }: StrangerBrush): RawImage {
  const share = between(stream, 0.35, 0.65);
  const pixels = image.pixels.map((value, index) => level(value + share * (donor.pixels[index]! - value)));
  return { ...image, pixels };
}

/** An image whose every pixel comes from a place in another. */
function rearranged(
  { pixels, channels, height, width }: RawImage,
  rows: number,
  columns: number,
  placeOf: (y: number, x: number) => readonly [number, number],
): RawImage {
  const result = new Uint8Array(channels * rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [fromY, fromX] = placeOf(y, x);
      for (let channel = 0; channel < channels; channel++) {
        result[(channel * rows + y) * columns + x] = pixels[(channel * height + fromY) * width + fromX]!;
      }
    }
  }
  return { kind: "raw", pixels: result, channels, height: rows, width: columns };
}

/** An image brought to a size, smoothly in both directions. */
function sized(image: RawImage, height: number, width: number): RawImage {
  const shrunk = shrinkTriangle(image, Math.min(height, image.height), Math.min(width, image.width));
  return enlargeBilinear(shrunk, height, width);
}

function between(stream: RandomStream, low: number, high: number): number {
  return low + (high - low) * stream.uniform();
}

function level(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}
