/** Tables of text: aligned columns for a terminal, or Markdown. Numbers are right-aligned. */
import { displayWidth, pad } from "./text.ts";

/** What a cell can hold; undefined is empty. */
export type Cell = string | number | undefined;

/** One column of a table over rows of any kind. */
export interface Column<Row> {
  readonly heading: string;
  readonly value: (row: Row) => Cell;
  /** Decimal places of numbers; as many as they have where absent. */
  readonly digits?: number;
}

interface TextColumn {
  readonly heading: string;
  readonly side: "left" | "right";
  readonly cells: readonly string[];
  readonly width: number;
}

/** A number with a fixed count of decimals; infinities as `inf` and `-inf`. */
export function showNumber(value: number, digits?: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (digits === undefined) return String(value);
  const text = value.toFixed(digits);
  // -0.0 reads as a mistake.
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** The rows under their headings and a rule, columns two spaces apart, lines without spaces at their ends, no final line break. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const texts = columns.map((column) => textColumn(rows, column, showPlain));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => pad(cell, texts[index]!.width, padded(texts[index]!)))
      .join("  ")
      .trimEnd();
  return [
    line(texts.map(({ heading }) => heading)),
    line(texts.map(({ width }) => "-".repeat(width))),
    ...rows.map((_, index) => line(texts.map(({ cells }) => cells[index]!))),
  ].join("\n");
}

/** The same table in Markdown (GitHub's tables), no final line break. */
export function formatMarkdownTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const texts = columns.map((column) => textColumn(rows, column, escapeMarkdown));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => pad(cell, texts[index]!.width, padded(texts[index]!))).join(" | ")} |`;
  return [
    line(texts.map(({ heading }) => heading)),
    line(texts.map(({ side, width }) => (side === "right" ? `${"-".repeat(width - 1)}:` : "-".repeat(width)))),
    ...rows.map((_, index) => line(texts.map(({ cells }) => cells[index]!))),
  ].join("\n");
}

/** Spaces go to the other side of the text. */
function padded({ side }: TextColumn): "left" | "right" {
  return side === "right" ? "left" : "right";
}

/** Markdown wants three dashes in a rule. */
const leastWidth = 3;

function textColumn<Row>(
  rows: readonly Row[],
  { heading, value, digits }: Column<Row>,
  show: (text: string) => string,
): TextColumn {
  const values = rows.map(value);
  const cells = values.map((cell) => (typeof cell === "number" ? showNumber(cell, digits) : show(cell ?? "")));
  const shownHeading = show(heading);
  // A column is one of numbers where it has one and nothing but numbers and empty cells.
  const filled = values.filter((cell) => cell !== undefined);
  const side = filled.length > 0 && filled.every((cell) => typeof cell === "number") ? "right" : "left";
  return {
    heading: shownHeading,
    side,
    cells,
    width: Math.max(leastWidth, ...[shownHeading, ...cells].map(displayWidth)),
  };
}

/** A cell is one line, and no file name may move the cursor or colour the terminal. */
function showPlain(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}

function escapeMarkdown(text: string): string {
  return showPlain(text).replace(/[\\|*_`<]/g, "\\$&");
}
