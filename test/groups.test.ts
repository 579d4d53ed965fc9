/** Photographs of one thing: they stay on one side of the split of the flows, by likeness in small sets or by name, and small images as they always were. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { writeImages } from "../src/data/index.ts";
import { makeParts } from "../src/made/index.ts";
import { type RunRecord, runFolder, splitRun } from "../src/train/index.ts";
import { prepareTraining, type TrainRequest, train, type WorkflowEvent } from "../src/workflow/index.ts";
import { temporaryFolder } from "./command.ts";

const side = 64;
const things = 12;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);

const request = (more: Partial<TrainRequest>): TrainRequest => ({
  normal: at("twice"),
  out: at("detector"),
  ...{ steps: 1, size: 8, scales: 1, depth: 1, width: 8, threads: 1, heldOut: 0.25 },
  ...more,
});

/** Every part photographed twice, the second time a little lighter. */
beforeAll(async () => {
  folder = await temporaryFolder();
  const { pixels } = makeParts({ kind: "good", count: things, side, key: randomKey("groups") });
  const lighter = pixels.map((value) => Math.min(255, value + 6));
  const names = Array.from({ length: things }, (_, index) => `part${index}`);
  const shape = { channels: 1, height: side, width: side };
  await writeImages({ pixels, names: names.map((name) => `${name}-a`) }, shape, at("twice"));
  await writeImages({ pixels: lighter, names: names.map((name) => `${name}-b`) }, shape, at("twice"));
  const small = { channels: 1, height: 32, width: 32 };
  await writeImages({ pixels: pixels.slice(0, 12 * 1024), names }, small, at("small"));
});
afterAll(() => folder.dispose());

async function planOf(more: Partial<TrainRequest>) {
  const texts: string[] = [];
  const onEvent = (event: WorkflowEvent) => void ("text" in event && texts.push(event.text));
  const { images, record } = await prepareTraining(request(more), { onEvent });
  return { texts, record, groups: images.groups, split: splitRun(images, record.configuration).normal };
}

const pairsHeld = (heldOut: Uint32Array, groups: ArrayLike<number>): number =>
  heldOut.length - new Set(heldOut.map((image) => groups[image]!)).size;

test("that are alike stay on one side, and it is said how many things there are", async () => {
  const { texts, groups, split, record } = await planOf({});
  expect(texts).toContain(`24 images of ${things} different things, which stay together in every split`);
  expect(split.heldOut).toHaveLength(6);
  expect(pairsHeld(split.heldOut, groups!)).toBe(3);
  expect(record.groups).toEqual(Array.from(groups!));
});

test("whose names say so, too", async () => {
  const { groups } = await planOf({ group: "part(\\d)" });
  // part1, part10 and part11 have one name by this pattern.
  expect(new Set(Array.from(groups!)).size).toBe(10);
});

test("too small to tell are split as ever, without a word", async () => {
  const { texts, groups, record } = await planOf({ normal: at("small") });
  expect([groups, record.groups]).toEqual([undefined, null]);
  expect(texts.join()).not.toContain("different things");
});

test("are left out of calibration together, remembered by the detector and by the run", async () => {
  const result = await train(request({}));
  expect(result).toMatchObject({ outcome: "finished", manifest: { things, calibration: { count: 6 } } });
  const record = JSON.parse(await readFile(join(runFolder(at("detector")), "config.json"), "utf8")) as RunRecord;
  expect(record.groups).toHaveLength(24);
  const again = await prepareTraining({ out: at("detector"), resume: true });
  expect(again.images.groups).toEqual(record.groups);
});
