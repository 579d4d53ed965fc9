/** Tests of training batches: augmentation and dequantisation. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { dequantize, makeBatch } from "./batches.ts";

const specification = { channels: 2, height: 10, width: 20 };
const size = 400;
// Levels 1 to 251, so that 0 is what came in from outside.
const pixels = Uint8Array.from({ length: 3 * size }, (_, index) => 1 + ((index * 7) % 251));
const set = { pixels, specification };
const key = randomKey("batches");
const many = new Uint32Array(400).fill(1);

/** Mirror and shift computed pixel by pixel. */
function moved(image: number, mirrored: boolean, down: number, across: number): Uint8Array {
  const result = new Uint8Array(size);
  for (let channel = 0; channel < 2; channel++) {
    for (let y = 0; y < 10; y++) {
      for (let x = 0; x < 20; x++) {
        const fromY = y - down;
        const fromX = mirrored ? 19 - (x - across) : x - across;
        if (fromY < 0 || fromY >= 10 || fromX < 0 || fromX >= 20) continue;
        result[(channel * 10 + y) * 20 + x] = pixels[image * size + (channel * 10 + fromY) * 20 + fromX]!;
      }
    }
  }
  return result;
}

describe("makeBatch", () => {
  test("without augmentation gathers", () => {
    const batch = makeBatch(set, Uint32Array.of(2, 0, 2), { flip: false, translate: 0 }, key);
    const image = (index: number) => [...pixels.subarray(index * size, (index + 1) * size)];
    expect([...batch]).toEqual([...image(2), ...image(0), ...image(2)]);
  });

  test("every image is one of the allowed moves, and all of them occur about equally often", () => {
    const batch = makeBatch(set, many, { flip: true, translate: 0.1 }, key);
    const counts = new Map<string, number>();
    for (const mirrored of [false, true]) {
      for (const down of [-1, 0, 1]) {
        for (const across of [-2, -1, 0, 1, 2])
          counts.set(Buffer.from(moved(1, mirrored, down, across)).toString("hex"), 0);
      }
    }
    expect(counts.size).toBe(30);
    for (let position = 0; position < many.length; position++) {
      const found = Buffer.from(batch.subarray(position * size, (position + 1) * size)).toString("hex");
      expect(counts.has(found)).toBe(true);
      counts.set(found, counts.get(found)! + 1);
    }
    // 400 draws from 30 moves: 13.3 each on average.
    expect(Math.min(...counts.values())).toBeGreaterThan(1);
    expect(Math.max(...counts.values())).toBeLessThan(32);
  });

  test("is the same for a key and another for another; the set is left alone", () => {
    const before = pixels.slice();
    const augmentation = { flip: true, translate: 0.1 };
    const batch = makeBatch(set, many, augmentation, key);
    expect(makeBatch(set, many, augmentation, key)).toEqual(batch);
    expect(makeBatch(set, many, augmentation, key.fold("other"))).not.toEqual(batch);
    expect(pixels).toEqual(before);
  });

  test("only flips, if only flips are wanted", () => {
    const batch = makeBatch(set, many, { flip: true, translate: 0 }, key);
    let flips = 0;
    for (let position = 0; position < many.length; position++) {
      const image = batch.subarray(position * size, (position + 1) * size);
      const flipped = Buffer.compare(image, moved(1, true, 0, 0)) === 0;
      if (flipped) flips++;
      else expect(Buffer.compare(image, moved(1, false, 0, 0))).toBe(0);
    }
    expect(Math.abs(flips - 200)).toBeLessThan(50);
  });
});

describe("dequantize", () => {
  const shape = { channels: 2, height: 1, width: 2 };
  const images = Uint8Array.of(0, 1, 2, 255, 128, 127, 64, 200);

  test("puts the batch innermost, at the middle of each level without a stream", () => {
    const expected = [0, 128, 1, 127, 2, 64, 255, 200].map((level) => level / 256 - 0.5 + 1 / 512);
    expect([...dequantize(images, shape, undefined)]).toEqual(expected);
  });

  test("adds noise from the stream, rounded once to float32", () => {
    const stream = key.stream();
    const expected = [0, 128, 1, 127, 2, 64, 255, 200].map((level) =>
      Math.fround(level / 256 - 0.5 + stream.uniform() / 256),
    );
    expect([...dequantize(images, shape, key.stream())]).toEqual(expected);
  });

  test("stays within each level's 1/256", () => {
    const large = Uint8Array.from({ length: 4000 }, (_, index) => index);
    const values = dequantize(large, { channels: 1, height: 1, width: 1 }, key.stream());
    let sum = 0;
    for (const [index, value] of values.entries()) {
      const noise = (value + 0.5) * 256 - large[index]!;
      expect(noise).toBeGreaterThanOrEqual(0);
      expect(noise).toBeLessThanOrEqual(1);
      sum += noise;
    }
    expect(sum / values.length).toBeCloseTo(0.5, 1);
  });

  test("refuses pixels that are no whole number of images", () => {
    expect(() => dequantize(images.subarray(1), shape, undefined)).toThrow("internal: dequantize: 7 bytes");
  });
});
