/** A network over large images: windows see what the whole image shows. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { layoutOf, packArrays, parameterData } from "../nn/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { windowsOf } from "./cell-windows.ts";
import { openLogits } from "./logits.ts";
import { faultNetwork, visibleMargin } from "./network.ts";

test.each([8, 64, 512, 520, 1000, 4000])(
  "windows along %i pixels take every cell once and see enough around it",
  (size) => {
    const windows = windowsOf(size, 512, visibleMargin);
    expect(windows[0]!.from).toBe(0);
    expect(windows.at(-1)!.to).toBe(size);
    for (const [index, { start, end, from, to }] of windows.entries()) {
      if (index > 0) expect(from).toBe(windows[index - 1]!.to);
      expect(end - start).toBeLessThanOrEqual(512);
      for (const position of [start, end, from, to]) expect(position % 8).toBe(0);
      expect(start === 0 || from - start >= 24).toBe(true);
      expect(end === size || end - to >= 24).toBe(true);
    }
  },
);

test("an image in windows has the logits of the image as a whole", async () => {
  const network = faultNetwork({ channels: 1, width: 1 });
  const parameters = packArrays(network.parameters, network.createParameters(randomKey("windows")));
  const head = layoutOf(network.parameters).entries.find(({ name }) => name === "head.weight")!;
  parameterData(head, parameters).fill(0.3);
  const engine = nodeEngine({ threads: 1 });
  const scale = { means: [128], deviations: [50] };
  const stream = randomKey("pixels").stream();
  const [height, width] = [64, 720];
  const image: RawImage = {
    kind: "raw",
    pixels: Uint8Array.from({ length: height * width }, () => stream.integer(256)),
    channels: 1,
    height,
    width,
  };
  const open = (longestSide?: number) => openLogits(network, parameters, scale, engine, longestSide);
  const [windowed, whole] = [open(), open(width)];
  const [first, second] = [await windowed.run(image), await whole.run(image)];
  await windowed.dispose();
  await whole.dispose();
  expect([first.rows, first.columns]).toEqual([8, 90]);
  expect(new Set(second.values).size).toBeGreaterThan(650);
  for (const [cell, value] of second.values.entries()) expect(first.values[cell]).toBeCloseTo(value, 4);
});
