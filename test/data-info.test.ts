/** `data info` on a small folder in which everything is wrong once. */
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOutglow, temporaryFolder } from "./command.ts";
import { drawnTexture } from "./textures.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);
const write = (name: string, pixels: Uint8Array, width = 80, height = 80): Promise<unknown> =>
  sharp(pixels, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(at(name));

beforeAll(async () => {
  folder = await temporaryFolder();
  for (const name of ["set/a", "set/b", "other"]) await mkdir(at(name), { recursive: true });
  for (let thing = 0; thing < 10; thing++) {
    await write(`set/${thing % 2 === 0 ? "a" : "b"}/${thing}.png`, drawnTexture(thing, 80));
  }
  await copyFile(at("set/a/0.png"), at("set/b/copy-of-0.png"));
  await copyFile(at("set/a/2.png"), at("set/a/copy-of-2.png"));
  // Photographed again: moved by five pixels, and darker.
  await write("set/b/again-1.png", drawnTexture(1, 80, { shift: 5, light: 0.7 }));
  await write("set/a/blank.png", new Uint8Array(6400).fill(90));
  await write("set/a/night.png", drawnTexture(11, 80, { light: 0.25 }));
  await write("set/a/large.png", drawnTexture(12, 160), 160, 160);
  const soft = await sharp(drawnTexture(13, 80), { raw: { width: 80, height: 80, channels: 1 } })
    .blur(6)
    .png()
    .toBuffer();
  await writeFile(at("set/a/soft.png"), soft);
  await writeFile(at("set/a/broken.png"), "no image");
  await writeFile(at("set/notes.docx"), "words");
  await copyFile(at("set/b/3.png"), at("other/3.png"));
});

afterAll(() => folder.dispose());

const lastOf = (path: string): string => path.split("/").slice(-2).join("/");

test("finds each, writes a sheet and a row for it, and fails on what it shall not find", async () => {
  const { code, stdout, stderr } = await runOutglow(
    folder.path,
    ...["data", "info", "set", "other", "--json", "--out=found", "--fail-on=duplicates,unreadable,odd-colour"],
  );
  expect(code, stderr).toBe(3);
  expect(stderr).toContain("found duplicates (3), unreadable (1)");
  const found = JSON.parse(stdout);
  const [set] = found.sets;
  expect([set.images, set.unreadable.length, set.smallest, set.largest]).toEqual([17, 1, "80x80", "160x160"]);
  expect(set.classes).toEqual([
    { name: "a", count: 10 },
    { name: "b", count: 7 },
  ]);
  expect(set.ignored.map(({ what }: { what: string }) => what)).toEqual([".docx file"]);
  const kinds = Object.entries(set.odd as Record<string, { name: string }[]>);
  expect(kinds.flatMap(([kind, images]) => images.map(({ name }) => `${kind} ${lastOf(name)}`))).toEqual([
    "blank a/blank.png",
    "dark a/night.png",
    "blurred a/soft.png",
    "odd-size a/large.png",
  ]);
  const groups = (of: { images: { name: string }[] }[]) =>
    of.map(({ images }) => images.map(({ name }) => lastOf(name)));
  expect(groups(found.duplicates)).toEqual([
    ["a/2.png", "a/copy-of-2.png"],
    ["a/0.png", "b/copy-of-0.png"],
    ["b/3.png", "other/3.png"],
  ]);
  expect(groups(found.nearDuplicates)).toEqual([["b/1.png", "b/again-1.png"]]);
  expect(groups(found.collisions)).toEqual([["a/0.png", "b/copy-of-0.png"]]);
  expect(groups(found.across)).toEqual([["b/3.png", "other/3.png"]]);
  expect((await readdir(at("found"))).sort()).toEqual([
    "collisions.png",
    "duplicates.png",
    "findings.csv",
    "info.json",
    "near-duplicates.png",
    "other-oddest.png",
    "other-sample.png",
    "set-blank.png",
    "set-blurred.png",
    "set-dark.png",
    "set-odd-size.png",
    "set-oddest.png",
    "set-sample.png",
  ]);
  const table = await readFile(at("found/findings.csv"), "utf8");
  expect(table).toContain("set,duplicates,1.000,2,b,set/b/copy-of-0.png,");
  expect(table).toContain("set,unreadable,,,,set/a/broken.png,");
});

test("says the same in words, and ends well where nothing of what it shall not find is there", async () => {
  const { code, stdout } = await runOutglow(folder.path, "data", "info", "set", "--fail-on=bright");
  expect(code).toBe(0);
  expect(stdout).toContain("duplicates: 2 pictures in 4 images (equal to the pixel), such as 'set/a/");
  expect(stdout).toMatch(/unreadable\s+1, such as 'set\/a\/broken.png'/);
  expect(stdout).toMatch(/odd\s+blank 1, such as 'set\/a\/blank.png' \(16.0\)/);
});

test("refuses kinds that it does not know, and folders with something in them", async () => {
  const unknown = await runOutglow(folder.path, "data", "info", "set", "--fail-on=dupes");
  expect([unknown.code, unknown.stderr]).toEqual([
    2,
    expect.stringContaining("--fail-on: expected unreadable, duplicates"),
  ]);
  const full = await runOutglow(folder.path, "data", "info", "set", "--out=other");
  expect([full.code, full.stderr]).toEqual([2, expect.stringContaining("--out: expected a new folder")]);
});
