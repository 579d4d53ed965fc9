/** Tests of lists of images: columns, labels, splits, what is carried through, what is refused. */
import { basename, join } from "node:path";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ownFolders } from "../../../test/own-folders.ts";
import { greyPng } from "../decoding/example-images.ts";
import { propertySeed, writeFiles } from "../example-files.ts";
import type { ImageSource } from "../image-source.ts";
import { loadImages } from "../loading.ts";
import { type OpenOptions, openImages } from "../opening.ts";
import { manifestOfJsonLines, manifestOfPaths, manifestOfTable } from "./manifest.ts";

const nextFolder = ownFolders();
let folder: string;
let png: Buffer;
beforeAll(async () => {
  png = await greyPng(8, 8, 50);
});
beforeEach(async () => {
  folder = nextFolder();
  await writeFiles(folder, { "x/a.png": png, "x/b.png": png, "y/c.png": png });
});

async function open(name: string, text: string, selection = "", options: OpenOptions = {}): Promise<ImageSource> {
  await writeFiles(folder, { [name]: text });
  return openImages(join(folder, name) + selection, "here", options);
}
const list = (source: ImageSource): string[] =>
  Array.from({ length: source.length }, (_, index) =>
    [source.name(index).slice(folder.length + 1), source.className(index), ...(source.columns?.of(index) ?? [])].join(
      " ",
    ),
  );

describe("a list", () => {
  test.each<[string, string]>([
    ["list.csv", 'path,label,camera,note\nx/a.png,good,3,"a, b"\ny/c.png,bad,-4,\n'],
    [
      "list.csv",
      "\ufeffnote;File;CLASS;camera\r\na, b;x/a.png;good;3\r\n;y/c.png;bad;-4\r\n"
        .replace("note;File;CLASS;camera", "File;CLASS;camera;note")
        .replace("a, b;x/a.png;good;3", "x/a.png;good;3;a, b")
        .replace(";y/c.png;bad;-4", "y/c.png;bad;-4;"),
    ],
    ["list.tsv", "path\tlabel\tcamera\tnote\nx/a.png\tgood\t3\ta, b\ny/c.png\tbad\t-4\t\n"],
    [
      "list.jsonl",
      '{"path":"x/a.png","label":"good","camera":3,"note":"a, b"}\n\n{"path":"y/c.png","label":"bad","camera":-4}\n',
    ],
  ])("%s has labels as classes and carries the other columns through", async (name, text) => {
    const source = await open(name, text);
    expect([source.format, source.columns?.names]).toEqual(["images", ["camera", "note"]]);
    expect(list(source)).toEqual(["x/a.png good 3 a, b", "y/c.png bad -4 "]);
    expect((await loadImages(source, { channels: 1, height: 8, width: 8 }, { strict: true })).count).toBe(2);
    expect(list(await open(name, text, "#class=bad"))).toEqual(["y/c.png bad -4 "]);
  });

  test("of paths has folders as classes, and may lead anywhere", async () => {
    const text = `x/a.png\n# a remark\n\n../${basename(folder)}/x/b.png\r\n${join(folder, "y/c.png")}\nz/gone.png\n`;
    const source = await open("list.txt", text);
    expect(list(source)).toEqual(["x/a.png x", "x/b.png x", "y/c.png y", "z/gone.png z"]);
    const { count, problems } = await loadImages(source, { channels: 1, height: 8, width: 8 }, { strict: false });
    expect([count, problems[0]!.reason]).toEqual([3, expect.stringMatching(/^cannot be read: ENOENT/)]);
    expect(list(await open("one.csv", "x/a.png\nx/b.png\n"))).toEqual(["x/a.png x", "x/b.png x"]);
  });

  test("with splits is taken by its sides, as MVTec's folders are", async () => {
    const text = "path,label,split\nx/a.png,good,train\nx/b.png,good,test\ny/c.png,dent,test\n";
    for (const [use, taken] of [
      ["training", ["x/a.png good"]],
      ["comparison", ["x/b.png good"]],
      ["anomalies", ["y/c.png dent"]],
    ] as const) {
      expect(list(await open("list.csv", text, "", { use }))).toEqual(taken);
    }
    expect(list(await open("list.csv", text, "#split=test"))).toEqual(["x/b.png good", "y/c.png dent"]);
  });

  test("beside images is none of them, and several lists are one", async () => {
    await writeFiles(folder, { "one.csv": "path,a\nx/a.png,1\n", "two.csv": "path,b,a\ny/c.png,2,3\n" });
    const source = await openImages(folder, "here");
    expect([source.length, source.leftOut.map(({ kind, what }) => `${kind} ${what}`)]).toEqual([
      3,
      ["other .csv file"],
    ]);
    const joined = await openImages([join(folder, "one.csv"), join(folder, "two.csv"), join(folder, "x")], "here");
    expect([joined.columns?.names, list(joined)]).toEqual([
      ["a", "b"],
      ["x/a.png x 1 ", "y/c.png y 3 2", "x/a.png   ", "x/b.png   "],
    ]);
  });
});

test.each<[string, string, string]>([
  ["a.csv", "name,label\nx/a.png,good\n", "which holds columns 'name', 'label', of which none is 'path'"],
  ["a.csv", "path,label\n,good\n", "which holds no path in row 1"],
  ["a.csv", "path,a,a\nx.png,1,2\n", "which holds two columns 'a'"],
  ["a.csv", 'path,label\n"x.png', "which holds a damaged table (Quote Not Closed"],
  ["a.csv", "path,label\n", "which holds a list without rows"],
  ["a.csv", "", "which holds an empty list"],
  ["a.jsonl", '{"path":"x.png"}\n[1]\n', "which holds no JSON object in line 2"],
  ["a.jsonl", "", "which holds an empty list"],
  ["a.txt", "some words\nx/a.png\n", "which holds a text that is no list of paths; a list holds"],
])("%s of %j is refused", async (name, text, message) => {
  await expect(open(name, text)).rejects.toThrow(message);
});

test(`any table is read or refused (seed ${propertySeed})`, () => {
  const cell = fc.oneof(fc.constantFrom("path", "label", "split", "a.png", ""), fc.string({ maxLength: 6 }));
  const table = fc.array(fc.array(cell, { maxLength: 4 }), { maxLength: 4 });
  const check = (found: ReturnType<typeof manifestOfTable>): void => {
    if ("reason" in found) expect(found.reason).not.toBe("");
    else
      for (const row of found.rows) expect([row.path !== "", row.others.length]).toEqual([true, found.columns.length]);
  };
  const property = fc.property(table, fc.array(fc.string(), { maxLength: 3 }), (rows, lines) => {
    check(manifestOfTable(rows));
    check(manifestOfPaths(lines));
    check(
      manifestOfJsonLines([...lines, ...rows.map((row) => JSON.stringify({ path: row[0], x: row[1] }))].join("\n")),
    );
  });
  fc.assert(property, { seed: propertySeed, numRuns: 200 });
});
