/** Tests of the cache of prepared images: what comes out is what went in, never of other files, whatever happens to the files of the cache. */
import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { randomKey } from "../../base/index.ts";
import type { InputForm } from "../../pixels/index.ts";
import { zipOf } from "../containers/example-archives.ts";
import { plainPng, pngOf } from "../decoding/example-images.ts";
import { makeFolder, propertySeed, writeFiles } from "../example-files.ts";
import type { ImageSource } from "../image-source.ts";
import { type ImageBatch, type ImageSet, loadImages, streamImages } from "../loading.ts";
import { openImages } from "../opening.ts";
import { clearCache, describeCache } from "./cache-folder.ts";
import type { ImageCache } from "./prepared-images.ts";

const form: InputForm = { channels: 1, height: 8, width: 8 };
let folder: Awaited<ReturnType<typeof makeFolder>>;
let notes: string[];
let place = 0;

/** 40 images of 8x8, one of them with transparency, one too small and one damaged. */
const images = async (): Promise<Record<string, Uint8Array>> => {
  const files: Record<string, Uint8Array> = {};
  for (let image = 0; image < 37; image++) {
    const stream = randomKey(image).stream();
    const samples = Uint8Array.from({ length: 64 }, () => 256 * stream.uniform());
    files[`a/${String(image).padStart(2, "0")}.png`] = pngOf(samples, { channels: 1, height: 8, width: 8 });
  }
  files["b/clear.png"] = pngOf(new Uint8Array(4 * 144).fill(90), { channels: 4, height: 12, width: 12 });
  files["b/small.png"] = await plainPng(3, 3);
  files["b/torn.png"] = (await plainPng(40, 40)).subarray(0, 60);
  return files;
};

beforeAll(async () => {
  folder = await makeFolder();
  await writeFiles(join(folder.folder, "set"), await images());
  await writeFile(join(folder.folder, "set.zip"), zipOf(await images()));
});

afterAll(() => folder.remove());

/** Files that have just been written are not trusted: all that is opened here is opened later. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  notes = [];
  place++;
});
afterEach(() => void vi.useRealTimers());

const cacheOf = (more: Partial<ImageCache> = {}): ImageCache => ({
  folder: join(folder.folder, `cache-${place}`),
  limit: 1e9,
  version: "1",
  leastSeconds: 0,
  onNote: (text) => notes.push(text),
  ...more,
});

const open = (name = "set"): Promise<ImageSource> => openImages(join(folder.folder, name), "images");

async function load(name = "set", more: Partial<ImageCache> = {}, shape = form): Promise<ImageSet> {
  return loadImages(await open(name), shape, { strict: false, cache: cacheOf(more) });
}

/** What a source gives that must not read anything. */
async function fromCache(): Promise<ImageSet> {
  const read = () => Promise.reject(new Error("it was read"));
  return loadImages({ ...(await open()), read }, form, { strict: false, cache: cacheOf() });
}

const kept = (name = "set"): string => `${join(folder.folder, name)}: 40 prepared images are kept in the cache`;
const used = (name = "set"): string => `${join(folder.folder, name)}: 40 prepared images from the cache`;

