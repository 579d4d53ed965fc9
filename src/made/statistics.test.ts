/** Measures, on made images, that normal and anomalous kinds agree in their local statistics and differ in shape. */
import { beforeAll, describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { makeImages } from "./images.ts";
import { anomalousMadeKinds, type MadeKind } from "./kinds.ts";

const count = 400;
const side = 32;
const channels = 3;
const length = channels * side * side;
const specification = { channels, height: side, width: side };

/**
 * How far the average of a statistic may be from that of normal images, in standard deviations over images. Two independent sets of 400
 * images of one kind differ by 0.07 (one standard error).
 */
const effectTolerance = 0.25;
/** How far two histograms may be from each other: the share of pixels that would have to change their bin. */
const histogramTolerance = 0.02;
/** By which factor the mean power may differ in an octave of spatial frequencies. */
const spectrumTolerance = 1.1;
/** AUROC of a single local statistic between normal and anomalous images: near chance. */
const chance = { least: 0.4, most: 0.6 };
/** AUROC that the match with the average normal image must reach. */
const clear = 0.95;

type Image = Uint8Array;

const made = new Map<string, Image[]>();

function images(kind: MadeKind, label: string): Image[] {
  const known = made.get(`${kind} ${label}`);
  if (known) return known;
  const { pixels } = makeImages({ kind, count, specification, key: randomKey("statistics").fold(label) });
  const all = Array.from({ length: count }, (_, index) => pixels.subarray(index * length, (index + 1) * length));
  made.set(`${kind} ${label}`, all);
  return all;
}

/** Absolute differences between horizontal and vertical neighbours. */
function gradients(image: Image): Float64Array {
  const found = new Float64Array(2 * channels * side * (side - 1));
  let next = 0;
  for (let at = 0; at < image.length; at++) {
    if (at % side !== 0) found[next++] = Math.abs(image[at]! - image[at - 1]!);
    if (at % (side * side) >= side) found[next++] = Math.abs(image[at]! - image[at - side]!);
  }
  return found;
}

/** The mean of numbers, or of what is measured of each. */
function mean(values: ArrayLike<number>, measure = (value: number): number => value): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += measure(values[at]!);
  return sum / values.length;
}

function variance(values: ArrayLike<number>): number {
  const middle = mean(values);
  return mean(values, (value) => (value - middle) ** 2);
}

const statistics: Record<string, (image: Image) => number> = {
  mean: (image) => mean(image),
  variance,
  "total variation": (image) => mean(gradients(image)),
  "gradient energy": (image) => mean(gradients(image), (step) => step * step),
  "logarithmic gradient": (image) => mean(gradients(image), (step) => Math.log(1 + step)),
};

/** Probability that a random value of `high` exceeds one of `low`. */
function auroc(low: readonly number[], high: readonly number[]): number {
  const ranked = [...low.map((value) => ({ value, rank: 0 })), ...high.map((value) => ({ value, rank: 1 }))];
  ranked.sort((a, b) => a.value - b.value);
  const ranks = ranked.reduce((sum, entry, index) => sum + entry.rank * (index + 1), 0);
  return (ranks - (high.length * (high.length + 1)) / 2) / (high.length * low.length);
}

/** Shares of the numbers measured of all images in bins from zero on. */
function histogram(set: readonly Image[], measure: (image: Image) => ArrayLike<number>, bins: number, width: number) {
  const counts = new Array<number>(bins).fill(0);
  let total = 0;
  for (const image of set) {
    const values = measure(image);
    total += values.length;
    for (let at = 0; at < values.length; at++) counts[Math.min(bins - 1, Math.floor(values[at]! / width))]!++;
  }
  return counts.map((one) => one / total);
}

