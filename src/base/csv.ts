/** Fields of comma-separated values (RFC 4180) that no spreadsheet runs. */

/** What a spreadsheet would take for a formula and run. */
const formula = /^[=+\-@\t\r]/;

/** A path that no spreadsheet takes for a formula, and that still leads to the file. */
export function asPath(path: string): string {
  return formula.test(path) ? `./${path}` : path;
}

/** A text that no spreadsheet takes for a formula: an apostrophe before it says that it is text. */
export function asText(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

/** As `asText`; a number stays one, a negative one too. */
export function asCell(text: string): string {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? text : asText(text);
}

/** A CSV field: quoted where it holds a comma, a quote or a line break. */
export function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A row of texts and numbers. */
export function csvRow(cells: readonly string[]): string {
  return cells.map((cell) => quote(asCell(cell))).join(",");
}
