/** A flow on whitened features begins at the Gaussian, learns what the Gaussian cannot say, and is kept where that holds for held-out cells. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { faultKinds } from "../faults/index.ts";
import { packArrays } from "../nn/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { exampleEncoder } from "./example-encoder.ts";
import {
  type EncoderEvent,
  encoderSettingsSchema,
  fitEncoderExpert,
  inspectEncoder,
  openEncoderScorer,
  readEncoderExpert,
  writeEncoderExpert,
} from "./index.ts";
import { flowParameters, freshFlow, openFlow } from "./residual-flow.ts";
import { trainFlow } from "./residual-training.ts";

const engine = nodeEngine({ threads: 1 });

/** Half of the mean square of distances: nats a vector but for a constant. */
const natsOf = (distances: Float32Array): number =>
  distances.reduce((sum, distance) => sum + distance ** 2, 0) / 2 / distances.length;

test.each([4, 7])("at step 0 distances are those of the Gaussian, dimension %d", async (dimension) => {
  const stream = randomKey("vectors").stream();
  const vectors = Float32Array.from({ length: 50 * dimension }, () => 3 * stream.normal());
  const parameters = packArrays(flowParameters(dimension), freshFlow(dimension, randomKey(1)));
  const open = await openFlow(engine, dimension, parameters);
  const distances = await open.distances(vectors);
  await open.dispose();
  for (const [row, distance] of distances.entries()) {
    const own = vectors.subarray(row * dimension, (row + 1) * dimension);
    expect(distance).toBeCloseTo(Math.sqrt(own.reduce((sum, x) => sum + x * x, 0)), 4);
  }
});

test("it learns a bend, of which held-out vectors get likelier, and what lies off the bend less likely", async () => {
  const dimension = 2;
  const bent = (name: string, count: number): Float32Array => {
    const stream = randomKey(name).stream();
    const rows = new Float32Array(dimension * count);
    for (let row = 0; row < count; row++) {
      const x = stream.normal();
      rows.set([x, (x * x - 1) / 2 + 0.3 * stream.normal()], row * dimension);
    }
    return rows;
  };
  const flow = await trainFlow(engine, bent("bend", 4000), { dimension, steps: 150, key: randomKey(2) });
  const open = await openFlow(engine, dimension, flow);
  const held = bent("held", 1000);
  const gaussian = held.reduce((sum, x) => sum + x * x, 0) / 2 / 1000;
  expect(natsOf(await open.distances(held))).toBeLessThan(gaussian - 0.2);
  const [on, off] = await open.distances(Float32Array.of(2, 1.5, 2, -1.5));
  expect(off).toBeGreaterThan(on! + 1);
  await open.dispose();
});

const side = 64;

/** A striped part: the phase of its stripes is a circle among features, which no Gaussian is. */
function part(index: number): RawImage {
  const stream = randomKey("striped").fold(index).stream();
  const phase = 2 * Math.PI * stream.uniform();
  const pixels = Uint8Array.from({ length: side * side }, (_, at) => {
    return 128 + 90 * Math.sin(((at % side) / side) * 50 + phase) + 3 * stream.normal();
  });
  return { kind: "raw", pixels, channels: 1, height: side, width: side };
}

test("an expert keeps it where it pays, with its file, and says so", async () => {
  const model = exampleEncoder({ pixels: [0, 2] });
  const given = { engine, model, record: (await inspectEncoder(engine, model)).record };
  const names = Array.from({ length: 30 }, (_, index) => `part ${index}`);
  const events: EncoderEvent[] = [];
  const small = { mode: "aligned", side, grid: 8, dimensions: 6, folds: 2, trials: 1, tryEvery: 2, samples: 1900 };
  const fitted = (flowSteps: number) =>
    fitEncoderExpert(
      { names, read: async (index) => part(index) },
      given,
      encoderSettingsSchema.parse({ ...small, flowSteps }),
      { onEvent: (event) => events.push(event), groups: Uint32Array.from(names.keys()) },
    );
  const [without, expert] = [await fitted(0), await fitted(150)];
  const said = events.filter((event) => event.kind === "flow");
  expect(said).toEqual([{ kind: "flow", gain: expect.any(Number), kept: true }]);
  expect(expert.record.settings.flowSteps).toBe(150);
  // Every other six of the images are tried, with every kind as often.
  expect(expert.record.trials.map(({ kind }) => kind).sort()).toEqual(
    faultKinds.flatMap((kind) => [kind, kind, kind]).sort(),
  );
  const again = readEncoderExpert(expert.record, writeEncoderExpert(expert), "file");
  const scores = [];
  for (const one of [without, expert, again]) {
    const scorer = await openEncoderScorer(engine, model, one);
    scores.push((await scorer.score(part(99))).score);
    await scorer.dispose();
  }
  expect(scores[2]).toBe(scores[1]);
  expect(scores[1]).not.toBe(scores[0]);
});