/** Mean power over images in rings of spatial frequency (whole cycles per image side), from the first channel. */
function radialSpectrum(set: readonly Image[]): number[] {
  const power = new Float64Array(side);
  const terms = new Float64Array(side);
  const cosine = Float64Array.from({ length: side }, (_, at) => Math.cos((2 * Math.PI * at) / side));
  const sine = Float64Array.from({ length: side }, (_, at) => Math.sin((2 * Math.PI * at) / side));
  for (const image of set) {
    const real = new Float64Array(side * side);
    const imaginary = new Float64Array(side * side);
    for (let y = 0; y < side; y++)
      for (let u = 0; u < side; u++)
        for (let x = 0; x < side; x++) {
          real[y * side + u]! += image[y * side + x]! * cosine[(u * x) % side]!;
          imaginary[y * side + u]! -= image[y * side + x]! * sine[(u * x) % side]!;
        }
    for (let v = 0; v <= side / 2; v++)
      for (let u = 0; u < side; u++) {
        let a = 0;
        let b = 0;
        for (let y = 0; y < side; y++) {
          const turn = (v * y) % side;
          a += real[y * side + u]! * cosine[turn]! + imaginary[y * side + u]! * sine[turn]!;
          b += imaginary[y * side + u]! * cosine[turn]! - real[y * side + u]! * sine[turn]!;
        }
        const ring = Math.round(Math.hypot(v, Math.min(u, side - u)));
        power[ring]! += a * a + b * b;
        terms[ring]!++;
      }
  }
  return Array.from(power, (sum, ring) => sum / Math.max(1, terms[ring]!));
}

/** Correlation of the images' brightness with that of a template. */
function correlation(image: Image, template: Float64Array): number {
  const brightness = new Float64Array(side * side);
  for (let at = 0; at < length; at++) brightness[at % (side * side)]! += image[at]! / channels;
  const [a, b] = [mean(brightness), mean(template)];
  let product = 0;
  for (let at = 0; at < template.length; at++) product += (brightness[at]! - a) * (template[at]! - b);
  return product / (template.length * Math.sqrt(variance(brightness) * variance(template)));
}

describe.each([...anomalousMadeKinds])("%s and normal images", (kind) => {
  // Different labels: the sets are independent, as they are for whoever detects anomalies.
  let normal: Image[];
  let anomalous: Image[];
  // One label: the same scenes with another shape. The strength of grain varies so much that independent sets of 400 images have
  // visibly different histograms and spectra even if all are normal.
  let scenes: [Image[], Image[]];
  beforeAll(() => {
    normal = images("normal", "normal");
    anomalous = images(kind, kind);
    scenes = [images("normal", "scenes"), images(kind, "scenes")];
  });

  test.each(Object.keys(statistics))("agree in their %s", (name) => {
    const values = normal.map(statistics[name]!);
    const others = anomalous.map(statistics[name]!);
    const effect = (mean(others) - mean(values)) / Math.sqrt(variance(values));
    expect(Math.abs(effect)).toBeLessThan(effectTolerance);
    const separation = auroc(values, others);
    expect(separation).toBeGreaterThan(chance.least);
    expect(separation).toBeLessThan(chance.most);
  });

  test.each([
    ["levels", (image: Image) => image],
    ["gradients", gradients],
  ] as const)("agree in the histogram of %s", (_, measure) => {
    const [first, second] = scenes.map((set) => histogram(set, measure, 32, 8));
    const distance = first!.reduce((sum, share, bin) => sum + Math.abs(share - second![bin]!), 0) / 2;
    expect(distance).toBeLessThan(histogramTolerance);
  });

  // Coarser octaves hold the shape itself and cannot agree.
  test("agree in the power of the finest octave of spatial frequencies", () => {
    const [first, second] = scenes.map((set) => radialSpectrum(set.slice(0, 150)));
    const power = (spectrum: readonly number[]) => mean(spectrum.slice(side / 4, side / 2 + 1));
    const factor = power(second!) / power(first!);
    expect(Math.max(factor, 1 / factor)).toBeLessThan(spectrumTolerance);
  });

  test("differ in shape: the average normal image tells them apart", () => {
    const template = new Float64Array(side * side);
    for (const image of images("normal", "template"))
      for (let at = 0; at < length; at++) template[at % (side * side)]! += image[at]!;
    const mismatch = (image: Image) => -correlation(image, template);
    expect(auroc(normal.map(mismatch), anomalous.map(mismatch))).toBeGreaterThan(clear);
  });
});

test("under one key only the shape differs: the corners of images are the same", () => {
  const [first, second] = [images("normal", "same"), images("stars", "same")];
  for (let index = 0; index < count; index++)
    for (const at of [0, side - 1, side * (side - 1), side * side - 1])
      expect(first![index]![at]).toBe(second![index]![at]);
});
