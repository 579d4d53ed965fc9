/** A folder of its own for every test of a file. */
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { makeFolder } from "../src/data/example-files.ts";

/** Gives the path of another folder at every call, none of which is there yet; all are removed after the file's tests. */
export function ownFolders(): () => string {
  let made: Awaited<ReturnType<typeof makeFolder>>;
  let number = 0;
  beforeAll(async () => {
    made = await makeFolder();
  });
  afterAll(() => made.remove());
  return () => join(made.folder, String(number++));
}
