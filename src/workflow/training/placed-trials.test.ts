/** Which kinds of faults are new to everything that looks at an image, networks and flows of cells with fewer folds than these. */
import { expect, test } from "vitest";
import { cellSettingsSchema } from "../../cells/index.ts";
import { faultKinds, faultSettingsSchema, kindsLeftOut } from "../../faults/index.ts";
import { openPlacedTrials } from "./placed-trials.ts";

const levels = [{ level: 64, mean: 0, deviation: 1 }];
const common = { channels: 1 as const, pixelScale: { means: [0], deviations: [1] }, images: 5 };
const folds = [0, 1, 2, 3, 4].map((fold) => ({ levels, scores: [1], leftOut: kindsLeftOut(faultKinds, fold, 5) }));
const faults = {
  sheet: new Uint8Array(),
  detector: {
    record: { ...common, settings: faultSettingsSchema.parse({}), groups: 5, folds, foldOf: [0, 1, 2, 3, 4] },
    networks: [],
  },
};
const leftOut = (own: readonly number[]) => own.flatMap((fold) => folds[fold]!.leftOut);
const { aspect, small, kinds } = faultSettingsSchema.parse({});
const cells = {
  record: {
    ...common,
    settings: { ...cellSettingsSchema.parse({}), levels: [64], aspect, small, kinds },
    folds: [
      { levels, scores: [1], leftOut: leftOut([0, 1, 2]) },
      { levels, scores: [1], leftOut: leftOut([3, 4]) },
    ],
    foldOf: [0, 0, 0, 1, 1],
  },
  flows: [],
};

test("an image of the training is tried on what its network left out, which its flows left out, too", async () => {
  const trials = openPlacedTrials({ trained: [10, 11, 12, 13, 14], faults, cells }, [10, 12, 14], 1);
  expect([0, 1, 2].map((position) => trials.kindsOn(position))).toEqual([0, 2, 4].map((fold) => folds[fold]!.leftOut));
  await trials.dispose();
});

test("any other image on what some network and some flows left out", async () => {
  const trials = openPlacedTrials({ trained: [10, 11, 12, 13, 14], faults, cells }, [3], 1);
  expect(trials.kindsOn(0)).toEqual(faultKinds.filter((kind) => leftOut([0, 1, 2, 3, 4]).includes(kind)));
  expect(trials.kindsOn(0)).toHaveLength(5);
  await trials.dispose();
});
