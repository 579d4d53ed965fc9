/** Tests of tables and text. */
import { describe, expect, test } from "vitest";
import { type Cell, type Column, formatMarkdownTable, formatTable, showNumber } from "./table.ts";
import { displayWidth, escapeXml, shortenMiddle } from "./text.ts";

type Row = readonly [string, Cell, Cell];

const columns: Column<Row>[] = [
  { heading: "score", value: ([name]) => name },
  { heading: "AUROC", value: ([, area]) => area, digits: 3 },
  { heading: "n", value: ([, , count]) => count },
];
const rows: Row[] = [
  ["hierarchy", 0.97123, 10],
  ["a|b", Number.POSITIVE_INFINITY, undefined],
  ["\u5199\u771f", -0.0001, 1234],
];

test("plain text: numbers right-aligned, nothing at line ends", () => {
  expect(formatTable(rows, columns).split("\n")).toEqual([
    "score      AUROC     n",
    "---------  -----  ----",
    "hierarchy  0.971    10",
    "a|b          inf",
    "\u5199\u771f       0.000  1234",
  ]);
});

test("Markdown", () => {
  expect(formatMarkdownTable(rows, columns).split("\n")).toEqual([
    "| score     | AUROC |    n |",
    "| --------- | ----: | ---: |",
    "| hierarchy | 0.971 |   10 |",
    "| a\\|b      |   inf |      |",
    "| \u5199\u771f      | 0.000 | 1234 |",
  ]);
});

test("no rows: headings alone, as text", () => {
  expect(formatTable([], columns)).toBe("score  AUROC  n\n-----  -----  ---");
});

test("a cell cannot break its line or colour the terminal", () => {
  const hostile: Row[] = [["a\nb\u001b[31mc", 1, 2]];
  expect(formatTable(hostile, columns).split("\n")).toHaveLength(3);
  expect(formatTable(hostile, columns)).toContain("a b [31mc");
});

test("a column of numbers and text is text", () => {
  expect(
    formatTable(
      [
        ["x", 1, 2],
        ["y", "none", 3],
      ] satisfies Row[],
      columns,
    ).split("\n")[2],
  ).toBe("x      1.000    2");
});

test.each([
  [1, undefined, "1"],
  [0.25, 1, "0.3"],
  [-0.01, 1, "0.0"],
  [Number.NEGATIVE_INFINITY, 2, "-inf"],
  [Number.NaN, 2, "nan"],
])("number %d with %s digits is %s", (value, digits, expected) => expect(showNumber(value, digits)).toBe(expected));

describe("text", () => {
  test.each([
    ["abc", 3],
    ["", 0],
    ["\u5199\u771f", 4],
    ["\ud83d\ude00", 2],
    ["e\u0301", 1],
  ])("%s is %d wide", (text, width) => expect(displayWidth(text)).toBe(width));

  test.each([
    ["short.png", 20, "short.png"],
    ["abcdefghij", 5, "ab\u2026ij"],
    ["abcdefghij", 6, "abc\u2026ij"],
    ["abcdefghij", 1, "\u2026"],
    ["\u5199\u771f\u5199\u771f.png", 8, "\u5199\u771f\u2026png"],
    ["\ud83d\ude00\ud83d\ude00\ud83d\ude00", 5, "\ud83d\ude00\u2026\ud83d\ude00"],
  ])("%s in %d columns is %s", (text, width, expected) => {
    expect(shortenMiddle(text, width)).toBe(expected);
    expect(displayWidth(expected)).toBeLessThanOrEqual(width);
  });

  test("XML cannot be broken out of", () => {
    expect(escapeXml("<a b='1'>&\"")).toBe("&#60;a b=&#39;1&#39;&#62;&#38;&#34;");
    expect(escapeXml("\u0000\ud800x\uffff")).toBe("\ufffd\ufffdx\ufffd");
  });
});
