/** What is read piece by piece, folders and lists, is what is read as a whole. */
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder, propertySeed, writeFiles } from "./example-files.ts";
import { listInPieces } from "./formats/list-pieces.ts";
import { openLargeFolder } from "./large-folders.ts";
import { openImages } from "./opening.ts";

let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
});
afterAll(() => remove());

async function all<T>(pieces: AsyncIterable<readonly T[]>, size: number): Promise<T[]> {
  const found: T[] = [];
  for await (const piece of pieces) {
    expect(piece.length).toBeLessThanOrEqual(size);
    found.push(...piece);
  }
  return found;
}

test(`a folder's images come in the order of all of them (seed ${propertySeed})`, async () => {
  const name = fc.constantFrom("a", "a-b", "a.b", "b", "B", "\u00e4", "ground_truth", ".hidden", "Thumbs.db");
  const file = fc
    .tuple(fc.array(name, { maxLength: 3 }), name, fc.constantFrom(".png", ".jpg", ".txt", "0.png"))
    .map(([folders, last, ending]) => [...folders.map((one) => `${one}/`), last + ending].join(""));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(file, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (files, size) => {
        const place = join(folder, `run${run++}`);
        await writeFiles(place, Object.fromEntries(["0.png", ...files].map((path) => [path, "x"])));
        const large = (await openLargeFolder(place, "images", 1))!;
        const source = await openImages(place, "images");
        const names = Array.from({ length: source.length }, (_, index) => source.name(index));
        expect(await all(large.pieces(size), size)).toEqual(names);
      },
    ),
    { seed: propertySeed, numRuns: 25 },
  );
});

test("links come last, and other data and small folders are for whoever holds them whole", async () => {
  const place = join(folder, "links");
  await writeFiles(join(folder, "elsewhere"), { "x.png": "x" });
  await writeFiles(place, { "b/1.png": "x", "c.png": "x" });
  await symlink(join(folder, "elsewhere"), join(place, "a"));
  await symlink(place, join(place, "b", "round"));
  await symlink(join(place, "nothing.png"), join(place, "lost.png"));
  const large = (await openLargeFolder(place, "images", 4))!;
  expect((await all(large.pieces(10), 10)).map((path) => path.slice(place.length + 1))).toEqual([
    "b/1.png",
    "c.png",
    "lost.png",
    "a/x.png",
  ]);
  expect(await openLargeFolder(place, "images", 5)).toBeUndefined();
  await writeFiles(join(folder, "digits"), { "train-images-idx3-ubyte": "x", "a.png": "x" });
  expect(await openLargeFolder(join(folder, "digits"), "images", 1)).toBeUndefined();
  expect(await openLargeFolder(join(place, "c.png"), "images", 1)).toBeUndefined();
  expect(await openLargeFolder(join(folder, "not-there"), "images", 1)).toBeUndefined();
});

test(`a list's images are those of the whole list, whatever it looks like (seed ${propertySeed})`, async () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "b", " ", ",", ";", '"', "\n", "\u00e4"),
    minLength: 1,
    maxLength: 5,
  });
  const cell = (value: string): string => `"${value.replaceAll('"', '""')}"`;
  const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }), text), { minLength: 1, maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(
      rows,
      fc.constantFrom(",", ";", "\t"),
      fc.integer({ min: 1, max: 4 }),
      async (given, sign, size) => {
        const table = [["label", "path", "note"], ...given.map(([image, note]) => ["x", `${image}.png`, cell(note)])];
        await writeFile(join(folder, "list.csv"), `\ufeff${table.map((row) => row.join(sign)).join("\r\n")}`);
        await writeFile(join(folder, "list.txt"), given.map(([image]) => `${image}.png`).join("\n"));
        await writeFile(join(folder, "bare.csv"), given.map(([image]) => `${image}.png`).join("\n"));
        for (const name of ["list.csv", "list.txt", "bare.csv"]) {
          const list = join(folder, name);
          const source = await openImages(list, "images");
          const pieces = await all(listInPieces(list, size, "images"), size);
          expect(pieces.map(({ path }) => path)).toEqual(given.map((_, index) => source.name(index)));
          if (name !== "list.csv") continue;
          expect(pieces.map(({ note }) => note)).toEqual(given.map((_, index) => source.columns!.of(index)[0]));
          expect(pieces.every(({ label }) => label === "x")).toBe(true);
        }
      },
    ),
    { seed: propertySeed, numRuns: 25 },
  );
});

test("what is no list is refused in time", async () => {
  const wrong: readonly [string, string | Uint8Array, RegExp][] = [
    ["a.csv", "name,size\na,1\n", /columns 'name', 'size', of which none is 'path'/],
    ["b.csv", 'path,a\n1.png,"open', /a damaged table/],
    ["c.csv", new Uint8Array([0x70, 0x61, 0x74, 0x68, 10, 0xff, 0xfe]), /a text that is no UTF-8/],
    ["d.txt", new Uint8Array([0x61, 0xff]), /a text that is no UTF-8/],
    ["e.txt", "x".repeat(2 ** 21), /a line of more than/],
    ["f.jsonl", '{"path":"1.png"}\nno\n', /no JSON object/],
  ];
  for (const [name, content, message] of wrong) {
    await writeFile(join(folder, name), content);
    await expect(all(listInPieces(join(folder, name), 10, "images"), 10), name).rejects.toThrow(message);
  }
});
