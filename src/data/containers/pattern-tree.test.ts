/** Tests of patterns of paths. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder, writeFiles } from "../example-files.ts";
import { openImages } from "../opening.ts";

let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  const paths = ["a/good/1.png", "a/good/deep/2.png", "a/bad/3.png", "b/good/4.jpg", "5.png", "[6].png", "b/list.txt"];
  await writeFiles(folder, Object.fromEntries(paths.map((path) => [path, "x"])));
  await mkdir(join(folder, "c"));
});
afterAll(() => remove());

test.each([
  ["*.png", ["5.png", "[6].png"]],
  ["?.png", ["5.png"]],
  ["[4-6].png", ["5.png"]],
  ["[!4]*", ["5.png", "[6].png", "a/bad/3.png", "a/good/1.png", "a/good/deep/2.png", "b/good/4.jpg"]],
  ["*/good", ["a/good/1.png", "a/good/deep/2.png", "b/good/4.jpg"]],
  ["*/good/*.png", ["a/good/1.png"]],
  ["**/*.png", ["5.png", "[6].png", "a/bad/3.png", "a/good/1.png", "a/good/deep/2.png"]],
  ["a/**/[12].png", ["a/good/1.png", "a/good/deep/2.png"]],
  ["{a,b}/{good,none}/*.{png,jpg}", ["a/good/1.png", "b/good/4.jpg"]],
  ["a/*/*.png#limit=1", ["a/bad/3.png"]],
  // What exists is no pattern.
  ["[6].png", ["[6].png"]],
])("%s", async (pattern, expected) => {
  const source = await openImages(join(folder, pattern), "here");
  const names = Array.from({ length: source.length }, (_, index) => source.name(index).slice(folder.length + 1));
  expect(names).toEqual(expected);
});

test.each(["*.tiff", "none/*.png", "c/*", "*/*/*/*/*"])("%s matches nothing", async (pattern) => {
  await expect(openImages(join(folder, pattern), "here")).rejects.toThrow(
    `here: expected images, got nothing that matches '${join(folder, pattern)}'`,
  );
});
