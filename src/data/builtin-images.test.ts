/** Tests of the location `builtin`: what it selects, that it is the same wherever and however it is read, and what is refused. */
import { describe, expect, test } from "vitest";
import { ConfigError, type ImageShape } from "../base/index.ts";
import { plainPng } from "./decoding/example-images.ts";
import { makeFolder, writeFiles } from "./example-files.ts";
import { loadImages, streamImages } from "./loading.ts";
import { isBuiltin } from "./location.ts";
import { openImages } from "./opening.ts";

const where = "train: --general";
const colour: ImageShape = { channels: 3, height: 16, width: 16 };

async function load(location: string, specification = colour) {
  return loadImages(await openImages(location, where), specification, { strict: true });
}

describe("isBuiltin", () => {
  test.each(["builtin", "builtin#limit=3", "builtin#seed=1", "builtin#class=3"])("%j is", (location) => {
    expect(isBuiltin(location)).toBe(true);
  });
  test.each(["./builtin", "/data/builtin", "builtin/", "builtins", "builtin/#limit=1", "a#builtin", "Builtin", ""])(
    "%j is a path",
    (location) => {
      expect(isBuiltin(location)).toBe(false);
    },
  );
});

describe("openImages", () => {
  test("opens 20,000 images in colour, without classes and splits", async () => {
    const source = await openImages("builtin", where);
    expect([source.format, source.length, await source.channels()]).toEqual(["builtin", 20_000, 3]);
    expect([source.name(12), source.className(12), source.splitNames(12)]).toEqual(["builtin-00012", undefined, []]);
    expect(await source.read(5)).toMatchObject({ kind: "raw", channels: 3, height: 32, width: 32 });
  });

  test("a limit and a seed choose what is made", async () => {
    const few = await load("builtin#limit=3");
    expect(few.count).toBe(3);
    expect((await load("builtin#limit=3,seed=0")).fingerprint).toBe(few.fingerprint);
    expect((await load("builtin#limit=3,seed=1")).fingerprint).not.toBe(few.fingerprint);
    expect((await openImages("builtin#seed=7", where)).length).toBe(20_000);
    expect((await load("builtin#limit=5")).pixels.slice(0, few.pixels.length)).toEqual(few.pixels);
  });

  test("loading and streaming give the same images", async () => {
    const { pixels } = await load("builtin#limit=5");
    const batches = streamImages(await openImages("builtin#limit=5", where), colour, { batchSize: 2, strict: true });
    const streamed: number[] = [];
    for await (const batch of batches) streamed.push(...batch.pixels);
    expect(Uint8Array.from(streamed)).toEqual(pixels);
  });

  test.each<ImageShape>([
    { channels: 1, height: 8, width: 8 },
    { channels: 3, height: 24, width: 40 },
    { channels: 3, height: 96, width: 96 },
  ])("images are made at the size and channels that are asked for: %j", async (specification) => {
    const { pixels, problems, count } = await load("builtin#limit=2", specification);
    expect([count, problems]).toEqual([2, []]);
    expect(pixels).toHaveLength(2 * specification.channels * specification.height * specification.width);
    expect(new Set(pixels).size).toBeGreaterThan(20);
  });

  // Made at half the size and enlarged, neighbouring steps would be half as large.
  test("large images are as sharp as small ones", async () => {
    const step = async (side: number): Promise<number> => {
      const { pixels } = await load("builtin#limit=40", { channels: 1, height: side, width: side });
      const steps = pixels.subarray(1).map((level, at) => ((at + 1) % side === 0 ? 0 : Math.abs(level - pixels[at]!)));
      return steps.reduce((sum, value) => sum + value, 0) / (steps.length * (1 - 1 / side));
    };
    expect((await step(64)) / (await step(32))).toBeGreaterThan(0.6);
  });

  test("a folder of that name is reached by its path", async () => {
    const { folder, remove } = await makeFolder();
    const before = process.cwd();
    try {
      await writeFiles(folder, { "builtin/1.png": await plainPng(8, 8) });
      process.chdir(folder);
      expect((await openImages("./builtin", where)).format).toBe("images");
      expect((await openImages("builtin", where)).format).toBe("builtin");
    } finally {
      process.chdir(before);
      await remove();
    }
  });

  test.each([
    ["builtin#split=train", "without split and class, which built-in images do not have, got 'split=train'"],
    ["builtin#class=3+5,limit=9", "got 'class=3+5'; write 'builtin#limit=9,seed=0'"],
    ["builtin#limit=0", "expected a whole number of 1 or more for 'limit', got '0'"],
    ["builtin#sed=1", "did you mean 'seed=...'"],
  ])("refuses %j", async (location, message) => {
    const error = await openImages(location, where).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(`${where}: expected`);
    expect(String(error)).toContain(message);
  });

  test("refuses other channels than grey and RGB", async () => {
    await expect(load("builtin#limit=2", { channels: 4, height: 16, width: 16 })).rejects.toThrow(
      `${where}: expected images of 4 channels, as the model's are, got 'builtin', which is grey or RGB; give general images of 4 channels`,
    );
  });

  test("refuses more images than memory holds", async () => {
    await expect(load("builtin#limit=9007199254740991")).rejects.toThrow("expected images that fit in memory");
  });
});
