/** Text for tables and captions: how wide it shows, shortening, padding, and what XML needs. */

/**
 * Characters as a reader counts them (an emoji of several code points is one). Fixed locale: the splitting rules do not depend on it.
 */
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Scripts whose characters take two columns in a terminal, and emoji. */
const wide =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;

function characters(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Columns that a line of text takes in a terminal. */
export function displayWidth(text: string): number {
  return characters(text).reduce((width, character) => width + (wide.test(character) ? 2 : 1), 0);
}

/** The text within a number of columns: where too long, its middle becomes an ellipsis, for file names differ at their ends. */
export function shortenMiddle(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  const all = characters(text);
  const tail = takeColumns(all.toReversed(), Math.floor((columns - 1) / 2))
    .toReversed()
    .join("");
  return `${takeColumns(all, columns - 1 - displayWidth(tail)).join("")}\u2026${tail}`;
}

function takeColumns(all: readonly string[], columns: number): string[] {
  let used = 0;
  const end = all.findIndex((character) => {
    used += displayWidth(character);
    return used > columns;
  });
  return all.slice(0, end === -1 ? all.length : end);
}

/** Text with spaces before or after it, up to a number of columns. */
export function pad(text: string, columns: number, side: "left" | "right"): string {
  const spaces = " ".repeat(Math.max(0, columns - displayWidth(text)));
  return side === "left" ? spaces + text : text + spaces;
}

/** Text as it may stand in an XML element or attribute. What XML cannot hold at all (control characters, halves of surrogate pairs) becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "\ufffd")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text in lines of at most `columns` columns, broken at spaces and after hyphens; a part that is longer than a line loses its middle. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of text.trim().split(/(?<=\s)(?=\S)|(?<=[\p{L}\p{N}]-)/u)) {
    const fitting = displayWidth(part.trim()) > columns ? shortenMiddle(part.trim(), columns) : part;
    if (line !== "" && displayWidth((line + fitting).trim()) > columns) {
      lines.push(line.trim());
      line = fitting;
    } else line += fitting;
  }
  return line.trim() === "" ? lines : [...lines, line.trim()];
}
