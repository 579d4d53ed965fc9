/** Pooled features: means over the image, the ratio to general images, calibration, keeping. */
import { beforeAll, expect, test } from "vitest";
import { ConfigError, FormatError, randomKey } from "../base/index.ts";
import { makeImages } from "../made/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { auroc } from "../score/index.ts";
import { exampleEncoder } from "./example-encoder.ts";
import {
  fitPooledExpert,
  type GivenEncoder,
  inspectEncoder,
  openEncoder,
  openPooledScorer,
  type PooledExpert,
  pooledExpertSchema,
  pooledFeatures,
  pooledSettingsSchema,
  readPooledExpert,
  writePooledExpert,
} from "./index.ts";

const side = 64;
const engine = nodeEngine({ threads: 1 });
const settings = pooledSettingsSchema.parse({ side, folds: 3 });

/** Waves of about one direction: across for normal images, down for others. */
function waves(name: string, down = false): RawImage {
  const stream = randomKey("waves").fold(name).stream();
  const parts = Array.from({ length: 24 }, () => {
    const [pace, phase] = [0.4 + 0.8 * stream.uniform(), 6.3 * stream.uniform()];
    const [along, beside] = [pace, 0.5 * (stream.uniform() - 0.5)];
    return (y: number, x: number) => 14 * Math.sin(along * (down ? y : x) + beside * (down ? x : y) + phase);
  });
  const pixels = Uint8ClampedArray.from({ length: side * side }, (_, index) => {
    const [y, x] = [Math.floor(index / side), index % side];
    return parts.reduce((sum, wave) => sum + wave(y, x), 120);
  });
  return { kind: "raw", pixels: new Uint8Array(pixels), channels: 1, height: side, width: side };
}

const names = Array.from({ length: 32 }, (_, index) => `normal ${index}`);
const normal = { names, read: async (index: number) => waves(names[index]!) };
const general = {
  names: names.slice(0, 24),
  read: async (index: number): Promise<RawImage> => {
    const specification = { channels: 1 as const, height: side, width: side };
    const { pixels } = makeImages({ kind: "natural", count: 1, specification, key: randomKey(index) });
    return { kind: "raw", pixels, ...specification };
  },
};

let given: GivenEncoder;
let expert: PooledExpert;
beforeAll(async () => {
  const model = exampleEncoder({ pixels: [0, 2] });
  given = { engine, model, record: (await inspectEncoder(engine, model)).record };
  expert = await fitPooledExpert(normal, general, given, settings);
});

async function scoresOf(of: PooledExpert, images: readonly RawImage[]) {
  const scorer = await openPooledScorer(engine, given.model, of);
  const scores = [];
  for (const image of images) scores.push(await scorer.score(image));
  await scorer.dispose();
  return scores;
}

test("features are means of channels over the image", async () => {
  const open = await openEncoder(engine, given.model, given.record);
  const image = waves("some");
  const [maps, pooled] = [await open.run(image), await pooledFeatures(open, image)];
  await open.dispose();
  expect(pooled).toHaveLength(8 + 12 + 16);
  const { rows, columns, values } = maps[1]!;
  const mean = values.subarray(2 * rows * columns, 3 * rows * columns).reduce((a, b) => a + b) / (rows * columns);
  expect(pooled[8 + 2]).toBeCloseTo(mean, 5);
});

test("images of another thing stand out, with and without general images", async () => {
  const alone = await fitPooledExpert(normal, undefined, given, settings);
  const fresh = Array.from({ length: 12 }, (_, index) => `new ${index}`);
  for (const own of [expert, alone]) {
    const clean = await scoresOf(
      own,
      fresh.map((name) => waves(name)),
    );
    const other = await scoresOf(
      own,
      fresh.map((name) => waves(name, true)),
    );
    const [a, b] = [clean, other].map((all) => all.map(({ score }) => score));
    expect(auroc({ normal: a!, anomalous: b! })).toBeGreaterThan(0.75);
    for (const { pValue } of [...clean, ...other]) expect(pValue).toBeGreaterThanOrEqual(1 / 33);
  }
  expect([alone.record.general, expert.record.general]).toEqual([0, 24]);
});

test("there are never more components than a quarter of the images", () => {
  expect(expert.record.dimensions).toBe(8);
  expect(expert.record.heldOut.scores).toHaveLength(32);
});

test("an expert is the same after it was kept, and other numbers are refused", async () => {
  const file = writePooledExpert(expert);
  const record = pooledExpertSchema.parse(JSON.parse(JSON.stringify(expert.record)));
  const image = waves("kept", true);
  expect(await scoresOf(readPooledExpert(record, file, "x"), [image])).toEqual(await scoresOf(expert, [image]));
  expect(() => readPooledExpert({ ...record, dimensions: 4 }, file, "x")).toThrow(FormatError);
});

test("too few images are refused", async () => {
  const few = { ...normal, names: names.slice(0, 3) };
  await expect(fitPooledExpert(few, undefined, given, settings)).rejects.toThrow(ConfigError);
});
