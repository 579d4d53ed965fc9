/** Tests of line breaking. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { displayWidth, wrapText } from "./text.ts";

test("lines break at spaces and after hyphens, and long parts lose their middle", () => {
  expect(wrapText("one two-three -5", 8)).toEqual(["one two-", "three -5"]);
  expect(wrapText("a abcdefghijklm b", 5)).toEqual(["a", "ab\u2026lm", "b"]);
  expect(wrapText("  ", 5)).toEqual([]);
});

test("no line is too long, and nothing that fits is lost", () => {
  const words = fc.array(fc.stringMatching(/^[a-z-]{1,8}$/), { minLength: 1 });
  fc.assert(
    fc.property(words, fc.integer({ min: 8, max: 40 }), (all, columns) => {
      const lines = wrapText(all.join(" "), columns);
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      expect(lines.join("").replaceAll(" ", "")).toBe(all.join(""));
    }),
    { seed: 20_061_084 },
  );
});
