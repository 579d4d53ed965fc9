/** Fields of comma-separated values (RFC 4180) that no spreadsheet takes for formulas. */

/** What a spreadsheet would take for a formula and run. */
const formula = /^[=+\-@\t\r]/;

/** A path that no spreadsheet takes for a formula, and that still leads to the file. */
export function pathField(path: string): string {
  return quoted(formula.test(path) ? `./${path}` : path);
}

/** A text that no spreadsheet takes for a formula: an apostrophe before it says that it is text. */
export function textField(text: string): string {
  return quoted(formula.test(text) ? `'${text}` : text);
}

/** As `textField`; a number stays one, a negative one too. */
export function cellField(text: string): string {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? quoted(text) : textField(text);
}

/** Quoted where it holds a comma, a quote or a line break. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
