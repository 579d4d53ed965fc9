/** Tests of loading: what is kept, what is left out, order, progress and memory. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, FormatError } from "../base/index.ts";
import { greyPng, plainPng } from "./decoding/example-images.ts";
import { makeFolder, writeFiles } from "./example-files.ts";
import { idxFiles } from "./formats/example-arrays.ts";
import type { ImageSource, PreparationProblem } from "./image-source.ts";
import { fingerprintOf, type ImageBatch, loadImages, slicesOf, streamImages } from "./loading.ts";
import { openImages } from "./opening.ts";

const specification = { channels: 1, height: 4, width: 4 };
let folder: string;
let remove: () => Promise<void>;

const open = (location: string): Promise<ImageSource> => openImages(join(folder, location), "train: --normal");

beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  const files: Record<string, Uint8Array | string> = {};
  for (let number = 0; number < 23; number++) {
    files[`good/${String(number).padStart(2, "0")}.png`] = await greyPng(8, 8, 10 * number);
  }
  await writeFiles(folder, {
    ...files,
    "mixed/a/1.png": await greyPng(8, 8, 5),
    "mixed/a/2.png": "a text renamed .png",
    "mixed/b/3.png": (await plainPng(64, 64)).subarray(0, 90),
    "mixed/b/4.png": await plainPng(1, 9),
    "mixed/b/5.png": await greyPng(8, 8, 6),
    "bad/1.png": "text",
    "bad/2.png": "",
    ...Object.fromEntries(Object.entries(idxFiles()).map(([name, bytes]) => [`digits/${name}`, bytes])),
  });
});
afterAll(() => remove());

describe("loadImages", () => {
  test("keeps the usable images and says what is wrong with the others", async () => {
    const source = await open("mixed");
    const seen: number[] = [];
    const set = await loadImages(source, specification, { strict: false, onProgress: (done) => seen.push(done) });
    const shown = (name: string): string => join(folder, "mixed", name);
    expect(set).toEqual({
      specification,
      count: 2,
      pixels: Uint8Array.of(...Array(16).fill(5), ...Array(16).fill(6)),
      names: [shown("a/1.png"), shown("b/5.png")],
      indices: [0, 4],
      classNames: ["a", "b"],
      problems: [
        { name: shown("a/2.png"), reason: "cannot be decoded: input buffer contains unsupported image format" },
        { name: shown("b/3.png"), reason: expect.stringContaining("cannot be decoded: ") },
        { name: shown("b/4.png"), reason: "image is 1x9, smaller than half the model's 4x4" },
      ],
      found: { count: 2, grey: 2, smallest: [8, 8], largest: [8, 8], remarks: [] },
      fingerprint: fingerprintOf(set.pixels),
    });
    expect(seen.at(-1)).toBe(5);
  });

  test("makes no second copy of the pixels where images were left out", async () => {
    const { pixels, count } = await loadImages(await open("mixed"), specification, { strict: false });
    expect([count, pixels.length, pixels.buffer.byteLength]).toEqual([2, 2 * 16, 5 * 16]);
  });

  test("fails at the first unusable image if strict", async () => {
    const loading = loadImages(await open("mixed"), specification, { strict: true });
    await expect(loading).rejects.toThrow(FormatError);
    await expect(loading).rejects.toThrow(
      /^train: --normal: expected usable images only, got '.*a\/2\.png': cannot be decoded/,
    );
  });

  test("refuses a source without one usable image", async () => {
    const loading = loadImages(await open("bad"), specification, { strict: false });
    await expect(loading).rejects.toThrow(ConfigError);
    await expect(loading).rejects.toThrow(
      /expected usable images, got 0 among 2 in '.*bad', '.*1\.png': cannot be decoded/,
    );
  });

  test("reports a file that vanished or cannot be read", async () => {
    const source = await open("good#limit=2");
    const read = (index: number) => (index === 0 ? Promise.reject(new Error("gone")) : source.read(index));
    const { problems, count } = await loadImages({ ...source, read }, specification, { strict: false });
    expect([count, problems]).toEqual([1, [{ name: source.name(0), reason: "cannot be read: gone" }]]);
  });

  test("does not depend on how many images are read at a time", async () => {
    const [one, many] = await Promise.all(
      [1, 16].map(async (concurrency) => loadImages(await open("good"), specification, { strict: true, concurrency })),
    );
    expect(one).toEqual(many);
    expect(Array.from({ length: 23 }, (_, index) => one!.pixels[16 * index])).toEqual(
      Array.from({ length: 23 }, (_, index) => 10 * index),
    );
  });

  test("raw images of the model's size are taken as they are", async () => {
    const set = await loadImages(await open("digits#split=train"), specification, { strict: true });
    expect([...set.pixels]).toEqual(Array.from({ length: 48 }, (_, index) => index));
    expect(set.classNames).toEqual(["7", "1", "7"]);
  });

  test.each([
    [
      { channels: 17, height: 4, width: 4 },
      "expected 1 (grey), 3 (colour) or other numbers of channels up to 16, got 17",
    ],
    [{ channels: 1, height: 0, width: 4 }, "expected height and width of 1 pixel or more, got 0x4"],
    [{ channels: 1, height: 1e8, width: 1e8 }, "expected images that fit in memory, got 2 of 20000000.0 GB in all"],
  ])("refuses %j", async (wrong, message) => {
    const loading = loadImages(await open("bad"), wrong, { strict: false });
    await expect(loading).rejects.toThrow(ConfigError);
    await expect(loading).rejects.toThrow(message);
  });
});

describe("a fingerprint", () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, index) => 7 * index);

  test("is SHA-256 of the pixels", () => {
    expect(fingerprintOf(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  test.each([1, 7, 50, 99, 100, 1000])("does not depend on slices, such as those of %i bytes", (size) => {
    const slices = [...slicesOf(bytes, size)];
    expect(slices.map(({ length }) => length).slice(0, -1)).toEqual(Array(slices.length - 1).fill(size));
    expect(slices.at(-1)!.length).toBeLessThanOrEqual(size);
    const hash = createHash("sha256");
    for (const slice of slices) hash.update(slice);
    expect(hash.digest("hex")).toBe(fingerprintOf(bytes));
  });

  test("of no pixels is that of no bytes", () => {
    expect(fingerprintOf(new Uint8Array(0))).toBe(createHash("sha256").digest("hex"));
  });
});

describe("streamImages", () => {
  async function collect(location: string, batchSize: number) {
    const problems: PreparationProblem[] = [];
    const batches: ImageBatch[] = [];
    const options = { batchSize, strict: false, onProblem: (problem: PreparationProblem) => problems.push(problem) };
    for await (const batch of streamImages(await open(location), specification, options)) batches.push(batch);
    return { batches, problems };
  }

  test.each([1, 5, 23, 100])("gives the same images as loading, in batches of %i", async (batchSize) => {
    const { batches } = await collect("good", batchSize);
    const set = await loadImages(await open("good"), specification, { strict: true });
    expect(batches.map(({ names }) => names.length)).toEqual(
      Array.from({ length: Math.ceil(23 / batchSize) }, (_, n) => Math.min(batchSize, 23 - n * batchSize)),
    );
    expect(batches.map(({ firstIndex }) => firstIndex)).toEqual(batches.map((_, n) => n * batchSize));
    expect(Buffer.concat(batches.map(({ pixels }) => pixels))).toEqual(Buffer.from(set.pixels));
    expect(batches.flatMap(({ names }) => names)).toEqual(set.names);
    for (const { pixels, names } of batches) expect(pixels.length).toBe(16 * names.length);
  });

  test("fills batches with usable images and reports the others in order", async () => {
    const { batches, problems } = await collect("mixed", 2);
    expect(batches).toHaveLength(1);
    expect(batches[0]!.classNames).toEqual(["a", "b"]);
    expect(problems.map(({ name }) => name.slice(-5))).toEqual(["2.png", "3.png", "4.png"]);
  });

  test("refuses a source without one usable image", async () => {
    await expect(collect("bad", 2)).rejects.toThrow("train: --normal: expected usable images, got 0 among 2");
  });

  test("fails at the first unusable image if strict", async () => {
    const stream = streamImages(await open("mixed"), specification, { batchSize: 1, strict: true });
    expect((await stream.next()).value).toMatchObject({ classNames: ["a"] });
    await expect(stream.next()).rejects.toThrow(FormatError);
  });

  test("reads ahead, but not without end, and stops with its consumer", async () => {
    // Images in memory that need no decoding: once nothing is due any more, no read comes by itself.
    const source = await open("good");
    const image = { kind: "raw" as const, pixels: new Uint8Array(16), ...specification };
    let reads = 0;
    const read = async () => {
      reads++;
      return image;
    };
    const options = { batchSize: 2, strict: true, prefetch: 3 };
    const counts: number[] = [];
    for await (const { firstIndex } of streamImages({ ...source, read }, specification, options)) {
      await new Promise(setImmediate);
      counts.push(reads);
      if (firstIndex === 2) break;
    }
    expect(counts).toEqual([1 + 3 * 2, 3 + 3 * 2]);
    await new Promise(setImmediate);
    expect(reads).toBe(counts[1]);
  });
});
