/** Tests of selections: which images are chosen. */
import { describe, expect, test } from "vitest";
import { ConfigError } from "../base/index.ts";
import type { ImageCatalogue } from "./image-source.ts";
import { formatLocation, parseLocation } from "./location.ts";
import { selectImages } from "./selection.ts";

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
    ["split=tset", "here: expected a split of 'extra', 'test', 'train', got 'tset'; did you mean 'test'?"],
    ["class=33", "expected a class of '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', got '33'; did you mean '3'?"],
    ["class=1+x", "got 'x'"],
  ])("refuses %j", (text, message) => {
    expect(() => select(text)).toThrow(ConfigError);
    expect(() => select(text)).toThrow(message);
  });

  test("classes and splits in either of Unicode's normal forms, with signs in them", () => {
    const named = { ...catalogue, length: 2, className: (index: number) => ["größe", "a+b,c#d%2B"][index]! };
    const chosen = (location: string) => [...selectImages(named, parseLocation(location, "here").selection, "here")];
    expect(chosen(`x#class=${"größe".normalize("NFD")}`)).toEqual([0]);
    expect(chosen(formatLocation({ path: "x", selection: { classes: ["a+b,c#d%2B"] } }))).toEqual([1]);
    expect(() => chosen("x#class=a")).toThrow("expected a class of 'a%2Bb%2Cc%23d%252B', 'größe', got 'a'");
  });

  test("says when there are no classes at all", () => {
    const plain = { ...catalogue, className: () => undefined, splitNames: () => [] };
    expect(() => selectImages(plain, { classes: ["a"] }, "here")).toThrow("here: expected images without class");
    expect(() => selectImages(plain, { split: "a" }, "here")).toThrow("here: expected images without split");
  });
});
