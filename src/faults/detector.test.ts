/** From normal images to scores: a small detector finds scratches, repeats itself, is calibrated and survives being kept. */
import { beforeAll, describe, expect, test } from "vitest";
import { ConfigError, FormatError, randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { auroc } from "../score/index.ts";
import {
  cropPatch,
  type FaultDetector,
  type FaultEvent,
  type FaultScore,
  faultKinds,
  faultRecordSchema,
  faultSettingsSchema,
  openFaultScorer,
  readBegunFaults,
  readFaultDetector,
  trainFaultDetector,
  unseenOf,
  writeBegunFaults,
  writeFaultNetworks,
} from "./index.ts";
import { gradientNoise } from "./synthetic/noise.ts";

const side = 72;
const settings = faultSettingsSchema.parse({ levels: [64], steps: 80, width: 4, folds: 2, crops: 4 });

/** A smooth part, its surface slightly uneven; with a scratch across it where asked for. */
function part(name: string, scratched = false): RawImage {
  const stream = randomKey("part").fold(name).stream();
  const noise = gradientNoise(stream, side, side, 24, 2);
  const row = 16 + stream.integer(40);
  const pixels = Uint8Array.from({ length: side * side }, (_, index) => {
    const [y, x] = [Math.floor(index / side), index % side];
    const scratch = scratched && x > 12 && x < 60 && Math.abs(y - row - Math.round(3 * Math.sin(x / 9))) <= 1;
    return (scratch ? 190 : 120) + 15 * noise[index]! + 2 * stream.normal();
  });
  return { kind: "raw", pixels, channels: 1, height: side, width: side };
}

const names = Array.from({ length: 20 }, (_, index) => `part ${index}`);
const images = { names, read: async (index: number) => part(names[index]!) };

async function scoresOf(detector: FaultDetector, some: readonly RawImage[]): Promise<FaultScore[]> {
  const scorer = openFaultScorer(detector, { threads: 1 });
  const scores: FaultScore[] = [];
  for (const image of some) scores.push(await scorer.score(image));
  await scorer.dispose();
  return scores;
}

describe("a small detector", () => {
  let detector: FaultDetector;
  const events: FaultEvent[] = [];
  beforeAll(async () => {
    detector = await trainFaultDetector(images, settings, { onEvent: (event) => events.push(event) });
  }, 120_000);

  test("finds scratches, and shows where they are", async () => {
    const fresh = Array.from({ length: 12 }, (_, index) => `new ${index}`);
    const normal = await scoresOf(
      detector,
      fresh.map((name) => part(name)),
    );
    const scratched = await scoresOf(
      detector,
      fresh.map((name) => part(name, true)),
    );
    const [a, b] = [normal, scratched].map((scores) => scores.map(({ score }) => score));
    expect(auroc({ normal: a!, anomalous: b! })).toBeGreaterThan(0.9);
    for (const { map, levels, pValue } of [...normal, ...scratched]) {
      expect([map.rows, map.columns]).toEqual([8, 8]);
      expect(levels.map(({ level }) => level)).toEqual([64]);
      expect(pValue).toBeGreaterThanOrEqual(1 / 21);
      expect(pValue).toBeLessThanOrEqual(1);
    }
    // Rows 2 to 6 of 8 hold the scratches, the first and the last row of cells never do.
    const rowMean = (row: number) =>
      scratched.reduce((sum, { map }) => sum + map.values.subarray(8 * row, 8 * row + 8).reduce((x, y) => x + y), 0);
    expect([2, 3, 4, 5].reduce((sum, row) => sum + rowMean(row), 0) / 4).toBeGreaterThan(rowMean(0) + 10);
  });

  test("gives every image a held-out score", () => {
    const { record } = detector;
    expect(record.folds.map(({ scores }) => scores.length)).toEqual([10, 10]);
    expect([record.images, record.groups, record.channels]).toEqual([20, 20, 1]);
    for (const { scores } of record.folds) expect([...scores].sort((a, b) => a - b)).toEqual(scores);
  });

  test("tells what is new to which network, and scores by that alone", async () => {
    const { record } = detector;
    const unseen = names.map((_, position) => unseenOf(record, position)!);
    expect([0, 1].map((fold) => unseen.filter((one) => one.fold === fold).length)).toEqual([10, 10]);
    expect(new Set(unseen.flatMap(({ kinds }) => kinds))).toEqual(new Set([faultKinds[0], faultKinds[3]]));
    const scorer = openFaultScorer(detector, { threads: 1 });
    for (const position of [0, 1, 2]) {
      const { fold } = unseen[position]!;
      const image = await images.read(position);
      const { score, map } = await scorer.scoreByFold(image, fold);
      expect(record.folds[fold]!.scores).toContain(score);
      expect((await scorer.score(image)).foldScores[fold]).toBe(score);
      expect([map.rows, map.columns]).toEqual([8, 8]);
    }
    await scorer.dispose();
    expect(unseenOf(record, 20)).toBeUndefined();
    const { foldOf: _, ...former } = record;
    expect(unseenOf(faultRecordSchema.parse(former), 0)).toBeUndefined();
  });

  test("says what happens", () => {
    expect(events.filter(({ kind }) => kind === "read")).toHaveLength(20);
    expect(events.filter(({ kind }) => kind === "step")).toHaveLength(2 * settings.steps);
    expect(events.filter(({ kind }) => kind === "scored")).toEqual([
      { kind: "scored", fold: 0 },
      { kind: "scored", fold: 1 },
    ]);
    const losses = events.flatMap((event) => (event.kind === "step" ? [event.loss] : []));
    expect(losses[0]).toBeCloseTo(Math.LN2, 5);
  });

  test("is the same after it was kept", async () => {
    const file = writeFaultNetworks(detector);
    const record = faultRecordSchema.parse(JSON.parse(JSON.stringify(detector.record)));
    const again = readFaultDetector(record, file, "faults.safetensors");
    const image = part("kept", true);
    expect(await scoresOf(again, [image])).toEqual(await scoresOf(detector, [image]));
    const wider = { ...record, settings: { ...record.settings, width: 8 } };
    expect(() => readFaultDetector(wider, file, "faults.safetensors")).toThrow(FormatError);
    expect(() => readFaultDetector(wider, file, "x")).toThrow(
      "x: expected a tensor 'fold0.layer0.weight' [8, 1, 3, 3]",
    );
  });
});

test("the same seed gives the same weights, stopped in between as well; another one others", async () => {
  const short = { ...settings, steps: 3 };
  const first = await trainFaultDetector(images, short);
  const controller = new AbortController();
  let kept = new Uint8Array(0);
  const stopped = trainFaultDetector(images, short, {
    signal: controller.signal,
    onNetwork: async (begun) => {
      kept = writeBegunFaults({ ...begun, seconds: 1.5 });
    },
    onEvent: (event) => {
      if (event.kind === "step" && event.fold === 1 && event.step === 2) controller.abort(new Error("enough"));
    },
  });
  await expect(stopped).rejects.toThrow("enough");
  const begun = readBegunFaults(kept, "kept");
  expect([begun.seconds, begun.detector.networks.length]).toEqual([1.5, 1]);
  const events: FaultEvent[] = [];
  const onEvent = (event: FaultEvent) => events.push(event);
  expect(await trainFaultDetector(images, short, { begun, onEvent })).toEqual(first);
  expect(events).toContainEqual({ kind: "resumed", networks: 1 });
  expect(events.flatMap((event) => (event.kind === "step" ? [event.fold] : []))).toEqual([1, 1, 1]);

  events.length = 0;
  const image = part("scratched", true);
  const withExamples = { ...images, patches: [cropPatch(image, image, settings)] };
  const kinds = [...settings.kinds, "like"];
  const enlarged = { small: "enlarged", levels: [256, 72] } as const;
  const changed = { ...short, ...enlarged, levels: [...enlarged.levels], seed: 1, kinds };
  const other = await trainFaultDetector(withExamples, changed, { begun, onEvent });
  expect(other.record.settings.levels).toEqual([72]);
  expect(other.record.settings.kinds).toContain("like");
  expect(other.record.folds.flatMap(({ leftOut }) => leftOut)).not.toContain("like");
  expect(events).toContainEqual({ kind: "resumed", networks: 0 });
  expect(other.networks[0]).not.toEqual(first.networks[0]);

  const damaged = kept.slice();
  damaged[damaged.length - 5]! ^= 1;
  expect(() => readBegunFaults(damaged, "kept")).toThrow("does not match its checksum");
  expect(() => readBegunFaults(kept.subarray(0, 100), "kept")).toThrow(FormatError);
});

test("images of one thing are one: too few things for the folds are refused", async () => {
  const watch = { group: () => "the same" };
  await expect(trainFaultDetector(images, settings, watch)).rejects.toThrow(ConfigError);
});
