/** Tests of splits by what images show: nothing moves when others come, equal ones stay together, and the share is about what is asked for. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { splitByContent } from "./content-split.ts";
import { propertySeed } from "./example-files.ts";

const key = randomKey(7);
const size = 12;

/** Images that their numbers tell apart. */
function imagesOf(numbers: readonly number[]) {
  const pixels = new Uint8Array(numbers.length * size);
  for (const [index, number] of numbers.entries()) {
    const stream = randomKey(number).stream();
    for (let at = 0; at < size; at++) pixels[index * size + at] = 256 * stream.uniform();
  }
  return { count: numbers.length, pixels };
}

/** The numbers of the images that are held out. */
function held(numbers: readonly number[], fraction = 0.2, groups?: readonly number[]): number[] {
  const { heldOut, train } = splitByContent(imagesOf(numbers), fraction, key, groups);
  expect([...heldOut, ...train].sort((a, b) => a - b)).toEqual([...numbers.keys()]);
  return Array.from(heldOut, (index) => numbers[index]!);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test(`images that are added, taken away and put in another order move no other one (seed ${propertySeed})`, () => {
  const all = new Set(held(upTo(300)));
  const property = fc.property(fc.shuffledSubarray(upTo(300), { minLength: 150 }), (numbers) => {
    expect(held(numbers).sort()).toEqual(numbers.filter((number) => all.has(number)).sort());
  });
  fc.assert(property, { seed: propertySeed, numRuns: 30 });
});

test("the share of many is what is asked for, within four standard deviations, for every seed another", () => {
  const images = imagesOf(upTo(4000));
  const sides = [1, 2, 3].map((seed) => splitByContent(images, 0.1, randomKey(seed)).heldOut);
  for (const { length } of sides) expect(Math.abs(length - 400)).toBeLessThan(4 * Math.sqrt(4000 * 0.1 * 0.9));
  const both = sides[0]!.filter((image) => sides[1]!.includes(image)).length;
  expect(both).toBeLessThan(80);
});

test("equal images are on one side", () => {
  const numbers = upTo(100).flatMap((number) => [number, number]);
  const counts = new Map<number, number>();
  for (const number of held(numbers)) counts.set(number, (counts.get(number) ?? 0) + 1);
  expect(counts.size).toBeGreaterThan(5);
  expect([...counts.values()].every((count) => count === 2)).toBe(true);
});

test("groups stay whole, and few of them move when each gets one image more", () => {
  const groupOf = (number: number): number => Math.floor(number / 5) % 100;
  const [before, after] = [500, 600].map((count) => {
    const numbers = upTo(count).map((number) => (number < 500 ? number : 5 * (number - 500) + 10_000));
    const groups = upTo(count).map((number) => (number < 500 ? groupOf(number) : number - 500));
    const { heldOut, train } = splitByContent(imagesOf(numbers), 0.2, key, groups);
    const sides = new Set(Array.from(heldOut, (image) => groups[image]!));
    expect(Array.from(train).filter((image) => sides.has(groups[image]!))).toEqual([]);
    return sides;
  });
  expect(Math.abs(before!.size - 20)).toBeLessThan(16);
  // One of six decides anew, and then the side changes in 32 of 100.
  expect([...before!].filter((group) => !after!.has(group)).length).toBeLessThan(8);
});

test.each([0.001, 0.999])("at least one is held out and two are trained on, at a share of %d", (fraction) => {
  for (const count of [3, 4, 9]) {
    const { heldOut, train } = splitByContent(imagesOf(upTo(count)), fraction, key);
    expect(heldOut.length).toBeGreaterThanOrEqual(1);
    expect(train.length).toBeGreaterThanOrEqual(2);
  }
});

test("one group alone, two images and a share above 1 are refused", () => {
  expect(() => held(upTo(5), 0.2, [1, 1, 1, 1, 1])).toThrow(
    /expected images of at least 2 different things, got 5 images of 1/,
  );
  expect(() => held(upTo(2))).toThrow(/expected 3 images or more/);
  expect(() => held(upTo(5), 1.5)).toThrow(/expected a fraction between 0 and 1/);
});
