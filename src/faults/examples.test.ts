/** Examples of synthetic faults: every kind in turn, the same for a seed, of any mixture of images. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { drawFaultExamples, faultKinds, faultSettingsSchema } from "./index.ts";

function image(index: number): RawImage {
  const stream = randomKey("example").fold(index).stream();
  const channels = index % 2 === 0 ? 1 : 3;
  const pixels = Uint8Array.from({ length: channels * 70 * 90 }, () => 120 + 20 * stream.normal());
  return { kind: "raw", pixels, channels, height: 70, width: 90 };
}

const images = { names: ["a", "b", "c"], read: async (index: number) => image(index) };
const settings = faultSettingsSchema.parse({ levels: [64] });

test("every kind comes in turn, with its mask", async () => {
  const examples = await drawFaultExamples(images, settings, 14);
  for (const [index, example] of examples.entries()) {
    expect(example.kind).toBe(faultKinds[index % faultKinds.length]);
    expect(example.image.pixels).toHaveLength(example.image.channels * 64 * 64);
    expect(new Set(example.mask.pixels)).toEqual(new Set([0, 255]));
  }
  expect(new Set(examples.map((example) => example.image.channels))).toEqual(new Set([1, 3]));
});

test("the same seed gives the same examples, another one others", async () => {
  const first = await drawFaultExamples(images, settings, 3);
  expect(await drawFaultExamples(images, settings, 3)).toEqual(first);
  expect(await drawFaultExamples(images, { ...settings, seed: 9 }, 3)).not.toEqual(first);
});
