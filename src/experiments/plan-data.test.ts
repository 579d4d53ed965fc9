/** How many images of a test set a reproduction takes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { openImages, writeImages } from "../data/index.ts";
import { makeImages } from "../made/index.ts";
import { limitTests } from "./plan-data.ts";

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "outglow-plan-"));
  const specification = { channels: 1, height: 12, width: 12 };
  await writeImages(
    makeImages({ kind: "stars", count: 9, specification, key: randomKey("plan") }),
    specification,
    root,
  );
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** The test set's location and the number of all test images, where the only anomalous set is one built-in image. */
async function limited(test: string, most: number, isAsked: boolean): Promise<[string, number]> {
  const one = "builtin#limit=1";
  const data = { normal: "n", test, anomalous: [{ name: "one", location: one }], general: "g" };
  const found = await limitTests(data, { most, isAsked });
  expect(found.data).toMatchObject({ normal: "n", general: "g", anomalous: [{ name: "one", location: one }] });
  expect((await openImages(found.data.test, "test")).length).toBe(found.test - 1);
  return [found.data.test, found.test];
}

test("a set that is small enough stays as it is", async () => {
  expect(await limited(root, 9, true)).toEqual([root, 10]);
});

test("a larger one is cut at random, always to the same images", async () => {
  expect(await limited(root, 4, false)).toEqual([`${root}#limit=4,seed=0`, 5]);
});

test("a limit in the location goes before the usual one, and gives way to one that is asked for", async () => {
  expect(await limited(`${root}#limit=6`, 4, false)).toEqual([`${root}#limit=6`, 7]);
  expect(await limited(`${root}#limit=6`, 4, true)).toEqual([`${root}#limit=4`, 5]);
});

test("built-in images are limited too, and keep the seed that they are drawn from", async () => {
  expect(await limited("builtin", 5, false)).toEqual(["builtin#limit=5,seed=0", 6]);
  expect(await limited("builtin#seed=3", 5, true)).toEqual(["builtin#limit=5,seed=3", 6]);
});
