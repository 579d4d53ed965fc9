/** A labelled matrix of images as a PNG: rows and columns with names, and a line of text under every image where wanted. */
import { ConfigError, internalError } from "../../base/index.ts";
import { svgOf } from "../documents/svg.ts";
import { displayWidth, escapeXml, shortenMiddle, wrapText } from "../documents/text.ts";
import { checkBatch, fitBox, makeCanvas, type PixelBatch, paintImage } from "./canvas.ts";
import { encodePng, type Overlay } from "./png.ts";

/** One row. Rows may hold images of different sizes and numbers. */
export interface ImageRow {
  readonly label: string;
  readonly images: PixelBatch;
  /** Lines of text under each image, one array for each image. */
  readonly captions?: readonly (readonly string[])[];
}

/** What an image matrix shows. */
export interface ImageMatrix {
  readonly title: string;
  readonly rows: readonly ImageRow[];
  /** Above the columns; none where absent. */
  readonly columnLabels?: readonly string[];
  /** Sentences below the matrix. */
  readonly notes?: readonly string[];
}

// All in pixels.
const side = 72;
const gap = 10;
const margin = 16;
const titleSize = 16;
const titleLine = 22;
const labelSize = 12;
const labelLine = 16;
const captionSize = 10;
const captionLine = 13;
const longestLabel = 24;
const leastWidth = 480;

/** Pixels a character, on the wide side: DejaVu Sans. */
const characterWidth = 0.62;
const captionCharacters = Math.floor((side + gap - 2) / (captionSize * characterWidth));
const columnCharacters = Math.floor((side + gap - 2) / (labelSize * characterWidth));

/**
 * The PNG bytes of the matrix. Images smaller than 72 pixels are enlarged by a whole factor.
 * Throws ConfigError where there is no image, an internal error where captions do not fit.
 */
export async function renderImageMatrix({
  title,
  rows,
  columnLabels = [],
  notes = [],
}: ImageMatrix): Promise<Uint8Array> {
  const columns = Math.max(0, ...rows.map(({ images }) => images.count));
  if (columns === 0) {
    const subject = `image matrix '${title}'`;
    throw new ConfigError({ code: "too-few-images", subject, expected: "at least one image", got: "none" });
  }
  for (const { images, captions } of rows) {
    checkBatch(images);
    if (captions && captions.length !== images.count) {
      throw internalError(`${captions.length} captions of ${images.count} images`);
    }
  }
  const labels = rows.map(({ label }) => wrapText(label, longestLabel));
  const widest = Math.max(...labels.flat().map(displayWidth));
  const left = margin + Math.ceil(widest * labelSize * characterWidth) + gap;
  const width = Math.max(leastWidth, left + columns * (side + gap) - gap + margin);
  const room = width - 2 * margin;
  const titleLines = wrapText(title, Math.floor(room / (titleSize * 0.68)));
  const heads = columnLabels.map((label) => wrapText(label, columnCharacters));
  const headLines = Math.max(0, ...heads.map(({ length }) => length));
  const noteLines = notes.flatMap((note) => wrapText(note, Math.floor(room / (labelSize * characterWidth))));

  const titleHeight = margin + titleLines.length * titleLine;
  const headHeight = headLines * labelLine + 4;
  const top = titleHeight + headHeight;
  const rowHeights = rows.map(({ captions }, row) => rowHeight(captions, labels[row]!));
  const tops = rowHeights.map((_, row) => top + rowHeights.slice(0, row).reduce((sum, height) => sum + height, 0));
  const bottom = top + rowHeights.reduce((sum, height) => sum + height, 0);
  const canvas = makeCanvas(width, bottom + noteLines.length * labelLine + margin);

  const overlays: Overlay[] = [
    block(width, titleHeight, 0, lines(titleLines, margin, margin + titleSize - 2, titleLine, titleStyle)),
    ...(headLines > 0
      ? [
          block(
            width,
            headHeight,
            titleHeight,
            heads
              .map((head, column) => {
                // The last line of every head stands right above its column.
                const first = (headLines - head.length + 1) * labelLine - 3;
                return lines(head, left + column * (side + gap) + side / 2, first, labelLine, headStyle);
              })
              .join(""),
          ),
        ]
      : []),
  ];
  rows.forEach(({ images, captions }, row) => {
    const size = fitBox(images, side);
    for (let column = 0; column < images.count; column++) {
      paintImage(canvas, images, column, {
        left: left + column * (side + gap) + Math.floor((side - size.width) / 2),
        top: tops[row]! + Math.floor((side - size.height) / 2),
        ...size,
      });
    }
    const label = labels[row]!;
    const middle = Math.max(labelSize, (side - label.length * labelLine) / 2 + labelSize);
    const under = (captions ?? []).map((texts, column) =>
      lines(
        texts.map((text) => shortenMiddle(text, captionCharacters)),
        left + column * (side + gap) + side / 2,
        side + captionLine - 1,
        captionLine,
        captionStyle,
      ),
    );
    overlays.push(
      block(width, rowHeights[row]!, tops[row]!, lines(label, margin, middle, labelLine, labelStyle) + under.join("")),
    );
  });
  if (noteLines.length > 0) {
    overlays.push(
      block(
        width,
        noteLines.length * labelLine + 4,
        bottom,
        lines(noteLines, margin, labelSize, labelLine, labelStyle),
      ),
    );
  }
  return encodePng(canvas, overlays);
}

const titleStyle = `font-size="${titleSize}" font-weight="bold" fill="#111"`;
const labelStyle = `font-size="${labelSize}" fill="#111"`;
const headStyle = `font-size="${labelSize}" fill="#111" text-anchor="middle"`;
const captionStyle = `font-size="${captionSize}" fill="#333" text-anchor="middle"`;

function rowHeight(captions: ImageRow["captions"], label: readonly string[]): number {
  const captionLines = Math.max(0, ...(captions ?? []).map(({ length }) => length));
  return Math.max(side + captionLines * captionLine + (captionLines > 0 ? 4 : 0), label.length * labelLine) + gap;
}

function block(width: number, height: number, top: number, content: string): Overlay {
  return { svg: svgOf(width, height, content), left: 0, top };
}

function lines(texts: readonly string[], x: number, first: number, distance: number, style: string): string {
  return texts
    .map((text, index) => `<text x="${x}" y="${first + index * distance}" ${style}>${escapeXml(text)}</text>`)
    .join("");
}
