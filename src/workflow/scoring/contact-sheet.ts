/** The most anomalous images of a prediction, gathered as they come and drawn on one sheet. */
import { basename } from "node:path";
import type { ImageShape } from "../../base/index.ts";
import type { Detector } from "../../detector/index.ts";
import { type Caption, flaggedColour, heatCanvas, renderContactSheet } from "../../report/index.ts";
import { ruleLabel } from "../../score/index.ts";
import type { Decision } from "../deciding/decisions.ts";
import { heatOfJudged } from "../maps/score-maps.ts";
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

/** What a sheet shows of an image. */
type ShownImage = Pick<PredictedImage, "file" | "score" | "pValue" | "anomalous" | "pixels">;

/** The sheet of the `top` of `total` images of one shape as PNG; marked ones are framed. */
export function drawTop(
  { channels, height, width }: ImageShape,
  decision: Pick<Decision, "score" | "rule">,
  top: readonly ShownImage[],
  total: number,
): Promise<Uint8Array> {
  return renderContactSheet({
    title: titleOf(decision, top.length, total),
    images: { channels, height, width, count: top.length, pixels: Buffer.concat(top.map(({ pixels }) => pixels)) },
    captions: top.map(captionOf),
    columns: sheetColumns,
  });
}

/** The same; with `maps` every image is followed by itself with its heat, where there is any. */
export async function drawSheet(
  detector: Detector,
  decision: Decision,
  top: readonly SheetImage[],
  total: number,
  { maps = false }: { readonly maps?: boolean } = {},
): Promise<Uint8Array> {
  const { channels, height, width } = detector.manifest.input;
  const shape = { channels, height, width };
  const heats = maps ? await heatOfJudged(detector, decision.score, top) : undefined;
  if (!heats) return drawTop(shape, decision, top, total);
  const pairs = top.flatMap(({ pixels }, position) => {
    const { heat, range } = heats[position]!;
    return [planarRgb(pixels, shape), planarOf(heatCanvas({ ...shape, pixels, heat, range }).pixels)];
  });
  return renderContactSheet({
    title: `${titleOf(decision, top.length, total)}; each with its map`,
    images: { channels: 3, height, width, count: pairs.length, pixels: Buffer.concat(pairs) },
    captions: top.map(captionOf).flatMap((caption) => [caption, { ...caption, name: `map of ${caption.name}` }]),
    columns: sheetColumns,
  });
}

function captionOf({ file, score, pValue, anomalous }: ShownImage): Caption {
  return { name: basename(file), score, pValue, ...(anomalous ? { frame: flaggedColour } : {}) };
}

function titleOf({ score, rule }: Pick<Decision, "score" | "rule">, shown: number, total: number): string {
  return `${shown} most anomalous of ${total} images by ${score}; framed: marked by ${ruleLabel(rule)}`;
}

/** An image [C, H, W] as RGB [3, H, W]; of other channels the first as grey. */
function planarRgb(pixels: Uint8Array, { channels, height, width }: ImageShape): Uint8Array {
  if (channels === 3) return pixels;
  const first = pixels.subarray(0, height * width);
  return Buffer.concat([first, first, first]);
}

/** RGB [H, W, 3] as [3, H, W]. */
function planarOf(interleaved: Uint8Array): Uint8Array {
  const area = interleaved.length / 3;
  return Uint8Array.from({ length: 3 * area }, (_, at) => interleaved[3 * (at % area) + Math.floor(at / area)]!);
}
