/** Tests of rules in words: what is promised, and what a calibration cannot give. */
import { expect, test } from "vitest";
import { decideBy } from "./decision-rules.ts";
import { type AnyRule, describeRule, describeShortage } from "./rule-words.ts";

const calibrationOf = (count: number) => ({
  count,
  scores: { made: Array.from({ length: count }, (_, index) => index) },
  fits: {},
});

test.each<[AnyRule, string]>([
  [{ kind: "false-alarm", rate: 0.01 }, "at most 1 % of normal images are marked, on average"],
  [{ kind: "budget", images: 20, expected: 5000 }, "at most 20 of 5000 normal images are marked, on average"],
  [
    { kind: "budget", images: 20, expected: 5000, certainty: 0.95 },
    "at most 20 of 5000 normal images are marked, with a certainty of 95 %",
  ],
  [{ kind: "score", above: 12.5 }, "images with a score above 12.5 are marked"],
  [{ kind: "false-discovery", share: 0.05 }, "at most 5 % of the marked images are normal, on average"],
])("%j", (rule, expected) => expect(describeRule(rule)).toBe(expected));

test("a rate below what the calibration resolves is said with the number of images that would", () => {
  const rule = { kind: "false-alarm", rate: 0.01 } as const;
  expect(describeShortage(decideBy(rule, calibrationOf(30), "made"), 30)).toBe(
    "nothing can be marked: at most 1 % of normal images are marked, on average, and that needs a calibration on at least 99 images; this one has 30",
  );
  const small = describeShortage(decideBy(rule, calibrationOf(99), "made"), 99);
  // The real rate is Beta(1, 99): at most 1 - 0.025^(1/99) = 3.66 % with certainty.
  expect(small).toContain("on 99 images is small for a rate of 1 %: with bad luck 3.7 % of normal images are marked;");
  expect(describeShortage(decideBy(rule, calibrationOf(5000), "made"), 5000)).toBeUndefined();
});

test("so is a budget, and a score needs nothing", () => {
  const budget = { kind: "budget", images: 20, expected: 5000 } as const;
  expect(describeShortage(decideBy(budget, calibrationOf(100), "made"), 100)).toContain(
    "at least 249 images; this one has 100",
  );
  const none = { kind: "budget", images: 0, expected: 10 } as const;
  expect(describeShortage(decideBy(none, calibrationOf(100), "made"), 100)).toBe("a budget of no images marks nothing");
  expect(describeShortage(decideBy({ kind: "score", above: 1 }, calibrationOf(3), "made"), 3)).toBeUndefined();
});
