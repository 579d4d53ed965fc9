/** A contact sheet: thumbnails in a grid with name, score and p-value under each, as a PNG. */
import { ConfigError, internalError } from "../../base/index.ts";
import { svgOf } from "../documents/svg.ts";
import { showNumber } from "../documents/table.ts";
import { escapeXml, shortenMiddle } from "../documents/text.ts";
import {
  type Colour,
  checkBatch,
  fillRectangle,
  fitBox,
  growRectangle,
  makeCanvas,
  type PixelBatch,
  paintImage,
  type Rectangle,
} from "./canvas.ts";
import { encodePng, type Overlay } from "./png.ts";

/** What stands under a thumbnail. */
export interface Caption {
  readonly name: string;
  /** Raw score; higher = more anomalous. */
  readonly score: number;
  /** Digits of the score after the point. Default: 1. */
  readonly digits?: number;
  readonly pValue?: number;
  /** Colour of a frame around the thumbnail, such as flaggedColour; none where absent. */
  readonly frame?: Colour;
}

/** What a contact sheet shows. */
export interface ContactSheet {
  readonly images: PixelBatch;
  /** One for each image, in the same order. */
  readonly captions: readonly Caption[];
  readonly columns: number;
  readonly title: string;
}

/** A red that stands out from most pictures, to most colour-blind eyes too. */
export const flaggedColour: Colour = [213, 0, 50];

// All in pixels.
const thumbnail = 128;
const frameWidth = 4;
const cellSide = thumbnail + 2 * frameWidth;
const captionHeight = 38;
const gap = 10;
const margin = 16;
const titleHeight = 32;
const titleSize = 16;
const captionSize = 11;

/** Room for a title over a single image. */
const leastColumns = 2;

/** Pixels a character, on the wide side: bold DejaVu Sans at size 16, and how many of size 11 fit a cell. */
const titleCharacter = 11;
const captionCharacters = Math.floor(cellSide / 7);

/** Where things are on a contact sheet, in pixels. */
interface Layout {
  readonly width: number;
  readonly height: number;
  /** Images in each row but the last. */
  readonly columns: number;
  readonly rows: number;
  /** The square that holds a thumbnail and its frame. */
  readonly cell: (index: number) => Rectangle;
}

/** The layout of `count` images in at most `columns` columns. Throws ConfigError for fewer than one column. */
export function contactSheetLayout(count: number, columns: number): Layout {
  if (!(Number.isInteger(columns) && columns >= 1)) {
    throw new ConfigError({
      code: "out-of-range",
      subject: "contact sheet",
      expected: "at least one column",
      got: String(columns),
    });
  }
  const used = Math.max(1, Math.min(columns, count));
  const rows = Math.ceil(count / used);
  return {
    width: 2 * margin + Math.max(leastColumns, used) * (cellSide + gap) - gap,
    height: 2 * margin + titleHeight + rows * (cellSide + captionHeight + gap),
    columns: used,
    rows,
    cell: (index) => ({
      left: margin + (index % used) * (cellSide + gap),
      top: margin + titleHeight + Math.floor(index / used) * (cellSide + captionHeight + gap),
      width: cellSide,
      height: cellSide,
    }),
  };
}

/**
 * The PNG bytes of a contact sheet. Images smaller than 128 pixels are enlarged by a whole factor, pixel by pixel.
 * Throws ConfigError for fewer than one column, an internal error where pixels, captions and count do not fit.
 */
export async function renderContactSheet({ images, captions, columns, title }: ContactSheet): Promise<Uint8Array> {
  checkBatch(images);
  if (captions.length !== images.count) throw internalError(`${captions.length} captions of ${images.count} images`);
  const layout = withTitle(title, contactSheetLayout(images.count, columns), columns);
  const canvas = makeCanvas(layout.width, layout.height);
  const size = fitBox(images, thumbnail);
  captions.forEach(({ frame }, index) => {
    const cell = layout.cell(index);
    const place = {
      left: cell.left + Math.floor((cellSide - size.width) / 2),
      top: cell.top + Math.floor((cellSide - size.height) / 2),
      ...size,
    };
    if (frame) fillRectangle(canvas, growRectangle(place, frameWidth), frame);
    paintImage(canvas, images, index, place);
  });
  // One overlay a row: the SVG renderer refuses pictures of more than 32,767 pixels a side.
  const rows = Array.from({ length: layout.rows }, (_, row) => captionRow(captions, row, layout));
  return encodePng(canvas, [titleRow(title, layout), ...rows]);
}

/** As wide as the title takes, as far as sheets of so many columns go. */
function withTitle(title: string, layout: Layout, columns: number): Layout {
  const most = 2 * margin + columns * (cellSide + gap) - gap;
  const wanted = 2 * margin + title.length * titleCharacter;
  return { ...layout, width: Math.max(layout.width, Math.min(most, wanted)) };
}

function titleRow(title: string, { width }: Layout): Overlay {
  const fitting = shortenMiddle(title, Math.floor((width - 2 * margin) / titleCharacter));
  const text = `<text x="${margin}" y="${margin + 14}" font-size="${titleSize}" font-weight="bold" fill="#111">${escapeXml(fitting)}</text>`;
  return { svg: svgOf(width, margin + titleHeight, text), left: 0, top: 0 };
}

function captionRow(captions: readonly Caption[], row: number, { width, columns, cell }: Layout): Overlay {
  const first = row * columns;
  const texts = captions.slice(first, first + columns).map(({ name, score, digits = 1, pValue }, column) => {
    const numbers = [showNumber(score, digits), ...(pValue === undefined ? [] : [`p ${showPValue(pValue)}`])].join(
      " \u00b7 ",
    );
    // An inner svg element clips: a name of wide letters must not run into its neighbours.
    return (
      `<svg x="${cell(column).left}" width="${cellSide}" height="${captionHeight}">` +
      `<text x="50%" y="15" fill="#111">${escapeXml(shortenMiddle(name, captionCharacters))}</text>` +
      `<text x="50%" y="31" fill="#555">${escapeXml(numbers)}</text></svg>`
    );
  });
  const content = `<g font-size="${captionSize}" text-anchor="middle">${texts.join("")}</g>`;
  return { svg: svgOf(width, captionHeight, content), left: 0, top: cell(first).top + cellSide };
}

/** Three significant digits: a p-value is never zero, and 0.00995 must not read as 0.01. */
function showPValue(value: number): string {
  return String(Number(value.toPrecision(3)));
}
