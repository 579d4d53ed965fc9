/** Tests of selections: what is understood, what is refused, and which images are chosen. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../base/index.ts";
import { propertySeed } from "./example-files.ts";
import type { ImageCatalogue } from "./image-source.ts";
import { parseLocation, selectImages } from "./selection.ts";

const catalogue: ImageCatalogue = {
  format: "test",
  length: 100,
  name: String,
  className: (index) => (index < 90 ? String(index % 10) : undefined),
  splitNames: (index) => (index < 60 ? ["train"] : ["test", "extra"]),
  read: () => Promise.reject(new Error("unused")),
};

const select = (text: string): number[] => [
  ...selectImages(catalogue, parseLocation(`x#${text}`, "here").selection, "here"),
];

describe("parseLocation", () => {
  test("a path without a selection", () => {
    expect(parseLocation("a/b.tar", "here")).toEqual({ path: "a/b.tar", selection: {} });
  });

  test("every key", () => {
    expect(parseLocation("data/mnist#split=test,class=3+5,limit=1000,seed=1", "here")).toEqual({
      path: "data/mnist",
      selection: { split: "test", classes: ["3", "5"], limit: 1000, seed: 1 },
    });
  });

  test("the last # counts", () => {
    expect(parseLocation("C#/set#limit=3", "here")).toEqual({ path: "C#/set", selection: { limit: 3 } });
  });

  test.each<[string, string]>([
    ["", "expects a path to images, got ''"],
    ["#limit=1", "expects a path to images, got '#limit=1'"],
    ["x#", "expects a selection of split, class, limit, seed after '#', got ''"],
    ["x#lmit=3", "got 'lmit'; did you mean 'limit=...'"],
    ["x#Split=a", "got 'Split'; did you mean 'split=...'"],
    ["x#limit", "expects a value for 'limit', got none"],
    ["x#class=", "expects a value for 'class', got none"],
    ["x#class=3++5", "expects class names joined by '+', got '3++5'"],
    ["x#limit=0", "expects a whole number of 1 or more for 'limit', got '0'"],
    ["x#limit=1e3", "got '1e3'"],
    ["x#limit=-1", "got '-1'"],
    ["x#limit=9007199254740993", "got '9007199254740993'"],
    ["x#limit=2,seed=1.5", "expects a whole number of 0 or more for 'seed', got '1.5'"],
    ["x#limit=1,limit=2", "expects each selection key once, got 'limit' again"],
    ["x#seed=1", "expects 'limit' beside 'seed'"],
  ])("refuses %j", (location, message) => {
    const parse = () => parseLocation(location, "train: --normal");
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(`train: --normal expects`);
    expect(parse).toThrow(message);
  });

  test(`what is written is read again (seed ${propertySeed})`, () => {
    const name = fc.stringMatching(/^[^#,+=]+$/);
    const selection = fc.record(
      { split: name, classes: fc.array(name, { minLength: 1 }), limit: fc.integer({ min: 1 }), seed: fc.nat() },
      { requiredKeys: ["limit"] },
    );
    const property = fc.property(fc.stringMatching(/^.+$/), selection, (path, chosen) => {
      const { split, classes, limit, seed } = chosen;
      const parts = [
        ...(split === undefined ? [] : [`split=${split}`]),
        ...(classes === undefined ? [] : [`class=${classes.join("+")}`]),
        `limit=${limit}`,
        ...(seed === undefined ? [] : [`seed=${seed}`]),
      ];
      expect(parseLocation(`${path}#${parts.join(",")}`, "here")).toEqual({ path, selection: chosen });
    });
    fc.assert(property, { seed: propertySeed });
  });

  test(`any text is understood or refused with ConfigError (seed ${propertySeed})`, () => {
    const keyLike = fc.constantFrom("split", "class", "limit", "seed", "#", "=", ",", "+", "1", "x");
    const text = fc.oneof(
      fc.string(),
      fc.array(keyLike).map((parts) => parts.join("")),
    );
    const property = fc.property(text, (location) => {
      try {
        expect(location.startsWith(parseLocation(location, "here").path)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    });
    fc.assert(property, { seed: propertySeed, numRuns: 1000 });
  });
});

describe("selectImages", () => {
  test("a split", () => {
    expect(select("split=test")).toEqual(Array.from({ length: 40 }, (_, index) => 60 + index));
    expect(select("split=extra")).toEqual(select("split=test"));
  });

  test("classes, whose order does not matter", () => {
    const expected = [3, 5, 13, 15, 23, 25, 33, 35, 43, 45, 53, 55];
    expect(select("class=5+3,split=train")).toEqual(expected);
    expect(select("split=train,class=3+5")).toEqual(expected);
  });

  test("the first ones", () => {
    expect(select("split=test,limit=3")).toEqual([60, 61, 62]);
    expect(select("limit=1000")).toHaveLength(100);
  });

  test("random ones: the same for a seed, others for another, fewer a subset of more", () => {
    const ten = select("limit=10,seed=1");
    expect(ten).toHaveLength(10);
    expect(ten).toEqual(select("limit=10,seed=1"));
    expect(ten).toEqual([...new Set(ten)].sort((a, b) => a - b));
    expect(ten).not.toEqual(select("limit=10,seed=2"));
    expect(select("limit=20,seed=1")).toEqual(expect.arrayContaining(ten));
  });

  test.each<[string, string]>([
    ["split=tset", "expects a split of 'extra', 'test', 'train', got 'tset'; did you mean 'test'"],
    ["class=33", "expects a class of '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', got '33'; did you mean '3'"],
    ["class=1+x", "got 'x'"],
  ])("refuses %j", (text, message) => {
    expect(() => select(text)).toThrow(ConfigError);
    expect(() => select(text)).toThrow(message);
  });

  test("says when there are no classes at all", () => {
    const plain = { ...catalogue, className: () => undefined, splitNames: () => [] };
    expect(() => selectImages(plain, { classes: ["a"] }, "here")).toThrow("here expects images without class");
    expect(() => selectImages(plain, { split: "a" }, "here")).toThrow("here expects images without split");
  });
});
