/** The most anomalous images of a prediction, gathered as they come and drawn on one sheet. */
import { basename } from "node:path";
import type { Detector } from "../detector/index.ts";
import { flaggedColour, renderContactSheet } from "../report/index.ts";
import { ruleLabel } from "../score/index.ts";
import type { Decision } from "./decisions.ts";
import { byScore, type PredictedImage } from "./prediction.ts";

/** An image that may come on the sheet, and its place in the input. */
export type SheetImage = PredictedImage & { readonly index: number };

/** Thumbnails in a row of a contact sheet. */
const sheetColumns = 8;

/** The `count` most anomalous images so far, the earlier ones first among equals. Only their pixels are kept, however many images there are. */
export function keepTop(top: readonly SheetImage[], image: SheetImage, count: number): readonly SheetImage[] {
  if (count === 0 || (top.length === count && byScore(image, top.at(-1)!) >= 0)) return top;
  return [...top, { ...image, pixels: image.pixels.slice() }].sort(byScore).slice(0, count);
}

/** The sheet of the `top` of `total` images as PNG; marked ones are framed. */
export function drawSheet(
  { manifest: { input } }: Detector,
  { score, rule }: Decision,
  top: readonly SheetImage[],
  total: number,
): Promise<Uint8Array> {
  const { channels, height, width } = input;
  return renderContactSheet({
    title: `${top.length} most anomalous of ${total} images by ${score}; framed: marked by ${ruleLabel(rule)}`,
    images: { channels, height, width, count: top.length, pixels: Buffer.concat(top.map(({ pixels }) => pixels)) },
    captions: top.map(({ file, score, pValue, anomalous }) => ({
      name: basename(file),
      score,
      pValue,
      ...(anomalous ? { frame: flaggedColour } : {}),
    })),
    columns: sheetColumns,
  });
}
