/** Tests of writing images: what is written is loaded again. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { RunError } from "../../base/index.ts";
import { countingBytes, makeFolder, writeFiles } from "../example-files.ts";
import { loadImages } from "../loading.ts";
import { openImages } from "../opening.ts";
import { writeImages } from "./image-writing.ts";

test.each([1, 3])("%i channels survive writing and loading", async (channels) => {
  const { folder, remove } = await makeFolder();
  const specification = { channels, height: 5, width: 4 };
  const pixels = countingBytes(3 * channels * 20);
  await writeImages({ pixels, names: ["a", "sub/b", "sub/c"] }, specification, join(folder, "new"));
  const source = await openImages(join(folder, "new"), "here");
  expect(await source.channels()).toBe(channels);
  const set = await loadImages(source, specification, { strict: true });
  expect([...set.pixels]).toEqual([...pixels]);
  expect(set.classNames).toEqual([undefined, "sub", "sub"]);
  await remove();
});

test("a disk that refuses is a RunError", async () => {
  const { folder, remove } = await makeFolder();
  await writeFiles(folder, { taken: "a file" });
  const specification = { channels: 1, height: 1, width: 1 };
  const writing = writeImages({ pixels: new Uint8Array(1), names: ["a"] }, specification, join(folder, "taken"));
  await expect(writing).rejects.toThrow(RunError);
  await expect(writing).rejects.toThrow(/a\.png': expected a file that can be written, got /);
  await remove();
});
