/** Nearest spellings. */
import { describe, expect, test } from "vitest";
import { nearestSpelling } from "./index.ts";

describe("nearest spelling", () => {
  test.each([
    ["Ratio", "ratio"],
    ["finalscale", "final-scale"],
    ["likelyhood", "likelihood"],
  ])("%s is %s", (text, expected) =>
    expect(nearestSpelling(text, ["ratio", "final-scale", "likelihood"])).toBe(expected),
  );

  test("of no names is none", () => expect(nearestSpelling("ratio", [])).toBeUndefined());
});
