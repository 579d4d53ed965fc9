/** Random keys and streams: the same labels the same numbers, other labels others, and the right distributions. */
import { describe, expect, test } from "vitest";
import { permutation, type RandomStream, randomKey } from "./index.ts";

const take = (length: number, next: () => number): number[] => Array.from({ length }, next);
const words = (stream: RandomStream, length = 8): number[] => take(length, stream.uint32);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("keys", () => {
  test("of equal seeds and labels name equal streams", () => {
    const make = () => words(randomKey(3).fold("noise").fold(1234).stream());
    expect(make()).toEqual(make());
  });

  test("give a fresh stream each time", () => {
    const key = randomKey(3);
    const first = words(key.stream());
    expect(words(key.stream())).toEqual(first);
  });

  test("are not changed by folding", () => {
    const [key, untouched] = [randomKey(5), randomKey(5)];
    key.fold("a").fold("b").stream().uint32();
    expect(words(key.stream())).toEqual(words(untouched.stream()));
  });

  test("have kept their numbers since they were first looked at", () => {
    expect(words(randomKey(0).fold("noise").fold(1).stream(), 4)).toMatchInlineSnapshot(`
      [
        1431842759,
        2937259357,
        954656965,
        3197846960,
      ]
    `);
  });

  const root = randomKey(0);
  test.each([
    ["1 and '1'", root.fold(1), root.fold("1")],
    ["seeds 1 and '1'", randomKey(1), randomKey("1")],
    ["seeds 0 and 1", root, randomKey(1)],
    ["seeds 1 and -1", randomKey(1), randomKey(-1)],
    ["a key and its child", root, root.fold("")],
    ["'ab' and 'a', 'b'", root.fold("ab"), root.fold("a").fold("b")],
    ["'ab' and 'ba'", root.fold("ab"), root.fold("ba")],
    ["1, 2 and 2, 1", root.fold(1).fold(2), root.fold(2).fold(1)],
    ["12 and 1, 2", root.fold(12), root.fold(1).fold(2)],
    ["'a' and 'ä'", root.fold("a"), root.fold("ä")],
  ])("differ: %s", (_name, first, second) => {
    const [a, b] = [words(first.stream()), words(second.stream())];
    expect(a.filter((word, index) => word === b[index])).toEqual([]);
  });

  test("of 10,000 neighbouring labels start with different numbers", () => {
    const starts = take(10_000, () => 0).map((_, label) => words(root.fold(label).stream(), 2).join());
    expect(new Set(starts).size).toBe(starts.length);
  });

  test("of neighbouring labels are not correlated", () => {
    const firsts = take(20_000, () => 0).map((_, label) => root.fold(label).stream().uniform() - 0.5);
    const correlation = mean(firsts.slice(1).map((value, index) => value * firsts[index]!)) * 12;
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(firsts.length)); // four standard errors
  });
});

describe("uniform numbers", () => {
  const values = take(100_000, randomKey("uniform").stream().uniform);

  test("lie in [0, 1) and float32 holds them exactly", () => {
    expect(values.every((value) => value >= 0 && value < 1 && Math.fround(value) === value)).toBe(true);
  });

  test("fill sixteen bins evenly", () => {
    const counts = new Array<number>(16).fill(0);
    for (const value of values) counts[Math.floor(value * 16)]! += 1;
    const expected = values.length / 16;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(37.7); // 99.9 % point for 15 degrees of freedom
  });
});

describe("normal numbers", () => {
  const stream = randomKey("normal").stream();
  const values = take(100_000, stream.normal);
  const moment = (power: number) => mean(values.map((value) => value ** power));

  // Standard errors of the first four moments are sqrt of 1, 2, 15, 96 over n.
  test.each([
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
  ])("have moment %i = %i", (power, expected, variance) => {
    const error = Math.sqrt(variance / values.length);
    expect(Math.abs(moment(power) - expected)).toBeLessThan(4 * error); // four standard errors
  });

  test("are finite and not correlated in the pairs they are made in", () => {
    expect(values.every(Number.isFinite)).toBe(true);
    const products = take(values.length / 2, () => 0).map((_, pair) => values[2 * pair]! * values[2 * pair + 1]!);
    expect(Math.abs(mean(products))).toBeLessThan(4 / Math.sqrt(products.length)); // four standard errors
  });
});

describe("integers", () => {
  test.each([1, 2, 3, 7, 256, 1000, 3_000_000_000, 4_294_967_296])("below %i lie there", (bound) => {
    const stream = randomKey("bounds").fold(bound).stream();
    const values = take(1000, () => stream.integer(bound));
    expect(values.every((value) => Number.isInteger(value) && value >= 0 && value < bound)).toBe(true);
  });

  test.each([2, 3, 5, 6])("below %i are equally frequent", (bound) => {
    const stream = randomKey("frequent").fold(bound).stream();
    const counts = new Array<number>(bound).fill(0);
    for (const value of take(60_000, () => stream.integer(bound))) counts[value]! += 1;
    const expected = 60_000 / bound;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(20.5); // 99.9 % point for 5 degrees of freedom, more than enough for fewer
  });

  test("below 3/4 of 2^32 are not biased to the first third, as a plain remainder is", () => {
    const bound = 3 * 2 ** 30;
    const stream = randomKey("bias").stream();
    const first = take(30_000, () => stream.integer(bound)).filter((value) => value < bound / 3).length;
    expect(Math.abs(first / 30_000 - 1 / 3)).toBeLessThan(0.02); // a plain remainder gives 1/2
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 32 + 1, Number.POSITIVE_INFINITY])("below %d are refused", (bound) => {
    expect(() => randomKey(0).stream().integer(bound)).toThrow("internal: random: expected a bound from 1 to 2^32");
  });
});

describe("permutations", () => {
  test.each([0, 1, 2, 5, 1000])("of %i hold every number once", (length) => {
    const order = permutation(length, randomKey("order").stream());
    expect([...order].sort((a, b) => a - b)).toEqual(take(length, () => 0).map((_, index) => index));
  });

  test("are the same for the same key", () => {
    const make = () => permutation(50, randomKey("order").stream());
    expect(make()).toEqual(make());
  });

  test("of three come in all six orders equally often", () => {
    const stream = randomKey("orders").stream();
    const counts = new Map<string, number>();
    for (let trial = 0; trial < 12_000; trial++) {
      const order = permutation(3, stream).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(counts.size).toBe(6);
    expect(chiSquare).toBeLessThan(20.5); // 99.9 % point for 5 degrees of freedom
  });
});
