/** Trials of a plan without anything that looks at places: which images they are made from, what they are, and when there are none. */
import { expect, test } from "vitest";
import { loadImages, openImages } from "../../data/index.ts";
import { strangerKinds } from "../../made/index.ts";
import type { WorkflowEvent } from "../events.ts";
import { gatherTrials } from "./expert-trials.ts";
import type { TrainingPlan } from "./training-plan.ts";

const input = { channels: 1, height: 16, width: 16, background: "#ffffff", sampleBits: 8 } as const;

/** As much of a plan as trials look at. */
async function planOf(count: number, more: object = {}): Promise<TrainingPlan> {
  const location = `builtin#limit=${count},seed=3`;
  const normal = await loadImages(await openImages(location, "normal"), input, { strict: true });
  const configuration = { seed: 0, input, classConditional: false, threads: 1, ...more };
  return {
    record: { role: "detector", configuration, normal: { location } },
    images: { normal },
  } as unknown as TrainingPlan;
}

const held = (count: number) => Uint32Array.from({ length: count }, (_, index) => index);
const nothing = { trained: [] };

test("from 40 held-out images on, all of them fit and are references: strangers of every kind", async () => {
  const plan = await planOf(40);
  const trials = (await gatherTrials(plan, held(40), nothing, {}))!;
  expect(trials.fitting).toHaveLength(40);
  expect(trials.referring).toHaveLength(0);
  expect([...new Set(trials.kinds.map(({ kind }) => kind))]).toEqual([...strangerKinds]);
  expect(new Set(trials.kinds.map(({ family }) => family))).toEqual(new Set(["stranger"]));
  expect(trials.pixels).toHaveLength(256 * trials.kinds.length);
  expect(trials.bases).toHaveLength(trials.kinds.length);
  expect(Math.max(...trials.bases)).toBeLessThan(40);
  expect([trials.placed, trials.placedOnly]).toEqual([{}, false]);
});

test("fewer images are not compared, which is said; nor are detectors with classes, whose scores are their own", async () => {
  const events: WorkflowEvent[] = [];
  const watch = { onEvent: (event: WorkflowEvent) => events.push(event) };
  expect(await gatherTrials(await planOf(39), held(39), nothing, watch)).toBeUndefined();
  const text = "scores are not joined: that takes 40 held-out images, and there are 39";
  expect(events).toEqual([{ kind: "note", text }]);
  expect(await gatherTrials(await planOf(60, { classConditional: true }), held(60), nothing, watch)).toBeUndefined();
  expect(events).toHaveLength(1);
});

test("a signal ends them", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(gatherTrials(await planOf(40), held(40), nothing, { signal })).rejects.toThrow("enough");
});
