/** Tests of what a training decides about preparation: proportions, and black and white of more than 8 bits; said, recorded, and kept apart from others. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setting } from "../../base/index.ts";
import { pngOf } from "../../data/decoding/example-images.ts";
import { makeFolder, writeFiles } from "../../data/example-files.ts";
import type { TrainRequest } from "./train-request.ts";
import { prepareTraining } from "./training-preparation.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;

/** Ten images of 16 bits, 16 wide and 8 high, of numbers that end at 1000. */
beforeAll(async () => {
  folder = await makeFolder();
  for (let image = 0; image < 10; image++) {
    const samples = Uint16Array.from({ length: 128 }, (_, at) => 500 + 4 * at - image);
    await writeFiles(folder.folder, {
      [`normal/${image}.png`]: pngOf(samples, { channels: 1, height: 8, width: 16 }),
    });
  }
});

afterAll(() => folder.remove());

async function planOf(settings: Partial<TrainRequest>) {
  const texts: string[] = [];
  const at = (name: string): string => join(folder.folder, name);
  const plan = await prepareTraining(
    { normal: at("normal"), out: at("detector"), size: 16, depth: 1, width: 8, scales: 2, ...settings },
    { onEvent: (event) => "text" in event && texts.push(event.text) },
  );
  const { input } = plan.record.configuration;
  const { pixels, count } = plan.images.normal;
  expect(count).toBe(10);
  return { input, first: pixels.subarray(0, 256), texts: texts.join("\n") };
}

test("other proportions are stretched, and what else could be done is said", async () => {
  const { input, texts } = await planOf({});
  expect(input).not.toHaveProperty("fit");
  expect(input).not.toHaveProperty("deepRange");
  expect(input.sampleBits).toBe(10);
  expect(texts).toContain("10 images of other proportions than the model's, stretched");
  expect(texts).toContain(`${setting("fit", "pad")} keeps images of other proportions whole`);
});

test("padded images lie on the background, by percentiles of the set", async () => {
  const { input, first, texts } = await planOf({ fit: "pad", range: "percentiles", background: "#808080" });
  expect(input).toMatchObject({ fit: "pad", sampleBits: 16 });
  const [black, white] = input.deepRange!;
  // The outermost thousandth of 1280 numbers, rounded outwards, from 491 to 1008.
  expect([black, white]).toEqual([492, 1007]);
  const level = (number: number): number => Math.round((255 * (number - black)) / (white - black));
  expect([...first.subarray(0, 16)]).toEqual(Array(16).fill(128));
  expect([...first.subarray(64, 80)]).toEqual(Array.from({ length: 16 }, (_, at) => level(500 + 4 * at)));
  expect(texts).toContain("10 images of 16 bits, read by the range of those trained on");
  expect(texts).toContain("10 images of other proportions than the model's, on background");
  expect(texts).not.toContain(setting("fit", "pad"));
});

test("the middle of cropped images is cut out of what is enlarged to the model's height", async () => {
  const { input, first } = await planOf({ fit: "crop" });
  expect(input.fit).toBe("crop");
  // 16 wide and 8 high becomes 32 wide and 16 high, of which the columns 8 to 23 stay: stored columns 4 to 11.
  const row = [...first.subarray(0, 16)];
  const level = (column: number): number => (255 * (500 + 4 * column)) / 1023;
  expect(row[0]).toBeGreaterThanOrEqual(Math.floor(level(3.5)));
  expect(row[15]).toBeLessThanOrEqual(Math.ceil(level(11.5)));
});
