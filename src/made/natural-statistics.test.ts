/** Measures, on natural made images, the statistics in which photographs agree with each other, and compares them with real photographs where there are any. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { loadImages, openImages } from "../data/index.ts";
import { makeImages } from "./images.ts";
import { momentsOf } from "./power-law-noise.ts";

const count = 300;
const side = 32;
const area = side * side;
const specification = { channels: 3, height: side, width: side };

/** A grey image: levels, rows first. */
interface Grey {
  readonly levels: Float64Array;
  readonly side: number;
}

type Image = Uint8Array;
type Statistic = (image: Image) => number;

const mean = (values: ArrayLike<number>): number => momentsOf(values).mean;
const deviation = (values: ArrayLike<number>): number => momentsOf(values).deviation;

function imagesOf(pixels: Uint8Array): Image[] {
  return Array.from({ length: count }, (_, index) => pixels.subarray(index * 3 * area, (index + 1) * 3 * area));
}

function lumaOf(image: Image): Grey {
  const levels = new Float64Array(area);
  for (let at = 0; at < area; at++)
    levels[at] = 0.299 * image[at]! + 0.587 * image[area + at]! + 0.114 * image[2 * area + at]!;
  return { levels, side };
}

/** Means of two by two pixels, `times` times. */
function halve(image: Grey, times: number): Grey {
  if (times === 0) return image;
  const half = image.side / 2;
  const levels = new Float64Array(half * half);
  for (let at = 0; at < image.levels.length; at++) {
    const [x, y] = [at % image.side, Math.floor(at / image.side)];
    levels[(y >> 1) * half + (x >> 1)]! += image.levels[at]! / 4;
  }
  return halve({ levels, side: half }, times - 1);
}

/** Differences between horizontal and vertical neighbours. */
function derivatives({ levels, side: width }: Grey): number[] {
  const found: number[] = [];
  for (let at = 0; at < levels.length; at++) {
    if (at % width > 0) found.push(levels[at]! - levels[at - 1]!);
    if (at >= width) found.push(levels[at]! - levels[at - width]!);
  }
  return found;
}

/** Fourth moment over squared second moment: 3 for normal numbers. */
function kurtosis(values: readonly number[]): number {
  let [squares, fourths] = [0, 0];
  for (const value of values) {
    squares += value * value;
    fourths += value ** 4;
  }
  return (fourths * values.length) / squares ** 2;
}

/** Slope of power against spatial frequency, both logarithmic, from 2 to 14 cycles an image, under a Hann window. */
function spectralSlope(image: Image): number {
  const { levels } = lumaOf(image);
  const middle = mean(levels);
  const wave = (turns: number) =>
    Float64Array.from({ length: side }, (_, at) => Math.cos(2 * Math.PI * (at / side - turns)));
  const [cosine, sine] = [wave(0), wave(0.25)];
  const window = Float64Array.from(
    { length: side },
    (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (at + 0.5)) / side),
  );
  const real = new Float64Array(area);
  const imaginary = new Float64Array(area);
  for (let y = 0; y < side; y++)
    for (let u = 0; u <= side / 2; u++)
      for (let x = 0; x < side; x++) {
        const value = (levels[y * side + x]! - middle) * window[x]! * window[y]!;
        real[y * side + u]! += value * cosine[(u * x) % side]!;
        imaginary[y * side + u]! -= value * sine[(u * x) % side]!;
      }
  const power = new Float64Array(side);
  const terms = new Float64Array(side);
  for (let v = 0; v < side; v++)
    for (let u = 0; u <= side / 2; u++) {
      let [a, b] = [0, 0];
      for (let y = 0; y < side; y++) {
        const turn = (v * y) % side;
        a += real[y * side + u]! * cosine[turn]! + imaginary[y * side + u]! * sine[turn]!;
        b += imaginary[y * side + u]! * cosine[turn]! - real[y * side + u]! * sine[turn]!;
      }
      const ring = Math.round(Math.hypot(u, Math.min(v, side - v)));
      power[ring]! += a * a + b * b;
      terms[ring]!++;
    }
  const rings = Array.from({ length: 13 }, (_, index) => index + 2);
  const across = rings.map(Math.log);
  const up = rings.map((ring) => Math.log(power[ring]! / terms[ring]! + 1e-3));
  return (correlation(across, up) * deviation(up)) / deviation(across);
}

function correlation(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const [a, b] = [momentsOf(first), momentsOf(second)];
  let product = 0;
  for (let at = 0; at < first.length; at++) product += (first[at]! - a.mean) * (second[at]! - b.mean);
  return product / (first.length * a.deviation * b.deviation + 1e-9);
}

const channel = (image: Image, index: number): Image => image.subarray(index * area, (index + 1) * area);
const kurtosisAt =
  (octave: number): Statistic =>
  (image) =>
    kurtosis(derivatives(halve(lumaOf(image), octave)));
const correlationOf =
  (first: number, second: number): Statistic =>
  (image) =>
    correlation(channel(image, first), channel(image, second));
/** (R - B) / sqrt(2) and (R - 2 G + B) / sqrt(6). */
const warmth = (image: Image) =>
  Float64Array.from({ length: area }, (_, at) => (image[at]! - image[2 * area + at]!) * Math.SQRT1_2);
