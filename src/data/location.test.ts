/** Tests of locations: what is understood, what is refused, and that what is written is read again. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError } from "../base/index.ts";
import { makeFolder, propertySeed } from "./example-files.ts";
import {
  formatLocation,
  isBuiltin,
  locateImages,
  parseLocation,
  parseNamedLocation,
  recordedLocation,
} from "./location.ts";

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
    ["", "expected a path to images, got ''"],
    ["#limit=1", "expected a path to images, got '#limit=1'"],
    ["x#", "expected a selection of split, class, limit, seed, page, fps after '#', got ''"],
    ["x#lmit=3", "got 'lmit'; did you mean 'limit=...'?"],
    ["x#Split=a", "got 'Split'; did you mean 'split=...'?"],
    ["x#limit", "expected a value for 'limit', got none"],
    ["x#class=", "expected a value for 'class', got none"],
    ["x#class=3++5", "expected class names joined by '+', got '3++5'"],
    ["x#limit=0", "expected a whole number of 1 or more for 'limit', got '0'"],
    ["x#limit=1e3", "got '1e3'"],
    ["x#limit=-1", "got '-1'"],
    ["x#limit=9007199254740993", "got '9007199254740993'"],
    ["x#limit=2,seed=1.5", "expected a whole number of 0 or more for 'seed', got '1.5'"],
    ["x#limit=1,limit=2", "expected each selection key once, got 'limit' again"],
    ["x#seed=1", "expected 'limit' beside 'seed'"],
  ])("refuses %j", (location, message) => {
    const parse = () => parseLocation(location, "train: --normal");
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow("train: --normal: expected");
    expect(parse).toThrow(message);
  });

  test(`what is written is read again (seed ${propertySeed})`, () => {
    const name = fc.string({ minLength: 1, unit: fc.constantFrom(..."ab#%,+=/ 25BCä\u0308") });
    const path = fc.string({ minLength: 1, unit: fc.constantFrom(..."file:#%/a\\ =,+23\n\udc80\udcffüu\u0308") });
    const selection = fc.record(
      {
        split: name,
        classes: fc.array(name, { minLength: 1 }),
        limit: fc.integer({ min: 1 }),
        seed: fc.nat(),
        page: fc.integer({ min: 1 }),
      },
      { requiredKeys: ["limit"] },
    );
    const property = fc.property(path, fc.oneof(selection, fc.constant({})), (path, chosen) => {
      const text = formatLocation({ path, selection: chosen });
      expect(text).not.toContain("\n");
      expect(Buffer.from(text).toString()).toBe(text);
      expect(parseLocation(text, "here")).toEqual({ path, selection: chosen });
    });
    fc.assert(property, { seed: propertySeed, numRuns: 1000 });
  });

  test.each([
    [{ path: "/x/data", selection: { limit: 3 } }, "/x/data#limit=3"],
    [{ path: "/x/data/#1", selection: {} }, "file:///x/data/%231"],
    [{ path: "/50%/#1", selection: {} }, "file:///50%25/%231"],
    [{ path: "/50%/1", selection: {} }, "/50%/1"],
    [{ path: "a/\udce4.png", selection: {} }, "file:a/%E4.png"],
    [{ path: "x", selection: { classes: ["a+b", "c"] } }, "x#class=a%2Bb+c"],
  ])("%j is written %s", (location, text) => {
    expect(formatLocation(location)).toBe(text);
  });

  test(`any text is understood or refused with ConfigError (seed ${propertySeed})`, () => {
    const keyLike = fc.constantFrom("split", "class", "limit", "seed", "#", "=", ",", "+", "1", "x");
    const text = fc.oneof(
      fc.string(),
      fc.array(keyLike).map((parts) => parts.join("")),
    );
    const property = fc.property(text, (location) => {
      try {
        expect(parseLocation(location, "here").path).not.toBe("");
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    });
    fc.assert(property, { seed: propertySeed, numRuns: 1000 });
  });
});

describe("on the disk", () => {
  let folder: string;
  let remove: () => Promise<void>;
  const at = (path: string): string => join(folder, path);
  const nfd = "größe".normalize("NFD");

  beforeAll(async () => {
    ({ folder, remove } = await makeFolder());
    for (const name of ["#1", "a#b", "50%", "a=b", "große Fehler", nfd, "plain", "a#limit=2"]) await mkdir(at(name));
  });
  afterAll(() => remove());

  test.each(["#1", "a#b", "50%", "a=b", "große Fehler", nfd, "plain", "a#limit=2", "#1#limit=3", "plain#class=a%2Bb"])(
    "%j is recorded unambiguously",
    async (name) => {
      const located = await locateImages(at(name), "here");
      const recorded = await recordedLocation(at(name), "here");
      expect(parseLocation(recorded, "here")).toEqual(located);
      expect(await locateImages(recorded, "here")).toEqual(located);
      expect(located.path).toBe(at(name.replace(/#(limit=3|class=.*)$/, "")));
    },
  );

  test("records of earlier versions are read", async () => {
    expect(await locateImages(`${at("a#b")}#limit=3`, "here")).toEqual({ path: at("a#b"), selection: { limit: 3 } });
    expect(await locateImages(at("50%"), "here")).toEqual({ path: at("50%"), selection: {} });
  });

  test("umlauts in the other normal form are found", async () => {
    expect((await locateImages(at("größe#limit=1"), "here")).path).toBe(at(nfd));
    expect((await locateImages(at("große Fehler".normalize("NFD")), "here")).path).toBe(at("große Fehler"));
  });

  test("builtin stays what it is", async () => {
    expect(await recordedLocation("builtin#limit=5", "here")).toBe("builtin#limit=5");
    expect(isBuiltin("./builtin")).toBe(false);
  });

  test.each([
    ["a=b", "a=b", "a=b"],
    ["x=plain", "x", "plain"],
    ["x=a=b", "x", "a=b"],
    ["x=y=plain", "x=y", "plain"],
    ["große Fehler=plain#limit=3", "große Fehler", "plain#limit=3"],
    ["#1", "#1", "#1"],
    ["a#b#limit=2", "a#b", "a#b#limit=2"],
    ["x=builtin#limit=2", "x", "builtin#limit=2"],
    ["plain", "plain", "plain"],
    ["nowhere/a=b", "a=b", "nowhere/a=b"],
    ["x=nowhere", "x", "nowhere"],
  ])("%j is the set %j at %j", async (typed, name, location) => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(await parseNamedLocation(typed)).toEqual({ name, location });
    } finally {
      process.chdir(before);
    }
  });

  test("a set's name is in Unicode's composed form", async () => {
    expect((await parseNamedLocation(`${nfd}=${at("plain")}`)).name).toBe("größe");
    expect((await parseNamedLocation(at(nfd))).name).toBe("größe");
  });
});
