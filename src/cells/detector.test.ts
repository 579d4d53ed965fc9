/** A cell detector: trained twice the same, stopped and gone on with, kept and read, and what is damaged is refused. */
import { beforeAll, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { type FaultRecord, faultSettingsSchema, unseenOf } from "../faults/index.ts";
import { makeParts } from "../made/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { type BegunCells, readBegunCells, writeBegunCells } from "./begun-training.ts";
import { type CellDetector, readCellDetector, writeCellFlows } from "./record.ts";
import { cellScorerOn } from "./scoring.ts";
import { cellSettingsSchema } from "./settings.ts";
import { trainCellDetector } from "./training.ts";

const side = 64;
const { pixels, names } = makeParts({ kind: "good", count: 8, side, key: randomKey("cells") });
const imageAt = (index: number): RawImage => ({
  kind: "raw",
  pixels: pixels.subarray(index * side * side, (index + 1) * side * side),
  channels: 1,
  height: side,
  width: side,
});
const images = { names, read: async (index: number) => imageAt(index) };
const fold = (leftOut: string[]) => ({ levels: [{ level: 64, mean: 0, deviation: 1 }], scores: [1, 2], leftOut });
const faults: FaultRecord = {
  settings: faultSettingsSchema.parse({ levels: [64], folds: 4 }),
  channels: 1,
  pixelScale: { means: [128], deviations: [40] },
  images: 8,
  groups: 8,
  folds: [fold(["cutPaste"]), fold(["scar"]), fold(["texture"]), fold(["filter"])],
  foldOf: [0, 1, 2, 3, 0, 1, 2, 3],
};
const settings = cellSettingsSchema.parse({ plainSteps: 2, steps: 3, crops: 2, depth: 1, hidden: 2 });

let begun: Omit<BegunCells, "seconds"> | undefined;
let detector: CellDetector;
beforeAll(async () => {
  detector = await trainCellDetector(images, faults, settings, {
    onFlows: async (finished) => {
      begun ??= finished;
    },
  });
});

test("pairs of flows stand for several folds of the networks, and leave out the kinds that these leave out", () => {
  const { record, flows } = detector;
  expect(flows).toHaveLength(2);
  expect(record.foldOf).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
  expect(record.folds.map(({ leftOut }) => leftOut)).toEqual([
    ["cutPaste", "scar"],
    ["texture", "filter"],
  ]);
  expect(record.folds.map(({ scores }) => scores.length)).toEqual([4, 4]);
  expect(unseenOf(record, 2)?.fold).toBe(1);
  const [first] = flows;
  expect(first!.plain.trainable).not.toEqual(first!.outlier.trainable);
});

test("stopped after a pair and gone on with, it is the same bit for bit", async () => {
  const kept = readBegunCells(writeBegunCells({ ...begun!, seconds: 1 }), "kept");
  const trained: number[] = [];
  const again = await trainCellDetector(images, faults, settings, {
    begun: kept,
    onEvent: (event) => {
      if (event.kind === "resumed") trained.push(-event.pairs);
      if (event.kind === "step") trained.push(event.fold);
    },
  });
  expect(trained).toEqual([-1, 1, 1, 1, 1, 1]);
  expect(writeCellFlows(again)).toEqual(writeCellFlows(detector));
  expect(again.record).toEqual(detector.record);
});

test("a training of other settings is begun anew", async () => {
  const events: number[] = [];
  const aborted = new AbortController();
  const other = trainCellDetector(
    images,
    faults,
    { ...settings, seed: 1 },
    {
      begun: { ...begun!, seconds: 1 },
      signal: aborted.signal,
      onEvent: (event) => {
        if (event.kind !== "resumed") return;
        events.push(event.pairs);
        aborted.abort();
      },
    },
  );
  await expect(other).rejects.toThrow();
  expect(events).toEqual([0]);
});

test("read from its file it scores the same; without a tensor it is refused", async () => {
  const file = writeCellFlows(detector);
  const read = readCellDetector(detector.record, file, "cells");
  const scores: number[] = [];
  for (const one of [detector, read]) {
    const scorer = cellScorerOn(nodeEngine({ threads: 1 }), one);
    const { score, foldScores, map } = await scorer.score(imageAt(0));
    expect([map.rows, map.columns, foldScores.length]).toEqual([8, 8, 2]);
    // An image that a pair did not see has the score that calibration gave it.
    const { score: own } = await scorer.scoreByFold(imageAt(0), 0);
    expect(detector.record.folds[0]!.scores.some((known) => Math.abs(known - own) < 1e-4)).toBe(true);
    scores.push(score);
    await scorer.dispose();
  }
  expect(scores[1]).toBe(scores[0]);
  const larger = { ...detector.record, settings: { ...detector.record.settings, depth: 2 } };
  expect(() => readCellDetector(larger, file, "cells")).toThrow(/expected a tensor 'fold0\.plain\.scale0\.step1/);
});
