/** Addresses of object stores as locations: what lies there, by what name, and what is told of. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type StoreServer, sendError, startStore } from "../../../test/store-server.ts";
import { greyPng } from "../decoding/example-images.ts";
import { idxFiles } from "../formats/example-arrays.ts";
import type { ImageSource } from "../image-source.ts";
import { loadImages } from "../loading.ts";
import { formatLocation, locateImages, parseNamedLocation, recordedLocation } from "../location.ts";
import { openImages } from "../opening.ts";
import { tarOf } from "./example-archives.ts";

let server: StoreServer;
let png: Buffer;
const specification = { channels: 1, height: 4, width: 4 };

beforeAll(async () => {
  server = await startStore();
  png = await greyPng(4, 4, 50);
});
afterAll(() => server.close());
beforeEach(() => {
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
  server.objects.clear();
  server.misbehave = undefined;
  return () => vi.unstubAllEnvs();
});

const put = (...keys: string[]): void => {
  for (const key of keys) server.objects.set(`bucket/${key}`, png);
};
const namesOf = ({ length, name }: ImageSource): string[] => Array.from({ length }, (_, index) => name(index));

test("keys of all kinds are images by their addresses; what leads out, is hidden or marks a folder is not", async () => {
  const good = ["/abs.png", "a b/+.png", "a b/%41.png", "a/\u00fc.png", "a/\u{1f600}.png", "b#1.png"];
  put(...good.map((key) => `set/${key}`), "set/../evil.png", "set/a/./b.png", "set/.hidden/c.png", "settle/d.png");
  for (const marker of ["set/", "set/a/"]) server.objects.set(`bucket/${marker}`, Buffer.alloc(0));
  for (const location of ["s3://bucket/set", "s3://bucket/set/"]) {
    const source = await openImages(location, "images");
    expect(new Set(namesOf(source))).toEqual(new Set(good.map((key) => `s3://bucket/set/${key}`)));
    expect(source.problems.map(({ name }) => name).sort()).toEqual([
      "s3://bucket/set/../evil.png",
      "s3://bucket/set/a/./b.png",
    ]);
    expect(source.leftOut).toMatchObject([{ kind: "litter", what: "file in hidden folders", count: 1 }]);
    const { count, problems } = await loadImages(source, specification, { strict: false });
    expect([count, problems.length]).toEqual([good.length, 2]);
    expect(source.files?.()).toBeUndefined();
  }
  expect((await openImages("s3://bucket/set/b#1.png#", "images")).length).toBe(1);
  expect((await openImages("s3://bucket/set#limit=2", "images")).length).toBe(2);
  expect((await openImages("s3://bucket/set#class=a b", "images")).length).toBe(2);
});

test("locations are written so that they are read the same", async () => {
  const locations = [
    "s3://bucket",
    "s3://bucket/a b/%23+",
    "s3://bucket/a#limit=3",
    "s3://bucket/a#",
    "s3://bucket/a#limit=3#",
    "s3://bucket/a#b#class=x",
  ];
  for (const location of locations) {
    const read = await locateImages(location, "images");
    const written = await recordedLocation(location, "images");
    expect(await locateImages(written, "images"), location).toEqual(read);
    expect(formatLocation(read)).toBe(written);
  }
  expect(await locateImages("s3://bucket/a#limit=3#", "images")).toEqual({
    path: "s3://bucket/a#limit=3",
    selection: {},
  });
  expect(await parseNamedLocation("odd=s3://bucket/x=1")).toEqual({ name: "odd", location: "s3://bucket/x=1" });
  expect(await parseNamedLocation("s3://bucket/x=1/")).toEqual({ name: "x=1", location: "s3://bucket/x=1/" });
  for (const wrong of ["s3://", "s3://b", "s3://bucket/../x", "s3://me:p4ss@bucket/x"]) {
    await expect(openImages(wrong, "images")).rejects.toThrow(
      /^images: expected an address such as s3:\/\/bucket\/folder\/, got (?!.*p4ss)/,
    );
  }
  await expect(openImages("s3://bucket/a#limt=1", "images")).rejects.toThrow(/did you mean 'limit=\.\.\.'/);
});

test("lists lead to stores, and lists on a store to nothing of this machine", async () => {
  put("set/a.png", "other/b.png");
  const folder = await mkdtemp(join(tmpdir(), "outglow-list-test-"));
  try {
    await writeFile(join(folder, "c.png"), png);
    const lines = ["s3://bucket/set/a.png", "s3://bucket/set/none.png", join(folder, "c.png")];
    await writeFile(join(folder, "list.txt"), lines.join("\n"));
    const local = await loadImages(await openImages(join(folder, "list.txt"), "images"), specification, {
      strict: false,
    });
    expect(local.names).toEqual([lines[0], lines[2]]);
    expect(local.problems).toEqual([{ name: lines[1], reason: "cannot be read: no such object" }]);
    const far = ["../other/b.png", "a.png", join(folder, "c.png"), "../../other/b.png"];
    server.objects.set("bucket/set/list.txt", Buffer.from(far.join("\n")));
    const remote = await loadImages(await openImages("s3://bucket/set/list.txt", "images"), specification, {
      strict: false,
    });
    expect(remote.names).toEqual(["s3://bucket/other/b.png", "s3://bucket/set/a.png"]);
    expect(remote.problems.map(({ reason }) => reason)).toEqual(
      Array(2).fill(expect.stringContaining("a key that cannot be asked for")),
    );
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "");
    await expect(openImages(join(folder, "list.txt"), "images")).rejects.toThrow(
      /^images: expected credentials in the environment/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("archives and data sets lie there as on a disk, what lies beside a file included", async () => {
  for (const [name, content] of Object.entries(idxFiles()))
    server.objects.set(`bucket/digits/${name}`, Buffer.from(content));
  const [images] = Object.keys(idxFiles()).filter((name) => name.includes("images"));
  const alone = await openImages(`s3://bucket/digits/${images}`, "images");
  expect(alone.className(0)).toBeDefined();
  for (const name of ["good", "bad"]) server.objects.set(`bucket/tars/${name}.tar`, await tarOf({ "x/a.png": png }));
  const both = await openImages("s3://bucket/tars", "images");
  expect(namesOf(both)).toEqual(["s3://bucket/tars/bad.tar/x/a.png", "s3://bucket/tars/good.tar/x/a.png"]);
  await expect(openImages("s3://bucket/nothing", "images")).rejects.toThrow(
    "images: expected images, got nothing at 's3://bucket/nothing'",
  );
  await expect(openImages("s3://bucket/*.png", "images")).rejects.toThrow(
    "got nothing that matches 's3://bucket/*.png'",
  );
});

test("a store that stops to answer ends the work; an object that is refused does not", async () => {
  put("set/a.png", "set/b.png");
  const source = await openImages("s3://bucket/set", "images");
  const refuse = (status: number, code: string): void => {
    server.misbehave = ({ key }, response) => {
      if (key !== "set/b.png") return false;
      sendError(response, status, code);
      return true;
    };
  };
  refuse(403, "AccessDenied");
  const { problems } = await loadImages(source, specification, { strict: false });
  expect(problems).toEqual([{ name: "s3://bucket/set/b.png", reason: "cannot be read: not allowed (AccessDenied)" }]);
  refuse(403, "RequestTimeTooSkewed");
  await expect(loadImages(source, specification, { strict: false })).rejects.toThrow(
    /expected a clock that agrees with the store's/,
  );
  server.misbehave = (_, response) => {
    response.end("<html>log in</html>");
    return true;
  };
  await expect(loadImages(source, specification, { strict: false })).rejects.toThrow(/got one without an ETag/);
});
