/** Folders of processes that live, that were killed, and of other machines. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, realpath, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { machineName, ownMark } from "./process-mark.ts";
import { openTemporaryFolder, type TemporaryFolder } from "./temporary-folders.ts";

let place: string;
const opened: TemporaryFolder[] = [];

beforeEach(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), "outglow-test-")));
  vi.stubEnv("TMPDIR", place);
});

afterEach(async () => {
  for (const folder of opened.splice(0)) await folder.close();
  vi.unstubAllEnvs();
  await rm(place, { recursive: true });
});

async function open(beat?: number): Promise<TemporaryFolder> {
  const folder = await openTemporaryFolder("some", beat);
  opened.push(folder);
  return folder;
}

/** A folder with a file, as a process of this machine or another would leave it. */
async function leave(machine: string, pid: number, start: string, name = "some"): Promise<string> {
  const path = join(place, `${name}.${machine}-${pid}-${start}-0123456789ab.tmp`);
  await mkdir(path);
  await writeFile(join(path, "file"), "x");
  return path;
}

const here = machineName(ownMark());
const elsewhere = here === "00000000" ? "00000001" : "00000000";
/** No system gives such a number. */
const nobody = 2 ** 30;

test("a folder is only this user's, and goes when it is closed", async () => {
  const folder = await open();
  await writeFile(join(folder.path, "file"), "x");
  expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
  await folder.close();
  expect(await readdir(place)).toEqual([]);
});

test("what a process that has ended left is removed, nothing else", async () => {
  const dead = await leave(here, nobody, "1");
  const kept = [
    await leave(here, process.pid, ownMark().start ?? ""),
    await leave(elsewhere, nobody, "1"),
    await leave(here, nobody, "1", "other"),
    await leave(here, nobody, "1", "some-other"),
  ];
  const foreign = join(place, "some.thing");
  await mkdir(foreign);
  const folder = await open();
  expect(existsSync(dead)).toBe(false);
  for (const path of [...kept, foreign, folder.path]) expect(existsSync(path), path).toBe(true);
});

test("a folder of another machine is removed once nobody touches it any more, whatever the clock says", async () => {
  const abandoned = await leave(elsewhere, 1, "1");
  const kept = await leave(elsewhere, 2, "2");
  const future = new Date("2300-01-01");
  await utimes(abandoned, future, future);
  await open(2);
  let touches = 0;
  while (existsSync(abandoned)) {
    touches++;
    await utimes(kept, touches, touches);
  }
  expect(touches).toBeGreaterThan(1);
  expect(existsSync(kept)).toBe(true);
});

test("a folder is touched as long as its process lives", async () => {
  const folder = await open(2);
  await utimes(folder.path, 1, 1);
  while ((await stat(folder.path)).mtimeMs === 1000) await new Promise(setImmediate);
  expect((await stat(folder.path)).mtimeMs).toBeGreaterThan(1000);
});
