/** From normal images to scores: a tiny encoder finds scratches in both modes, its expert is calibrated, repeats itself and survives being kept. */
import { beforeAll, describe, expect, test } from "vitest";
import { FormatError, randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { auroc, chooseExperts, joinScores } from "../score/index.ts";
import { exampleEncoder, exampleTokens } from "./example-encoder.ts";
import type { GivenEncoder } from "./fitting.ts";
import {
  type EncoderEvent,
  type EncoderExpert,
  type EncoderMode,
  encoderExpertSchema,
  encoderSettingsSchema,
  fitEncoderExpert,
  inspectEncoder,
  openEncoderScorer,
  readEncoderExpert,
  trialOf,
  writeEncoderExpert,
} from "./index.ts";

const side = 96;
const engine = nodeEngine({ threads: 1 });
const names = Array.from({ length: 24 }, (_, index) => `part ${index}`);
const drawn = new Map<string, RawImage>();
const images = {
  names,
  read: async (index: number) => {
    const name = names[index]!;
    const image = drawn.get(name) ?? part(name);
    drawn.set(name, image);
    return image;
  },
};

/** A part, lighter in the middle, with waves of its own, a little noisy; with a scratch where asked for. */
function part(name: string, scratched = false): RawImage {
  const stream = randomKey("part").fold(name).stream();
  const row = 24 + stream.integer(48);
  const light = 4 * stream.normal();
  const waves = Array.from({ length: 16 }, () => {
    const [angle, phase] = [2 * Math.PI * stream.uniform(), 2 * Math.PI * stream.uniform()];
    const speed = 0.3 + 0.7 * stream.uniform();
    const [down, across] = [speed * Math.sin(angle), speed * Math.cos(angle)];
    return (y: number, x: number) => 1 * Math.sin(down * y + across * x + phase);
  });
  const pixels = Uint8Array.from({ length: side * side }, (_, index) => {
    const [y, x] = [Math.floor(index / side), index % side];
    const scratch = scratched && x > 16 && x < 80 && Math.abs(y - row) <= 1;
    return (
      (scratch ? 200 : 110 + 10 * Math.sin(x / 30)) +
      waves.reduce((sum, wave) => sum + wave(y, x), light) +
      2 * stream.normal()
    );
  });
  return { kind: "raw", pixels, channels: 1, height: side, width: side };
}

const settingsOf = (mode: EncoderMode) =>
  encoderSettingsSchema.parse({
    mode,
    side: 96,
    grid: 24,
    dimensions: 36,
    folds: 3,
    centres: 100,
    samples: 3000,
    trials: 1,
  });

async function scoresOf(expert: EncoderExpert, model: Uint8Array, some: readonly RawImage[]) {
  const scorer = await openEncoderScorer(engine, model, expert);
  const scores = [];
  for (const image of some) scores.push(await scorer.score(image));
  await scorer.dispose();
  return scores;
}

let given: GivenEncoder;
beforeAll(async () => {
  const model = exampleEncoder({ pixels: [0, 2] });
  given = { engine, model, record: (await inspectEncoder(engine, model)).record };
});

describe.each(["aligned", "unaligned"] as const)("an expert on %s images", (mode) => {
  let expert: EncoderExpert;
  const events: EncoderEvent[] = [];
  beforeAll(async () => {
    expert = await fitEncoderExpert(images, given, settingsOf(mode), { onEvent: (event) => events.push(event) });
  });

  test("finds scratches, and shows where they are", async () => {
    const fresh = Array.from({ length: 10 }, (_, index) => `new ${index}`);
    const normal = await scoresOf(
      expert,
      given.model,
      fresh.map((name) => part(name)),
    );
    const scratched = await scoresOf(
      expert,
      given.model,
      fresh.map((name) => part(name, true)),
    );
    const [a, b] = [normal, scratched].map((all) => all.map(({ score }) => score));
    expect(auroc({ normal: a!, anomalous: b! })).toBeGreaterThan(0.95);
    for (const { map, pValue } of [...normal, ...scratched]) {
      expect([map.rows, map.columns]).toEqual([24, 24]);
      expect(pValue).toBeGreaterThanOrEqual(1 / 25);
      expect(pValue).toBeLessThanOrEqual(1);
    }
    // Scratches lie in the middle half of the rows, never in the outermost eighths.
    const { rows, columns } = scratched[0]!.map;
    const mean = (from: number, to: number) =>
      scratched.reduce(
        (sum, { map }) => sum + map.values.subarray(from * columns, to * columns).reduce((x, y) => x + y),
        0,
      ) /
      ((to - from) * columns);
    expect(mean(rows / 4, (3 * rows) / 4)).toBeGreaterThan(mean(0, Math.floor(rows / 8)) + 2);
  });

  test("gives every image a held-out score, and tries faults on it", () => {
    const { record } = expert;
    expect(record.heldOut.scores).toHaveLength(24);
    expect([0, 1, 2].map((fold) => record.heldOut.folds.filter((own) => own === fold).length)).toEqual([8, 8, 8]);
    expect([record.images, record.groups]).toEqual([24, 24]);
    expect(record.trials).toHaveLength(24);
    expect(new Set(record.trials.map(({ kind }) => kind)).size).toBe(6);
    const anomalous = record.trials.map(({ score }) => score);
    expect(auroc({ normal: record.heldOut.scores, anomalous })).toBeGreaterThan(0.6);
    expect(events.filter(({ kind }) => kind === "scored")).toHaveLength(3);
  });

  test("is the same after it was kept", async () => {
    const file = writeEncoderExpert(expert);
    const record = encoderExpertSchema.parse(JSON.parse(JSON.stringify(expert.record)));
    const again = readEncoderExpert(record, file, "encoder.safetensors");
    const image = part("kept", true);
    expect(await scoresOf(again, given.model, [image])).toEqual(await scoresOf(expert, given.model, [image]));
    const fewer = { ...record, settings: { ...record.settings, dimensions: 4 } };
    expect(() => readEncoderExpert(fewer, file, "x")).toThrow(FormatError);
  });

  test("is the same for the same seed", async () => {
    expect(await fitEncoderExpert(images, given, settingsOf(mode))).toEqual(expert);
  });

  test("refuses another encoder", async () => {
    const other = exampleEncoder({ pixels: [0, 3] });
    await expect(openEncoderScorer(engine, other, expert)).rejects.toThrow("encoder: expected the model with SHA-256");
  });
});

test("experts of both modes are tried on the same images and joined", async () => {
  const experts = await Promise.all(
    (["aligned", "unaligned"] as const).map((mode) => fitEncoderExpert(images, given, settingsOf(mode))),
  );
  const [aligned, unaligned] = experts.map(({ record }, index) => trialOf(`${index}`, record));
  expect(unaligned!.kinds).toEqual(aligned!.kinds);
  const choice = chooseExperts([aligned!.trial, unaligned!.trial], aligned!.kinds);
  expect([choice.count, choice.trials]).toEqual([24, 24]);
  const scoresAs = async (image: RawImage) => {
    const scores: number[] = [];
    for (const expert of experts) scores.push((await scoresOf(expert, given.model, [image]))[0]!.score);
    return joinScores(choice, (name) => [scores[Number(name)]!]).values[0]!;
  };
  const [clean, scratched] = [await scoresAs(part("joined")), await scoresAs(part("joined", true))];
  expect(scratched).toBeGreaterThan(clean);
});

test("tokens serve as well as maps, at the one size that they have", async () => {
  const model = exampleTokens();
  const { record } = await inspectEncoder(engine, model);
  const settings = { ...settingsOf("aligned"), grid: 4, trials: 0 };
  const expert = await fitEncoderExpert(images, { engine, model, record }, settings);
  const [clean, scratched] = await scoresOf(expert, model, [part("other"), part("other", true)]);
  expect(scratched!.score).toBeGreaterThan(clean!.score);
});

test("an abort ends the fitting with the signal's reason", async () => {
  const controller = new AbortController();
  const watch = {
    signal: controller.signal,
    onEvent: (event: EncoderEvent) => {
      if (event.kind === "encoded" && event.done === 3) controller.abort(new Error("enough"));
    },
  };
  await expect(fitEncoderExpert(images, given, settingsOf("aligned"), watch)).rejects.toThrow("enough");
});
