/** Tests of files that are written bit by bit: nothing is seen of them before they are complete. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RunError } from "../base/index.ts";
import { makeFolder } from "./example-files.ts";
import { openAtomicFile, writeFileAtomic } from "./file-writing.ts";

let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
});
afterEach(() => remove());

test("lines are there once the file is committed", async () => {
  const path = join(folder, "table.csv");
  await writeFileAtomic(path, "old");
  const file = await openAtomicFile(path);
  await file.write("a\nb");
  await file.write("c");
  expect(await readFile(path, "utf8")).toBe("old");
  await file.commit();
  await file.discard();
  expect(await readFile(path, "utf8")).toBe("a\nb\nc\n");
  expect(await readdir(folder)).toEqual(["table.csv"]);
});

test("a discarded file leaves nothing", async () => {
  const file = await openAtomicFile(join(folder, "table.csv"));
  await file.write("a");
  await file.discard();
  expect(await readdir(folder)).toEqual([]);
});

test("a folder that is not there is an error", async () => {
  await expect(openAtomicFile(join(folder, "none", "table.csv"))).rejects.toThrow(RunError);
});