describe("a second time", () => {
  test("all is as the first time, and no image is read", async () => {
    const plain = await loadImages(await open(), form, { strict: false });
    expect(plain.count).toBe(38);
    expect(plain.found.remarks).toHaveLength(1);
    expect(await load()).toEqual(plain);
    expect(await fromCache()).toEqual(plain);
    expect(notes).toEqual([kept(), used()]);
    const [entry] = await describeCache(cacheOf().folder);
    expect(entry!.about).toBe(`${join(folder.folder, "set")}: 40 images, 1x8x8`);
    expect((await stat(entry!.path)).mode & 0o077).toBe(0);
  });

  test("batches are the same, too, and problems come in their places", async () => {
    const stream = async (cache?: ImageCache) => {
      const seen: (ImageBatch | string)[] = [];
      const onProblem = ({ name, reason }: { name: string; reason: string }) => seen.push(`${name}: ${reason}`);
      const options = { batchSize: 7, strict: false, cache, onProblem };
      for await (const batch of streamImages(await open(), form, options)) seen.push(batch);
      return seen;
    };
    const plain = await stream();
    expect(await stream(cacheOf())).toEqual(plain);
    expect(await stream(cacheOf())).toEqual(plain);
    expect(notes).toEqual([kept(), used()]);
  });

  test("a stream that is left early keeps nothing", async () => {
    for await (const _ of streamImages(await open(), form, { batchSize: 4, strict: false, cache: cacheOf() })) break;
    expect(await readdir(cacheOf().folder)).toEqual([]);
  });

  test("what takes no time to prepare is not kept", async () => {
    await load("set", { leastSeconds: 1000 });
    expect(await readdir(cacheOf().folder)).toEqual([]);
  });
});

test("of many files the changed ones are read again, with those that are looked at together, and the next time all is kept", async () => {
  const many: Record<string, Uint8Array> = {};
  for (let image = 0; image < 1100; image++) {
    const name = `${String(image).padStart(4, "0")}.png`;
    many[name] = pngOf(Uint8Array.of(image, image >> 8, image, image), { channels: 1, height: 2, width: 2 });
  }
  // One without pixels before, and one within the group that changes.
  for (const name of ["0003.png", "0520.png"]) many[name] = Uint8Array.of(1, 2, 3);
  await writeFiles(join(folder.folder, "many"), many);
  const small = { channels: 1, height: 2, width: 2 };
  const read: string[] = [];
  const run = async (): Promise<ImageSet> => {
    const source = await open("many");
    const note = (index: number) => {
      read.push(source.name(index));
      return source.read(index);
    };
    return loadImages({ ...source, read: note }, small, { strict: false, cache: cacheOf() });
  };
  await run();
  await writeFile(join(folder.folder, "many/0600.png"), many["0001.png"]!);
  vi.setSystemTime(Date.now() + 60_000);
  const plain = await loadImages(await open("many"), small, { strict: false });
  read.length = 0;
  expect(await run()).toEqual(plain);
  expect(read).toHaveLength(512);
  expect(notes.slice(1).map((note) => note.slice(note.indexOf(": ") + 2))).toEqual([
    "1100 prepared images from the cache",
    "some files are not as they were; they are read again",
    "1100 prepared images are kept in the cache",
  ]);
  expect(await describeCache(cacheOf().folder)).toHaveLength(1);
  read.length = 0;
  expect(await run()).toEqual(plain);
  expect(read).toEqual([]);
});

describe("what is kept is not used", () => {
  const differs = async (change: () => Promise<unknown>, name = "set"): Promise<void> => {
    await load(name);
    await load(name);
    expect(notes).toEqual([kept(name), used(name)]);
    await change();
    vi.setSystemTime(Date.now() + 60_000);
    const changed = await load(name);
    expect(notes).toHaveLength(3);
    expect(notes[2]).not.toBe(used(name));
    expect(changed).toEqual(await loadImages(await open(name), form, { strict: false }));
  };

  test("where a file has other bytes of the same number and time", () =>
    differs(async () => {
      const path = join(folder.folder, "set/a/07.png");
      const { atime, mtime } = await stat(path);
      await writeFile(path, (await readFile(path)).reverse());
      await utimes(path, atime, mtime);
    }));

  test("where an archive was replaced", () =>
    differs(async () => {
      const { "a/00.png": first, "a/01.png": second, ...rest } = await images();
      const files = { ...rest, "a/00.png": second!, "a/01.png": first! };
      await writeFile(join(folder.folder, "set.zip"), zipOf(files));
    }, "set.zip"));

  test.each<[string, Partial<ImageCache>, string, Partial<InputForm>]>([
    ["for another program", { version: "2" }, "", {}],
    ["for another selection", {}, "#class=a", {}],
    ["on another background", {}, "", { background: "#102030" }],
    ["in other proportions", {}, "", { fit: "pad" }],
    ["of another range", {}, "", { sampleBits: 12 }],
  ])("%s", async (_, more, selection, shape) => {
    await load();
    await load(`set${selection}`, more, { ...form, ...shape });
    expect(notes.filter((text) => text.includes("from the cache"))).toEqual([]);
    expect(await describeCache(cacheOf().folder)).toHaveLength(2);
  });

  test("where files have just been written", async () => {
    vi.useRealTimers();
    await writeFiles(join(folder.folder, "fresh"), await images());
    vi.useFakeTimers({
      toFake: ["Date"],
      now: Math.floor((await stat(join(folder.folder, "fresh/b/torn.png"))).ctimeMs),
    });
    await load("fresh");
    expect(notes).toEqual([]);
  });
});

