/** The cache of prepared images and processes: one that is killed leaves nothing that is believed, two at once are both right; and what a command does with it. */
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadImages, openImages } from "../src/data/index.ts";
import { type Outcome, runScript, startOutglow, temporaryFolder, writeMadeImages } from "./command.ts";

const preload = pathToFileURL(fileURLToPath(new URL("kill-point.mjs", import.meta.url))).href;
const form = { channels: 1, height: 16, width: 16 };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeMadeImages(at("images"), "normal", 60);
});

afterAll(() => folder.dispose());

/** Loads the images by the cache in a process of its own, a minute later, which says what it was told and what it has. */
function load(killAt: number): Promise<Outcome> {
  const script = `
    Object.assign(process.env, { KILL_AT: "${killAt}", KILL_IN: "cache", KILL_LOG: "" });
    await import(${JSON.stringify(preload)});
    const { loadImages, openImages } = await import("outglow/data");
    const now = Date.now;
    Date.now = () => now() + 60_000;
    const notes = [];
    const cache = { folder: process.argv[2], limit: 1e9, version: "1", leastSeconds: 0, onNote: (text) => notes.push(text) };
    const images = await loadImages(await openImages(process.argv[1], "images"), ${JSON.stringify(form)}, { strict: true, cache });
    console.log(JSON.stringify({ fingerprint: images.fingerprint, notes }));`;
  return runScript(script, [at("images"), at("cache")]);
}

test("a process that is killed while it writes, then two at once, then one more", async () => {
  const { fingerprint } = await loadImages(await openImages(at("images"), "images"), form, { strict: true });
  // Right before a finished file gets its name: the folder is made, the file begun and renamed.
  expect((await load(3)).signal).toBe("SIGKILL");
  const [left, ...others] = await readdir(at("cache"));
  expect([left, others]).toEqual([expect.stringMatching(/\.tmp$/), []]);
  const both = await Promise.all([load(0), load(0)]);
  for (const { code, stdout, stderr } of both) {
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).fingerprint).toBe(fingerprint);
  }
  expect(await readdir(at("cache"))).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.images$/)]);
  const last = JSON.parse((await load(0)).stdout);
  expect(last).toEqual({ fingerprint, notes: [`${at("images")}: 60 prepared images from the cache`] });
});

test("outglow data cache says what is kept and takes it away", async () => {
  const [entry] = await readdir(at("cache"));
  await utimes(at("cache", entry!), 1e9, 1e9);
  const run = (...args: string[]) =>
    startOutglow(folder.path, ["data", "cache", ...args], { environment: { OUTGLOW_CACHE: "cache" } }).outcome;
  const { stdout } = await run();
  expect(stdout.split("\n")).toEqual([
    `  0.0 MB  2001-09-09T01:46Z  ${at("images")}: 60 images, 1x16x16`,
    `${at("cache")}: 1 set of prepared images, 0.0 MB`,
    "",
  ]);
  const cleared = JSON.parse((await run("--clear", "--json")).stdout);
  expect(cleared).toMatchObject({ folder: at("cache"), cleared: true, files: [{ path: at("cache", entry!) }] });
  expect(await readdir(at("cache"))).toEqual([]);
});
