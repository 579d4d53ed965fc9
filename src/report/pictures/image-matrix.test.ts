/** Tests of the image matrix: images and texts in a decoded PNG. */
import { expect, test } from "vitest";
import { ConfigError } from "../../base/index.ts";
import type { Colour } from "./canvas.ts";
import { renderImageMatrix } from "./image-matrix.ts";
import { decodePng, flatImages } from "./pixel-examples.ts";

const colours: Colour[] = [
  [200, 0, 0],
  [0, 200, 0],
  [0, 0, 200],
];

/** Where each colour is first met, by rows. */
async function placesOf(png: Uint8Array): Promise<({ x: number; y: number } | undefined)[]> {
  const picture = await decodePng(png);
  return colours.map((colour) => {
    for (let y = 0; y < picture.height; y++) {
      for (let x = 0; x < picture.width; x++) {
        if (picture.colourAt(x, y).every((level, channel) => level === colour[channel])) return { x, y };
      }
    }
    return undefined;
  });
}

test("images stand in rows and columns, whatever their size", async () => {
  const png = await renderImageMatrix({
    title: "matrix",
    rows: [
      { label: "first", images: flatImages([colours[0]!, colours[1]!], 8, 8), captions: [["1.5"], ["2.5", "set"]] },
      { label: "second", images: flatImages([colours[2]!], 36, 36) },
    ],
    columnLabels: ["left", "right"],
    notes: ["A note."],
  });
  const [red, green, blue] = await placesOf(png);
  expect(green).toEqual({ x: red!.x + 82, y: red!.y });
  expect(blue!.x).toBe(red!.x);
  expect(blue!.y).toBeGreaterThan(red!.y + 72 + 2 * 13);
});

test("long labels make room for themselves", async () => {
  const image = flatImages([colours[0]!], 8, 8);
  const label = "a label of many words that stands in several lines beside its image ".repeat(3);
  const [place] = await placesOf(await renderImageMatrix({ title: "t", rows: [{ label, images: image }] }));
  const [short] = await placesOf(await renderImageMatrix({ title: "t", rows: [{ label: "x", images: image }] }));
  expect(place!.x).toBeGreaterThan(short!.x);
});

test("refuses no images and captions that do not fit", async () => {
  await expect(renderImageMatrix({ title: "none", rows: [] })).rejects.toThrow(ConfigError);
  const rows = [{ label: "x", images: flatImages([colours[0]!], 8, 8), captions: [] }];
  await expect(renderImageMatrix({ title: "x", rows })).rejects.toThrow("internal: ");
});
