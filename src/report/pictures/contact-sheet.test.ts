/** Tests of the contact sheet: places of pictures, frames and captions in a decoded PNG. */
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../base/index.ts";
import { type Colour, makeCanvas } from "./canvas.ts";
import { contactSheetLayout, flaggedColour, renderContactSheet } from "./contact-sheet.ts";
import { decodePng, flatImages } from "./pixel-examples.ts";
import { encodePng } from "./png.ts";

const colours: Colour[] = [
  [200, 210, 220],
  [0, 255, 0],
  [0, 0, 255],
];
const captions = colours.map((_, index) => ({ name: `image-${index}.png`, score: 12.34, pValue: 0.05 }));

/** Whether this machine has a font; text vanishes silently without one. */
async function hasFonts(): Promise<boolean> {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text y="30" font-size="30">M</text></svg>';
  const png = await decodePng(await encodePng(makeCanvas(40, 40), [{ svg, left: 0, top: 0 }]));
  return png.inkIn(0, 0, 40, 40) > 0;
}

const fontsExist = await hasFonts();

describe("contact sheet", () => {
  test("has every picture enlarged in the middle of its cell and framed where marked", async () => {
    const marked = captions.map((caption, index) => (index === 1 ? { ...caption, frame: flaggedColour } : caption));
    const images = flatImages(colours, 32, 32);
    const png = await decodePng(await renderContactSheet({ images, captions: marked, columns: 2, title: "three" }));
    const layout = contactSheetLayout(3, 2);
    expect([png.width, png.height, png.channels]).toEqual([layout.width, layout.height, 3]);
    colours.forEach((colour, index) => {
      const { left, top, width, height } = layout.cell(index);
      const edge = index === 1 ? [...flaggedColour] : [255, 255, 255];
      expect(png.colourAt(left, top)).toEqual(edge);
      expect(png.colourAt(left + 4, top + 4)).toEqual([...colour]);
      expect(png.colourAt(left + width - 5, top + height - 5)).toEqual([...colour]);
      expect(png.colourAt(left + width - 1, top + height - 1)).toEqual(edge);
    });
  });

  test("a picture that is not square keeps its shape and its frame fits it", async () => {
    const images = flatImages([[0, 0, 255]], 16, 32);
    const sheet = { images, captions: [{ name: "wide", score: 1, frame: flaggedColour }], columns: 1, title: "" };
    const png = await decodePng(await renderContactSheet(sheet));
    const { left, top } = contactSheetLayout(1, 1).cell(0);
    expect(png.colourAt(left + 10, top + 4 + 32 - 5)).toEqual([255, 255, 255]);
    expect(png.colourAt(left + 10, top + 4 + 32 - 1)).toEqual([...flaggedColour]);
    expect(png.colourAt(left + 10, top + 4 + 32)).toEqual([0, 0, 255]);
  });

  test.skipIf(!fontsExist)("has ink under every picture, and no name runs into its neighbour", async () => {
    const names = ["a", "W".repeat(200), "<&>\"'\u0007\ud800"];
    const sheet = {
      images: flatImages(colours, 8, 8),
      captions: names.map((name) => ({ name, score: Number.POSITIVE_INFINITY })),
      columns: 3,
      title: "x",
    };
    const png = await decodePng(await renderContactSheet(sheet));
    const { cell } = contactSheetLayout(3, 3);
    for (const index of names.keys()) {
      const { left, top, width, height } = cell(index);
      expect(png.inkIn(left, top + height, width, 20)).toBeGreaterThan(0);
      expect(png.inkIn(left, top + height + 20, width, 18)).toBeGreaterThan(0);
      expect(png.inkIn(left - 10, top + height, 10, 38)).toBe(0);
    }
  });

  test("more columns than pictures leave no empty ones, and no pictures leave the title", async () => {
    expect(contactSheetLayout(3, 100)).toMatchObject({ columns: 3, rows: 1 });
    const png = await decodePng(
      await renderContactSheet({ images: flatImages([], 8, 8), captions: [], columns: 4, title: "none" }),
    );
    expect(png.height).toBe(contactSheetLayout(0, 4).height);
  });

  test("refuses no columns and captions that do not fit", async () => {
    const images = flatImages(colours, 8, 8);
    await expect(renderContactSheet({ images, captions, columns: 0, title: "" })).rejects.toThrow(ConfigError);
    await expect(renderContactSheet({ images, captions: [], columns: 1, title: "" })).rejects.toThrow("internal: ");
  });
});