const magenta = (image: Image) =>
  Float64Array.from(
    { length: area },
    (_, at) => (image[at]! - 2 * image[area + at]! + image[2 * area + at]!) / Math.sqrt(6),
  );

/**
 * Mean and standard deviation over photographs at 32x32: 1,500 images each of CIFAR-10 and of Tiny ImageNet (shrunk by this program), which agree in their
 * means within 8 %, the tints less, and in their spreads within a quarter; given is the middle of both. They are what the literature finds on large
 * photographs: power falling about as the square
 * of frequency or faster (Field, 1987; steeper at so few pixels, which are blurred), derivatives far from normal at every scale (Ruderman, 1994), and
 * channels that share most of their variance (Ruderman, Cronin and Chiao, 1998).
 */
const photographs: Readonly<
  Record<string, { readonly mean: number; readonly deviation: number; readonly of: Statistic }>
> = {
  "slope of the spectrum": { mean: -3.03, deviation: 0.55, of: spectralSlope },
  "kurtosis of derivatives": { mean: 7.85, deviation: 3.7, of: kurtosisAt(0) },
  "kurtosis of derivatives, an octave down": { mean: 6.1, deviation: 2.5, of: kurtosisAt(1) },
  "kurtosis of derivatives, two octaves down": { mean: 4.4, deviation: 1.43, of: kurtosisAt(2) },
  brightness: { mean: 118.5, deviation: 31, of: (image) => mean(lumaOf(image).levels) },
  contrast: { mean: 49.3, deviation: 15.2, of: (image) => deviation(lumaOf(image).levels) },
  "step between neighbours": {
    mean: 14.2,
    deviation: 4.3,
    of: (image) => mean(derivatives(lumaOf(image)).map(Math.abs)),
  },
  "correlation of red and green": { mean: 0.915, deviation: 0.147, of: correlationOf(0, 1) },
  "correlation of red and blue": { mean: 0.834, deviation: 0.22, of: correlationOf(0, 2) },
  "correlation of green and blue": { mean: 0.92, deviation: 0.132, of: correlationOf(1, 2) },
  "mean warmth": { mean: 11.7, deviation: 23.3, of: (image) => mean(warmth(image)) },
  "spread of warmth": { mean: 18.3, deviation: 11.2, of: (image) => deviation(warmth(image)) },
  "mean magenta": { mean: -2.8, deviation: 11.3, of: (image) => mean(magenta(image)) },
  "spread of magenta": { mean: 8.5, deviation: 6.7, of: (image) => deviation(magenta(image)) },
};

/** How far a mean may be from that of photographs, in standard deviations over photographs; independent sets of 300 differ by 0.08 (one standard error). */
const meanTolerance = 0.4;
/** By which factor the spread over images may differ. */
const spreadTolerance = 1.6;

let made: Image[];
beforeAll(() => {
  made = imagesOf(makeImages({ kind: "natural", count, specification, key: randomKey("natural statistics") }).pixels);
});

function expectAlike(values: readonly number[], like: { readonly mean: number; readonly deviation: number }): void {
  expect(Math.abs(mean(values) - like.mean) / like.deviation).toBeLessThan(meanTolerance);
  const factor = deviation(values) / like.deviation;
  expect(Math.max(factor, 1 / factor)).toBeLessThan(spreadTolerance);
}

/** Bytes of an image as PNG: how predictable its pixels are from their neighbours. */
async function pngSize(image: Image): Promise<number> {
  const interleaved = Uint8Array.from({ length: 3 * area }, (_, at) => image[(at % 3) * area + Math.floor(at / 3)]!);
  const raw = { channels: 3, height: side, width: side } as const;
  return (await sharp(interleaved, { raw }).png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer()).length;
}

describe("natural images", () => {
  test.each(Object.keys(photographs))("have the %s of photographs", (name) => {
    const { of, ...like } = photographs[name]!;
    expectAlike(made.map(of), like);
  });

  test("compress like photographs", async () => {
    expectAlike(await Promise.all(made.map(pngSize)), { mean: 2292, deviation: 275 });
  });

  test("are no textures only: their derivatives are far from normal at every scale, pooled over images", () => {
    for (const [octave, least] of [6, 5, 4].entries())
      expect(kurtosis(made.flatMap((image) => derivatives(halve(lumaOf(image), octave))))).toBeGreaterThan(least);
  });
});

const folder = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const present = existsSync(join(folder, "cifar-10"));

describe.skipIf(!present)("natural images and CIFAR-10 (skipped where ../shared/data is absent)", () => {
  let real: Image[];
  beforeAll(async () => {
    const source = await openImages(join(folder, `cifar-10#limit=${count},seed=5`), "test");
    real = imagesOf((await loadImages(source, specification, { strict: true })).pixels);
  });

  test.each(Object.keys(photographs))("agree in the %s", (name) => {
    const values = real.map(photographs[name]!.of);
    expectAlike(made.map(photographs[name]!.of), { mean: mean(values), deviation: deviation(values) });
  });

  test("agree in how they compress", async () => {
    const values = await Promise.all(real.map(pngSize));
    expectAlike(await Promise.all(made.map(pngSize)), { mean: mean(values), deviation: deviation(values) });
  });
});
