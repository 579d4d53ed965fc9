/** Tests of NumPy's arrays as images: every layout and kind, labels, what is refused. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { ownFolders } from "../../../test/own-folders.ts";
import { zipOf } from "../containers/example-archives.ts";
import { sampleBitsOf } from "../decoding/deep-samples.ts";
import { plainPng } from "../decoding/example-images.ts";
import { sampleRangeOf } from "../decoding/number-range.ts";
import { countingBytes, propertySeed, writeFiles } from "../example-files.ts";
import type { ImageSource } from "../image-source.ts";
import { loadImages } from "../loading.ts";
import { type OpenOptions, openImages } from "../opening.ts";
import { bytesOf, npyOf } from "./example-arrays.ts";

const nextFolder = ownFolders();
let folder: string;
beforeEach(() => {
  folder = nextFolder();
});

async function open(
  files: Readonly<Record<string, Uint8Array>>,
  path = "",
  options: OpenOptions = {},
): Promise<ImageSource> {
  await writeFiles(folder, files);
  return openImages(join(folder, path), "here", options);
}
const list = (source: ImageSource): string[] =>
  Array.from({ length: source.length }, (_, index) =>
    [source.name(index).slice(folder.length + 1), source.className(index), source.splitNames(index).join("+")].join(
      " ",
    ),
  );
const pixelsOf = async (source: ImageSource, index: number): Promise<number[]> => {
  const image = await source.read(index);
  return image.kind === "encoded" ? [] : Array.from(image.pixels);
};

describe("a layout", () => {
  const eight = (shape: readonly number[]) => npyOf("|u1", shape, countingBytes(shape.reduce((a, b) => a * b, 1)));

  test.each<[number[], string, number, number[]]>([
    [[2, 3], "2x3 taken as HxW: 1 grey image of 3x2", 0, [0, 1, 2, 3, 4, 5]],
    [[2, 1, 2], "2x1x2 taken as NxHxW: 2 grey images of 2x1", 1, [2, 3]],
    [[1, 2, 3], "1x2x3 taken as HxWxC: 1 colour image of 2x1", 0, [0, 3, 1, 4, 2, 5]],
    [[2, 1, 2, 3], "2x1x2x3 taken as NxHxWxC: 2 colour images of 2x1", 1, [6, 9, 7, 10, 8, 11]],
    [[2, 3, 1, 2], "2x3x1x2 taken as NxCxHxW: 2 colour images of 2x1", 1, [6, 7, 8, 9, 10, 11]],
    [[2, 2, 2, 1], "2x2x2x1 taken as NxHxWxC: 2 grey images of 2x2", 1, [4, 5, 6, 7]],
    [[2, 1, 2, 2], "2x1x2x2 taken as NxCxHxW: 2 grey images of 2x2", 1, [4, 5, 6, 7]],
    [
      [1, 5, 4, 2],
      "1x5x4x2 taken as NxHxWxC: 1 image of 4x5 and 2 channels",
      0,
      Array.from({ length: 40 }, (_, at) => 2 * (at % 20) + Math.floor(at / 20)),
    ],
    [
      [1, 2, 5, 4],
      "1x2x5x4 taken as NxCxHxW: 1 image of 4x5 and 2 channels",
      0,
      Array.from({ length: 40 }, (_, at) => at),
    ],
  ])("%j is said and read", async (shape, said, index, pixels) => {
    const source = await open({ "a.npy": eight(shape) }, "a.npy");
    expect(source.remarks).toEqual([`uint8 array ${said}`]);
    expect(await pixelsOf(source, index)).toEqual(pixels);
    // Packed, so that it cannot be read by position.
    const packed = await open({ "a.npz": zipOf({ "a.npy": eight(shape) }) }, "a.npz");
    expect(await pixelsOf(packed, index)).toEqual(pixels);
  });

  test.each([
    [[20, 30, 5], "HxWxC: 1 image of 30x20 and 5 channels"],
    [[20, 30, 17], "NxHxW: 20 grey images of 17x30"],
    [[20, 16, 5], "NxHxW: 20 grey images of 5x16"],
    [[100, 20, 5], "NxHxW: 100 grey images of 5x20"],
  ])("of three axes %j is %s", async (shape, said) => {
    const source = await open({ "a.npy": eight(shape) }, "a.npy");
    expect(source.remarks).toEqual([`uint8 array ${shape.join("x")} taken as ${said}`]);
  });

  test(`every image of every kind is what was written (seed ${propertySeed})`, async () => {
    const kinds = fc.constantFrom("|u1", "<u2", ">u2", "<f4", "<f8", ">f4");
    const property = fc.asyncProperty(
      kinds,
      fc.integer({ min: 2, max: 5 }),
      fc.integer({ min: 4, max: 6 }),
      async (kind, count, side) => {
        const length = count * side * side;
        const size = Number(kind.slice(2));
        const bytes = Buffer.alloc(length * size);
        for (let at = 0; at < length; at++) {
          if (size === 1) bytes[at] = at;
          else if (kind === ">u2") bytes.writeUInt16BE(at, 2 * at);
          else if (kind === "<u2") bytes.writeUInt16LE(at, 2 * at);
          else if (kind === "<f4") bytes.writeFloatLE(at, 4 * at);
          else if (kind === ">f4") bytes.writeFloatBE(at, 4 * at);
          else bytes.writeDoubleLE(at, 8 * at);
        }
        await writeFiles(folder, { "a.npy": npyOf(kind, [count, side, side], bytes) });
        const source = await openImages(join(folder, "a.npy"), "here");
        expect(source.length).toBe(count);
        const area = side * side;
        for (let index = 0; index < count; index++) {
          const wanted = Array.from({ length: area }, (_, at) => (index * area + at) % (size === 1 ? 256 : 2 ** 16));
          expect(await pixelsOf(source, index)).toEqual(wanted);
        }
      },
    );
    await fc.assert(property, { seed: propertySeed, numRuns: 30 });
  });
});

describe("sets", () => {
  test("of one .npz have splits by their names, and labels as classes", async () => {
    const source = await open(
      {
        "set.npz": zipOf({
          "x_train.npy": npyOf("|u1", [2, 2, 2], countingBytes(8)),
          "y_train.npy": npyOf("<i8", [2], bytesOf(BigInt64Array.of(3n, -1n))),
          "x_test.npy": npyOf("|u1", [1, 2, 2], countingBytes(4)),
          "y_test.npy": npyOf("<U3", [1, 1], bytesOf(Int32Array.of(97, 0xe4, 0))),
        }),
      },
      "set.npz",
    );
    expect(list(source)).toEqual([
      "set.npz/x_train.npy/00000 3 train",
      "set.npz/x_train.npy/00001 -1 train",
      "set.npz/x_test.npy aä test",
    ]);
    expect((await openImages(join(folder, "set.npz#split=test"), "here")).length).toBe(1);
  });

  test("of many files have their folders as classes, and one line for all of them", async () => {
    const one = npyOf("<f4", [2, 2], bytesOf(Float32Array.of(0, 0.25, 0.5, 1)));
    const source = await open({ "good/1.npy": one, "good/2.npy": one, "bad/3.npy": one });
    expect(list(source)).toEqual(["bad/3.npy bad bad", "good/1.npy good good", "good/2.npy good good"]);
    expect(source.remarks).toEqual(["float32 array 2x2 taken as HxW: 1 grey image of 2x2"]);
  });

  test("beside image files are told of and not read", async () => {
    const source = await open({
      "a.png": await plainPng(4, 4),
      "features.npy": npyOf("<f4", [4, 9], new Uint8Array(144)),
    });
    expect([source.length, source.leftOut.map(({ kind, what }) => `${kind} ${what}`)]).toEqual([
      1,
      ["unread .npy file"],
    ]);
  });

  test("with other labels than images are refused", async () => {
    const files = {
      "images.npy": npyOf("|u1", [2, 2, 2], countingBytes(8)),
      "labels.npy": npyOf("|u1", [3], countingBytes(3)),
    };
    await expect(open(files)).rejects.toThrow("expected as many labels in '");
  });
});

describe("numbers without a range of their own", () => {
  const specification = { channels: 1, height: 2, width: 2 };
  const floats = (...numbers: number[]) => npyOf("<f4", [1, 2, 2], bytesOf(Float32Array.from(numbers)));

  test("are read by that of the images trained on", async () => {
    const source = await open({ "a.npy": floats(0, 0.25, 0.5, 1) }, "a.npy");
    expect(await source.channels()).toBe(1);
    const sampleRange = await sampleRangeOf(source);
    expect(sampleRange).toEqual([0, 1]);
    const { pixels, found } = await loadImages(source, { ...specification, sampleRange }, { strict: true });
    expect(Array.from(pixels)).toEqual([0, 64, 128, 255]);
    expect(found.remarks[0]!.text).toContain("floating-point numbers");
    // Others of the same model: cut off where they go beyond.
    const other = await open({ "b.npy": floats(-1, 0.1, 1, 7) }, "b.npy");
    expect(Array.from((await loadImages(other, { ...specification, sampleRange }, { strict: true })).pixels)).toEqual([
      0, 26, 255, 255,
    ]);
  });

  test("are refused where none were trained on, and where they are no numbers", async () => {
    const source = await open({ "a.npy": floats(0, 0.25, Number.NaN, 1) }, "a.npy");
    await expect(loadImages(source, specification, { strict: true })).rejects.toThrow("none were trained on");
    const form = { ...specification, sampleRange: [0, 1] as const };
    await expect(loadImages(source, form, { strict: true })).rejects.toThrow("image has values that are no numbers");
  });

  test("of 16 bits are read by the bits that they use", async () => {
    const deep = npyOf("<u2", [1, 2, 2], bytesOf(Uint16Array.of(0, 1023, 511, 100)));
    const source = await open({ "a.npy": deep }, "a.npy");
    expect([await sampleBitsOf(source), await sampleRangeOf(source)]).toEqual([10, null]);
    const { pixels } = await loadImages(source, { ...specification, sampleBits: 10 }, { strict: true });
    expect(Array.from(pixels)).toEqual([0, 255, 127, 25]);
  });
});

describe("a file is refused", () => {
  test.each<[string, Uint8Array]>([
    ["got Python objects, which are never loaded", npyOf("|O", [3], countingBytes(30))],
    ["got a table of named columns", npyOf("[('x', '<f4')]", [3], countingBytes(12))],
    [
      "got numbers of 4000000000x28x28 in its header and fewer in the file",
      npyOf("|u1", [4e9, 28, 28], countingBytes(100)),
    ],
    ["got numbers of 2x2 in its header and more in the file", npyOf("|u1", [2, 2], countingBytes(5))],
    ["got a damaged header", npyOf("|u1", [2, 2 ** 54], countingBytes(4))],
    ["got int64 of 2x2 (save it as uint8, uint16 or floating point)", npyOf("<i8", [2, 2], countingBytes(32))],
    ["got uint8 of 1x17x17x17, neither HxW, NxHxW", npyOf("|u1", [1, 17, 17, 17], countingBytes(17 ** 3))],
    ["got uint8 of 0x2, which is nothing", npyOf("|u1", [0, 2], countingBytes(0))],
    ["got columns before rows (save numpy.ascontiguousarray of it)", npyOf("|u1", [2, 2], countingBytes(4), "True")],
    ["got a file that is cut off", npyOf("|u1", [2, 2], countingBytes(4)).subarray(0, 50)],
    ["got no NumPy array", Buffer.from("text that is no array at all")],
    ["got an empty file", new Uint8Array(0)],
    ["expected images, got labels alone in", npyOf("|u1", [9], countingBytes(9))],
  ])("%s", async (message, bytes) => {
    await expect(open({ "a.npy": bytes }, "a.npy")).rejects.toThrow(message);
  });

  test("alone: others are read, and it is named", async () => {
    const source = await open({
      "a.npy": npyOf("|u1", [2, 2], countingBytes(4)),
      "b.npy": npyOf("|O", [3], countingBytes(3)),
    });
    expect(source.length).toBe(1);
    expect(source.problems).toEqual([
      { name: join(folder, "b.npy"), reason: "it holds Python objects, which are never loaded" },
    ]);
  });

  test("where an archive would be larger than the limit", async () => {
    await writeFiles(folder, { "x.txt": "" });
    await writeFile(join(folder, "a.npz"), zipOf({ "a.npy": npyOf("|u1", [10, 30, 30], new Uint8Array(9000)) }));
    await expect(openImages(join(folder, "a.npz"), "here", { limits: { archiveBytes: 5000 } })).rejects.toThrow(
      "raise limits.archiveBytes",
    );
    await expect(openImages(join(folder, "a.npz"), "here", { limits: { fileBytes: 5000 } })).rejects.toThrow(
      "raise limits.fileBytes",
    );
  });
});
