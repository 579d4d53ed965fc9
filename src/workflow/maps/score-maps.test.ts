/** How strongly flows' maps are tinted. */
import { expect, test } from "vitest";
import { flowHeat } from "./score-maps.ts";

const image = { kind: "raw", pixels: new Uint8Array(1000), channels: 1, height: 10, width: 100 } as const;
/** 0, 1, ..., 999: the median is 499, half a percent lie above 994. */
const heat = Float32Array.from({ length: 1000 }, (_, index) => index);
/** 0, 1, ..., 100: the median is 50, 95 % lie at 95 or below. */
const normalScores = Array.from({ length: 101 }, (_, index) => index);
const rangeAt = (score: number) => flowHeat("a", image, heat, { score, normalScores }).range;

test("the hottest places are tinted as strongly as the score is unusual", () => {
  expect(rangeAt(140)).toEqual([499, 994]);
  expect(rangeAt(1e6)).toEqual([499, 994]);
  expect(rangeAt(Number.POSITIVE_INFINITY)).toEqual([499, 994]);
  expect(rangeAt(95)).toEqual([499, 499 + 2 * 495]);
});

test("an image like most normal ones stays grey", () => {
  const [low, high] = rangeAt(50);
  expect((999 - low) / (high - low)).toBeLessThan(0.01);
  expect(rangeAt(-1e6)).toEqual([low, high]);
});

test("what is not finite is hot and does not move the range", () => {
  const [low, high] = flowHeat("a", image, heat.with(999, Number.POSITIVE_INFINITY), {
    score: Number.POSITIVE_INFINITY,
    normalScores,
  }).range;
  expect([low, high]).toEqual([499, 993]);
});

test("a flat map and equal scores have a range", () => {
  const { range } = flowHeat(
    "a",
    image,
    heat.map(() => 3),
    { score: 5, normalScores: [5, 5, 5] },
  );
  expect(range[0]).toBe(3);
  expect(range[1]).toBeGreaterThan(3);
  expect(range[1]).toBeLessThan(4);
});

test("small pictures are enlarged by whole numbers", () => {
  expect(flowHeat("a", image, heat, { score: 0, normalScores }).enlargement).toBe(2);
  const large = { ...image, pixels: new Uint8Array(300_000), width: 30_000 };
  expect(flowHeat("a", large, heat, { score: 0, normalScores }).enlargement).toBe(1);
});
