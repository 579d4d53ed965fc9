/** Heat maps, pixel by pixel. */
import sharp from "sharp";
import { expect, test } from "vitest";
import { heatCanvas, renderHeatMap, renderHeatOverlay } from "./heat-map.ts";

const map = {
  pixels: Uint8Array.of(100, 100, 100, 100),
  channels: 1,
  height: 1,
  width: 4,
  heat: Float32Array.of(-5, 1, 2, 9),
  range: [1, 3] as const,
};

test("cold pixels are the image's grey, hot ones are tinted, the hottest most", () => {
  const { pixels, width, height } = heatCanvas(map);
  expect([width, height]).toEqual([4, 1]);
  expect([...pixels.subarray(0, 6)]).toEqual([100, 100, 100, 100, 100, 100]);
  // 0.35 of grey 100 and 0.65 of orange in the middle, of red at and beyond the end.
  expect([...pixels.subarray(6, 9)]).toEqual([35 + 165.75, 35 + 91, 35].map(Math.round));
  expect([...pixels.subarray(9, 12)]).toEqual([35 + 130, 35, 35 + 26]);
});

test("colour images show as grey below the tint", () => {
  const image = { ...map, pixels: Uint8Array.of(255, 0, 0, 0), channels: 3, width: 1, heat: Float32Array.of(0) };
  expect([...heatCanvas({ ...image, pixels: Uint8Array.of(255, 0, 0) }).pixels]).toEqual([76, 76, 76]);
});

test("the file is a PNG", async () => {
  expect([...(await renderHeatMap(map)).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
});

test("an enlarged picture repeats every pixel", async () => {
  const { data, info } = await sharp(await renderHeatMap(map, 3))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([12, 3, 3]);
  const { pixels } = heatCanvas(map);
  const expected = Array.from(
    data,
    (_, index) => pixels[3 * Math.floor((Math.floor(index / 3) % 12) / 3) + (index % 3)],
  );
  expect([...data]).toEqual(expected);
});

test("an overlay is clear where nothing is hot and has the tints elsewhere", async () => {
  const { data, info } = await sharp(await renderHeatOverlay(map))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([4, 1, 4]);
  const alphas = Array.from({ length: 4 }, (_, pixel) => data[4 * pixel + 3]);
  expect(alphas).toEqual([0, 0, 166, 166]);
  expect([...data.subarray(8, 11)]).toEqual([255, 140, 0]);
  expect([...data.subarray(12, 15)]).toEqual([200, 0, 40]);
});