test(`a damaged file of the cache gives the same images, and is written anew where that is known before (seed ${propertySeed})`, async () => {
  const plain = await load();
  const [entry] = await describeCache(cacheOf().folder);
  const whole = await readFile(entry!.path);
  const property = fc.asyncProperty(
    fc.nat(whole.length - 1),
    fc.integer({ min: 1, max: 255 }),
    fc.boolean(),
    async (at, change, cut) => {
      const damaged = cut ? whole.subarray(0, at) : Buffer.from(whole);
      if (!cut) damaged[at] = damaged[at]! ^ change;
      await writeFile(entry!.path, damaged);
      notes = [];
      expect(await load()).toEqual(plain);
      expect(notes).not.toEqual([used()]);
    },
  );
  await fc.assert(property, { seed: propertySeed, numRuns: 15 });
  // Known by its first block: that is read from the file, and the file is gone.
  await writeFile(entry!.path, Buffer.from(whole).fill(0, 0, 1));
  await load();
  expect(await readdir(cacheOf().folder)).toEqual([]);
});

describe("the folder", () => {
  test("loses what was not used for longest where there is no room", async () => {
    const forms = [1, 3].flatMap((channels) => [8, 10].map((side) => ({ channels, height: side, width: side })));
    for (const shape of forms.slice(0, 3)) await load("set", {}, shape);
    const entries = await describeCache(cacheOf().folder);
    const room = entries.reduce((sum, { bytes }) => sum + bytes, 0) + 1;
    // The first one is used again.
    for (const [age, { path, about }] of entries.entries()) {
      const moment = about.endsWith("1x8x8") ? new Date() : new Date(Date.now() - 1000 * (10 - age));
      await utimes(path, moment, moment);
    }
    const [, , oldest] = await describeCache(cacheOf().folder);
    await load("set", { limit: room + 1e4 }, forms[3]!);
    const left = await describeCache(cacheOf().folder);
    expect(left.map(({ about }) => about).some((about) => about.endsWith("1x8x8"))).toBe(true);
    expect(left.map(({ path }) => path)).not.toContain(oldest!.path);
    expect(left.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(room + 1e4);
  });

  test("that has no room for a set is left as it is, and that is said", async () => {
    await load("set", { limit: 1000 });
    expect(notes.join()).toMatch(/prepared images are not kept: they take .* GB, and there is room for less/);
  });

  test("that is none costs nothing but a line", async () => {
    const set = await load("set", { folder: join(folder.folder, "set.zip") });
    expect(set.count).toBeGreaterThan(30);
    expect(notes.join()).toMatch(/prepared images are not kept: EEXIST/);
  });

  test("is cleared", async () => {
    await load();
    expect(await clearCache(cacheOf().folder)).toHaveLength(1);
    expect(await readdir(cacheOf().folder)).toEqual([]);
    expect(await clearCache(join(folder.folder, "nowhere"))).toEqual([]);
  });
});
