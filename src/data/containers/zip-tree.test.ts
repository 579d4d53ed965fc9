/** Tests of zip archives: random access, links, names, lies about sizes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError } from "../../base/index.ts";
import { greyPng } from "../decoding/example-images.ts";
import { makeFolder, propertySeed, writeFiles } from "../example-files.ts";
import type { FileTree } from "../image-source.ts";
import { defaultLimits, type SourceLimits } from "../limits.ts";
import { loadImages } from "../loading.ts";
import { openImages } from "../opening.ts";
import { type ZipContent, zipOf } from "./example-archives.ts";
import { zipContainer } from "./zip-tree.ts";

let folder: string;
let remove: () => Promise<void>;
let png: Buffer;
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  png = await greyPng(8, 8, 50);
});
afterAll(() => remove());

const concerns = (path: string): boolean => path.endsWith(".png");
async function open(bytes: Uint8Array, limits: Partial<SourceLimits> = {}): Promise<FileTree> {
  const path = join(folder, "a.zip");
  await writeFile(path, bytes);
  return zipContainer.open(path, { subject: "here", limits: { ...defaultLimits, ...limits }, concerns });
}
const text = async ({ files }: FileTree, path: string): Promise<string> =>
  Buffer.from(await files.find((file) => file.path === path)!.read()).toString();
const reasonOf = (content: ZipContent, limits: Partial<SourceLimits> = {}): Promise<string> =>
  open(zipOf({ "a.png": content }), limits)
    .then((tree) => text(tree, "a.png"))
    .catch((error: Error) => error.message);

test(`what is written is read again, packed or not, with zip64, a comment and data before it (seed ${propertySeed})`, async () => {
  const name = fc.stringMatching(/^[a-zäß0-9]{1,60}(\/[a-z0-9 ]{1,70}){0,3}$/);
  const content = fc.record({ content: fc.uint8Array({ maxLength: 1500 }), method: fc.constantFrom(0, 8) });
  const files = fc.dictionary(name, content, { maxKeys: 5, noNullPrototype: true });
  const options = fc.record({
    zip64: fc.boolean(),
    prefix: fc.uint8Array({ maxLength: 90 }),
    comment: fc.string({ unit: "grapheme-ascii", maxLength: 30 }),
  });
  const property = fc.asyncProperty(files, options, async (contents, how) => {
    const tree = await open(zipOf(contents, how));
    expect(tree.files.map((file) => file.path)).toEqual(Object.keys(contents).sort());
    for (const { path, size, read, readAt } of tree.files) {
      const wanted = contents[path]!;
      expect(await size()).toBe(wanted.content.length);
      expect(Buffer.compare(await read(), wanted.content)).toBe(0);
      expect(readAt === undefined).toBe(wanted.method === 8);
      if (readAt && wanted.content.length > 2) {
        expect(Buffer.compare(await readAt(1, 2), wanted.content.subarray(1, 3))).toBe(0);
        await expect(readAt(1, wanted.content.length)).rejects.toThrow("it ends early");
      }
    }
  });
  await fc.assert(property, { seed: propertySeed, numRuns: 40 });
});

test("it is read like a folder, from a folder that holds nothing else too", async () => {
  await writeFiles(folder, {
    "boxed/set.zip": zipOf({
      "set/x/1.png": png,
      "set/y/2.png": png,
      "set/notes.txt": "",
      "__MACOSX/1.png": png,
      "set/": "",
    }),
  });
  const source = await openImages(join(folder, "boxed"), "here");
  expect([0, 1].map((index) => [source.name(index).slice(folder.length), source.className(index)])).toEqual([
    ["/boxed/set.zip/set/x/1.png", "x"],
    ["/boxed/set.zip/set/y/2.png", "y"],
  ]);
  const { count } = await loadImages(source, { channels: 1, height: 8, width: 8 }, { strict: true });
  expect(count).toBe(2);
  expect(source.leftOut.map(({ what }) => what).sort()).toEqual([".txt file", "file in __MACOSX"]);
});

test("names that lead out, absolute names and links stay inside", async () => {
  const link = (content: string): ZipContent => ({ content, mode: 0o120777 });
  const tree = await open(
    zipOf({
      "x/a.png": "a",
      "../b.png": "b",
      "/etc/c.png": "c",
      "back\\slash\\d.png": "d",
      "x/e.png": link("a.png"),
      "x/f.png": link("../../f.png"),
      "x/g.png": link("/etc/passwd.png"),
      "x/h.png": { content: "", mode: 0o020644 },
      "x/i.png": link("i.png"),
      "z.txt": link("x/a.png"),
    }),
  );
  expect(tree.files.map(({ path }) => path)).toEqual(["back/slash/d.png", "etc/c.png", "x/a.png", "x/e.png"]);
  expect(await text(tree, "x/e.png")).toBe("a");
  expect(tree.problems.map(({ name, reason }) => `${name.slice(folder.length + 7)}: ${reason}`).sort()).toEqual([
    "../b.png: its name leads out of its folder by '..'",
    "x/f.png: the link leads to nothing in the archive",
    "x/g.png: the link leads to nothing in the archive",
    "x/h.png: it is stored in a way that is not read",
    "x/i.png: the link leads to nothing in the archive",
    "z.txt: the link leads to nothing in the archive",
  ]);
});

describe("a member", () => {
  const zeros = new Uint8Array(1 << 20);
  test.each<[string, ZipContent, Partial<SourceLimits>]>([
    ["it is encrypted", { content: "x", flags: 1 }, {}],
    ["it is compressed by method 93, which is not read", { content: "x", method: 93 }, {}],
    ["it is damaged (it cannot be unpacked)", { content: zeros, toldSize: 1000 }, {}],
    ["it is damaged (its checksum is another)", { content: "abc", toldSize: 4 }, {}],
    ["it would unpack to more than 100 times its size", { content: zeros, toldSize: 2 ** 30 }, {}],
    ["file is 1.0 MB, more than limits.fileBytes of 0.0 MB", { content: zeros }, { fileBytes: 5000 }],
  ])("is refused: %s", async (reason, content, limits) => {
    expect(await reasonOf(content, limits)).toBe(reason);
  });
});

describe("an archive", () => {
  const whole = zipOf({ "a.png": "abc", "b.png": "d" });
  const with32 = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(whole);
    bytes.writeUInt32LE(value, at < 0 ? bytes.length + at : at);
    return bytes;
  };
  const second = whole.lastIndexOf("PK\u0001\u0002");
  const far = zipOf({ "a.png": "abc" }, { zip64: true });
  far.fill(0xff, far.length - 22 - 12, far.length - 22 - 4);

  test.each<[string, Uint8Array]>([
    ["it is empty", Buffer.alloc(0)],
    ["it is cut off", whole.subarray(0, -1)],
    ["it has no directory", Buffer.from("this is text, not an archive")],
    ["its directory is cut off", with32(-10, 0x7fffffff)],
    ["its directory is invalid", with32(-14, 0xffff0000)],
    ["a member lies outside of it", with32(second + 20, 0x7fffffff)],
    ["its directory is invalid", far],
  ])("is refused: %s", async (reason, bytes) => {
    const error = await open(bytes).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain(
      `expected a zip archive, got a damaged one in '${join(folder, "a.zip")}' (${reason})`,
    );
  });

  test("whose members share bytes is refused, and one with too many", async () => {
    const bytes = zipOf(
      Object.fromEntries(
        Array.from({ length: 40 }, (_, index) => [`${index}.png`, { content: "x".repeat(500), method: 0 }]),
      ),
    );
    for (let at = bytes.indexOf("PK\u0001\u0002"); at >= 0; at = bytes.indexOf("PK\u0001\u0002", at + 1)) {
      bytes.writeUInt32LE(15_000, at + 20);
      bytes.writeUInt32LE(0, at + 42);
    }
    await expect(open(bytes)).rejects.toThrow("its members lie over each other");
    await expect(open(whole, { files: 1 })).rejects.toThrow("expected an archive of at most 1");
  });
});
