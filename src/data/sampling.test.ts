/** Tests of holding out and of sampling. */
import { describe, expect, test } from "vitest";
import { ConfigError, randomKey } from "../base/index.ts";
import { makeSampler, splitHeldOut } from "./sampling.ts";

const key = randomKey("sampling");
const ascending = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);

describe("splitHeldOut", () => {
  test.each([
    [100, 0.1, 10],
    [100, 0, 1],
    [100, 1, 98],
    [4, 0.75, 2],
    [3, 0.01, 1],
    [3, 0.9, 1],
  ])("of %i images a fraction of %d holds out %i", (count, fraction, expected) => {
    const { train, heldOut } = splitHeldOut(count, fraction, key);
    expect(heldOut.length).toBe(expected);
    expect([...heldOut]).toEqual(ascending(heldOut));
    expect([...train]).toEqual(ascending(train));
    expect(ascending([...train, ...heldOut])).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  test("is the same for a key and another for another", () => {
    expect(splitHeldOut(1000, 0.1, key)).toEqual(splitHeldOut(1000, 0.1, key));
    expect(splitHeldOut(1000, 0.1, key)).not.toEqual(splitHeldOut(1000, 0.1, key.fold("other")));
  });

  test("keeps groups whole, about as many images as asked for, and single images as if nobody had grouped them", () => {
    const count = 200;
    const groups = Uint32Array.from({ length: count }, (_, index) => (index < 60 ? 0 : Math.floor(index / 3)));
    const { train, heldOut } = splitHeldOut(count, 0.1, key, groups);
    const held = new Set(heldOut.map((image) => groups[image]!));
    expect(train.some((image) => held.has(groups[image]!))).toBe(false);
    expect(ascending([...train, ...heldOut])).toEqual(Array.from({ length: count }, (_, index) => index));
    expect(heldOut.length).toBeGreaterThan(17);
    expect(heldOut.length).toBeLessThanOrEqual(20);
    const single = Uint32Array.from({ length: count }, (_, index) => count - index);
    expect(splitHeldOut(count, 0.1, key, single)).toEqual(splitHeldOut(count, 0.1, key));
  });

  test("holds out the smallest of groups that are all too large, and refuses a single one", () => {
    const groups = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
    expect([...splitHeldOut(10, 0.1, key, groups).heldOut]).toEqual([6, 7, 8, 9]);
    expect(() => splitHeldOut(10, 0.1, key, new Array(10).fill(3))).toThrow(
      "held-out images: expected images of at least 2 different things, got 10 images of 1",
    );
  });

  test("refuses too few images and fractions that are none", () => {
    for (const count of [0, 1, 2]) {
      expect(() => splitHeldOut(count, 0.5, key)).toThrow(ConfigError);
      expect(() => splitHeldOut(count, 0.5, key)).toThrow(
        `held-out images: expected 3 images or more, 2 to train on and 1 held out, got ${count}; give more images`,
      );
    }
    for (const fraction of [-0.1, 1.1, Number.NaN]) {
      expect(() => splitHeldOut(10, fraction, key)).toThrow(
        `held-out images: expected a fraction between 0 and 1, got ${fraction}; try 0.1`,
      );
    }
  });
});

describe("makeSampler", () => {
  const indices = Uint32Array.of(3, 5, 8, 13, 21, 34, 55);

  test("every image comes once an epoch, in another order each time", () => {
    const sample = makeSampler(indices, 4, key);
    const drawn = Array.from({ length: 14 }, (_, step) => [...sample(step)]).flat();
    const epochs = Array.from({ length: 8 }, (_, epoch) => drawn.slice(7 * epoch, 7 * epoch + 7));
    for (const epoch of epochs) expect(ascending(epoch)).toEqual([...indices]);
    expect(new Set(epochs.map(String)).size).toBeGreaterThan(6);
  });

  test("a batch depends on its step alone, not on what was asked before", () => {
    const forward = makeSampler(indices, 3, key);
    const batches = Array.from({ length: 20 }, (_, step) => forward(step));
    const backward = makeSampler(indices, 3, key);
    for (let step = 19; step >= 0; step--) expect(backward(step)).toEqual(batches[step]);
  });

  test("a batch may be larger than the set", () => {
    const batch = makeSampler(Uint32Array.of(7, 9), 5, key)(0);
    expect([ascending(batch.subarray(0, 2)), ascending(batch.subarray(2, 4))]).toEqual([
      [7, 9],
      [7, 9],
    ]);
  });
});
