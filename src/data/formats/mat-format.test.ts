/** Tests of MATLAB's files of images. */
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { ownFolders } from "../../../test/own-folders.ts";
import { countingBytes, writeFiles } from "../example-files.ts";
import { type OpenOptions, openImages } from "../opening.ts";
import { matOf } from "./example-arrays.ts";

const nextFolder = ownFolders();
let folder: string;
beforeEach(() => {
  folder = nextFolder();
});

async function open(name: string, bytes: Uint8Array, options: OpenOptions = {}) {
  await writeFiles(folder, { [name]: bytes });
  return openImages(join(folder, name), "here", options);
}

// Two images of 2x3 in colour: the value tells the place in the array, of which rows change first.
const X = { name: "X", shape: [2, 3, 3, 2], values: countingBytes(36) };
const y = { name: "y", shape: [2, 1], values: Uint8Array.of(10, 4) };

test.each([true, false])("SVHN's digits are read, its tens are zeros (compressed: %s)", async (compressed) => {
  const source = await open("test_32x32.mat", matOf([X, y], compressed));
  expect([source.length, source.className(0), source.className(1), source.splitNames(0)]).toEqual([
    2,
    "0",
    "4",
    ["test"],
  ]);
  const image = await source.read(1);
  expect(image).toMatchObject({ kind: "raw", channels: 3, height: 2, width: 3 });
  // The red plane of the second image, row by row.
  expect("pixels" in image ? Array.from(image.pixels.subarray(0, 6)) : []).toEqual([18, 20, 22, 19, 21, 23]);
});

describe("a file is refused", () => {
  test.each<[string, Uint8Array]>([
    ["(it is empty)", Buffer.alloc(0)],
    ["(it is no MATLAB file)", Buffer.alloc(300)],
    ["(it is of version 7.3, which is not read; save it as version 7)", Buffer.from("MATLAB 7.3 MAT-file".padEnd(600))],
    ["(it is cut off)", matOf([X]).subarray(0, -3)],
    ["(its sizes are wrong)", matOf([{ ...X, shape: [2, 3, 3, 400_000_000] }])],
    ["with y 2x1, none of which is HxWxCxN of uint8", matOf([y])],
    ["with no arrays", matOf([])],
    ["got 3 for 2", matOf([X, { name: "y", shape: [3, 1], values: countingBytes(3) }])],
  ])("%s", async (message, bytes) => {
    await expect(open("a.mat", bytes)).rejects.toThrow(message);
  });

  test("that unpacks to more than the limit", async () => {
    const large = matOf([{ ...X, shape: [100, 100, 3, 10], values: new Uint8Array(300_000) }]);
    await expect(open("a.mat", large, { limits: { fileBytes: 10_000 } })).rejects.toThrow(
      "expected an unpacked file of at most",
    );
  });
});
