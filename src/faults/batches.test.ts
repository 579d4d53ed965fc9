/** Batches: the same for a key, weights that add up, labels that lie where the fault is, crops that are of the images. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { type BatchPlan, drawBatch, drawCrop, pixelScale } from "./batches.ts";
import { faultKinds } from "./synthetic/kinds.ts";
import { drawOnImage } from "./trial.ts";

function image(label: string, side: number, channels = 1): RawImage {
  const stream = randomKey(label).stream();
  const pixels = Uint8Array.from({ length: channels * side * side }, () => 100 + 10 * stream.normal());
  return { kind: "raw", pixels, channels, height: side, width: side };
}

const images = [1, 2, 3].map((index) => [image(`large ${index}`, 96), image(`small ${index}`, 64)]);
const plan: BatchPlan = {
  images,
  scale: pixelScale(images),
  kinds: faultKinds,
  crops: 3,
  variation: { turns: true, light: 0.1 },
};

describe("a batch", () => {
  const batch = drawBatch(plan, randomKey("batch"));

  test("is the same for a key and another for another one", () => {
    expect(drawBatch(plan, randomKey("batch"))).toEqual(batch);
    expect(drawBatch(plan, randomKey("other")).x).not.toEqual(batch.x);
  });

  test("has faulty cells in its second half only, one in every crop at least, which weigh one half in all", () => {
    const faulty = new Array<number>(6).fill(0);
    let [weightOfFaulty, weight] = [0, 0];
    for (const [index, label] of batch.labels.entries()) {
      faulty[index % 6]! += label;
      weight += batch.weights[index]!;
      weightOfFaulty += label * batch.weights[index]!;
    }
    expect(faulty.slice(0, 3)).toEqual([0, 0, 0]);
    expect(Math.min(...faulty.slice(3))).toBeGreaterThan(0);
    expect(weightOfFaulty).toBeCloseTo(0.5, 5);
    expect(weight).toBeCloseTo(1, 5);
  });

  test("holds scaled pixels, batch innermost", () => {
    expect(batch.x).toHaveLength(64 * 64 * 6);
    const plain = { ...plan, variation: { turns: false, light: 0 } };
    const { x } = drawBatch(plain, randomKey("moments"));
    const clean = x.filter((_, index) => index % 6 < 3);
    const mean = clean.reduce((sum, value) => sum + value, 0) / clean.length;
    const square = clean.reduce((sum, value) => sum + value * value, 0) / clean.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(square).toBeCloseTo(1, 1);
  });
});

test("a crop that is turned has the pixels of the image, and light changes all of them alike", () => {
  const lone = [[image("lone", 64)]];
  const sorted = (values: ArrayLike<number>) => Float32Array.from(values).sort();
  const turned = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const crop = drawCrop(lone, { turns: true, light: 0 }, randomKey("turn").fold(seed).stream());
    expect(sorted(crop.values)).toEqual(sorted(lone[0]![0]!.pixels));
    turned.add(crop.values.subarray(0, 64).join());
  }
  expect(turned.size).toBe(8);
  const lit = drawCrop(lone, { turns: false, light: 0.2 }, randomKey("light").stream());
  const order = [...lone[0]![0]!.pixels.keys()].sort((a, b) => lone[0]![0]!.pixels[a]! - lone[0]![0]!.pixels[b]!);
  for (let index = 1; index < order.length; index++) {
    expect(lit.values[order[index]!]).toBeGreaterThanOrEqual(lit.values[order[index - 1]!]!);
  }
});

test("the scale of images is that of all their pixels, channel by channel", () => {
  const two: RawImage[][] = [10, 30].map((level) => [
    { kind: "raw", pixels: Uint8Array.of(level, level, 5, 5), channels: 2, height: 1, width: 2 },
  ]);
  // Means 20 and 5; the first deviates by 10, the second not at all, which keeps 1.
  expect(pixelScale(two)).toEqual({ means: [20, 5], deviations: [10, 1] });
});

test("a fault on a whole image changes its mask only, and the image that was given stays as it was", () => {
  const [whole, donor] = [image("whole", 120, 3), image("donor", 90, 3)];
  const before = whole.pixels.slice();
  for (let seed = 0; seed < 20; seed++) {
    const drawn = drawOnImage(whole, donor, randomKey("trial").fold(seed), faultKinds);
    expect(drawOnImage(whole, donor, randomKey("trial").fold(seed), faultKinds)).toEqual(drawn);
    const changed = drawn.image.pixels.findIndex((value, index) => value !== before[index]);
    expect(changed).toBeGreaterThanOrEqual(0);
    const outside = drawn.image.pixels.findIndex(
      (value, index) => value !== before[index] && drawn.mask[index % (120 * 120)] === 0,
    );
    expect(outside).toBe(-1);
  }
  expect(whole.pixels).toEqual(before);
});
