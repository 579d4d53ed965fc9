/** Tests of proportions: what is surrounded, what is cut, and what is refused. */
import { expect, test } from "vitest";
import { prepareRaw } from "./preparation.ts";
import type { InputForm } from "./specification.ts";

const model: InputForm = { channels: 1, height: 4, width: 4, background: "#0a0a0a" };

function prepare(rows: readonly (readonly number[])[], form: InputForm): readonly string[] | string {
  const pixels = Uint8Array.from(rows.flat());
  const size = { height: rows.length, width: rows[0]!.length };
  const prepared = prepareRaw({ kind: "raw", channels: 1, pixels, ...size }, form);
  if ("reason" in prepared) return prepared.reason;
  const { height, width } = form;
  return Array.from({ length: height }, (_, row) => prepared.pixels.subarray(row * width, (row + 1) * width).join(" "));
}

const wide = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
];

test("a wide image lies whole in the middle of the background", () => {
  expect(prepare(wide, { ...model, fit: "pad" })).toEqual(["10 10 10 10", "1 2 3 4", "5 6 7 8", "10 10 10 10"]);
});

test("of an odd rest the smaller part lies above and on the left", () => {
  expect(prepare([[7], [8], [9]], { ...model, height: 3, fit: "pad" })).toEqual([
    "10 7 10 10",
    "10 8 10 10",
    "10 9 10 10",
  ]);
});

test("of a wide image the middle is cut out", () => {
  expect(prepare(wide, { ...model, height: 2, width: 2, fit: "crop" })).toEqual(["2 3", "6 7"]);
  const tall = [[1], [2], [3], [4], [5]];
  expect(prepare(tall, { ...model, height: 2, width: 1, fit: "crop" })).toEqual(["2", "3"]);
});

test("an image is shrunk by one factor: four columns of eight and four rows of two", () => {
  const image = Array.from({ length: 4 }, () => [0, 0, 8, 8, 16, 16, 24, 24]);
  const padded = prepare(image, { ...model, fit: "pad" }) as readonly string[];
  expect([padded[0], padded[3]]).toEqual(["10 10 10 10", "10 10 10 10"]);
  expect(padded[1]).toBe(padded[2]);
  expect(prepare(image, { ...model, fit: "crop" })).toEqual(Array(4).fill("8 8 16 16"));
});

test("background is grey or in colour", () => {
  const colour = { channels: 3, height: 1, width: 2, background: "#ff8000", fit: "pad" } as const;
  const image = { kind: "raw", channels: 3, pixels: Uint8Array.of(1, 1, 2, 2, 3, 3), height: 2, width: 1 } as const;
  expect(prepareRaw(image, colour)).toEqual({ pixels: Uint8Array.of(1, 255, 2, 128, 3, 0) });
  // 0.299 * 255 + 0.587 * 128 = 151.4
  const grey = prepareRaw({ ...image, channels: 1, pixels: Uint8Array.of(9, 9) }, { ...colour, channels: 1 });
  expect(grey).toEqual({ pixels: Uint8Array.of(9, 151) });
});

test.each([
  ["pad", 5, 30, undefined],
  ["pad", 5, 15, "image is 15x5, smaller than half the model's 32x32"],
  ["crop", 16, 30, undefined],
  ["crop", 15, 300, "image is 300x15, smaller than half the model's 32x32"],
  ["crop", 32, 33_000, "image is 33000x32, too long for its middle to be cut out"],
  ["stretch", 5, 30, "image is 30x5, smaller than half the model's 32x32"],
] as const)("%s of an image %i high and %i wide", (fit, height, width, reason) => {
  const image = { kind: "raw", channels: 1, pixels: new Uint8Array(height * width), height, width } as const;
  const prepared = prepareRaw(image, { channels: 1, height: 32, width: 32, fit });
  expect("reason" in prepared ? prepared.reason : undefined).toBe(reason);
});
