/** Tests of canvas and image grid: sizes, places and colours of a decoded PNG. */
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../base/index.ts";
import { type Colour, fitBox, makeCanvas, type PixelBatch, paintImage } from "./canvas.ts";
import { renderImageGrid } from "./image-grid.ts";
import { decodePng, flatImages } from "./pixel-examples.ts";

const colours: Colour[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];

describe("image grid", () => {
  test("places images row by row with white between and after them", async () => {
    const png = await decodePng(await renderImageGrid({ images: flatImages(colours, 4, 6), columns: 2, scale: 3 }));
    expect([png.width, png.height, png.channels]).toEqual([2 * 18 + 2, 2 * 12 + 2, 3]);
    expect(png.colourAt(0, 0)).toEqual(colours[0]);
    expect(png.colourAt(17, 11)).toEqual(colours[0]);
    expect(png.colourAt(18, 0)).toEqual([255, 255, 255]);
    expect(png.colourAt(20, 0)).toEqual(colours[1]);
    expect(png.colourAt(0, 14)).toEqual(colours[2]);
    expect(png.colourAt(20, 14)).toEqual([255, 255, 255]);
  });

  test("repeats every pixel exactly, grey as grey", async () => {
    const images = { pixels: Uint8Array.from([10, 20, 30, 40]), count: 1, channels: 1, height: 2, width: 2 };
    const png = await decodePng(await renderImageGrid({ images, columns: 5, scale: 4 }));
    expect([png.width, png.height]).toEqual([8, 8]);
    expect(png.colourAt(3, 3)).toEqual([10, 10, 10]);
    expect(png.colourAt(4, 3)).toEqual([20, 20, 20]);
    expect(png.colourAt(4, 4)).toEqual([40, 40, 40]);
  });

  test.each([
    [0, 1],
    [1, 0],
    [1, 1.5],
  ])("%d columns at scale %d are refused", async (columns, scale) => {
    await expect(renderImageGrid({ images: flatImages(colours, 2, 2), columns, scale })).rejects.toThrow(ConfigError);
  });

  test("no images are refused", async () => {
    const rendering = renderImageGrid({ images: flatImages([], 2, 2), columns: 1, scale: 1 });
    await expect(rendering).rejects.toThrow("image grid: expected a whole number of images from 1, got 0");
  });

  test("pixels that do not fit their sizes are refused", async () => {
    const images = { ...flatImages(colours, 2, 2), count: 2 };
    await expect(renderImageGrid({ images, columns: 1, scale: 1 })).rejects.toThrow("internal: ");
  });
});

describe("canvas", () => {
  test.each([
    [32, 32, 128, 128],
    [28, 28, 112, 112],
    [10, 40, 30, 120],
    [256, 512, 64, 128],
    [1, 1000, 1, 128],
  ])("an image of %dx%d shows as %dx%d in a box of 128", (height, width, shownHeight, shownWidth) => {
    const batch = { pixels: new Uint8Array(), count: 0, channels: 1, height, width };
    expect(fitBox(batch, 128)).toEqual({ height: shownHeight, width: shownWidth });
  });

  test("a smaller picture is the mean of what is under each pixel", () => {
    const batch: PixelBatch = {
      pixels: Uint8Array.from([0, 100, 200, 100]),
      count: 1,
      channels: 1,
      height: 2,
      width: 2,
    };
    const canvas = makeCanvas(1, 1);
    paintImage(canvas, batch, 0, { left: 0, top: 0, width: 1, height: 1 });
    expect([...canvas.pixels]).toEqual([100, 100, 100]);
  });

  test.each([
    [2, [7, 7, 7]],
    [4, [7, 8, 9]],
  ])("of %d channels, the visible ones are shown", (channels, expected) => {
    const pixels = Uint8Array.from([7, 8, 9, 10]).subarray(0, channels);
    const canvas = makeCanvas(1, 1);
    paintImage(canvas, { pixels, count: 1, channels, height: 1, width: 1 }, 0, {
      left: 0,
      top: 0,
      width: 1,
      height: 1,
    });
    expect([...canvas.pixels]).toEqual(expected);
  });
});
