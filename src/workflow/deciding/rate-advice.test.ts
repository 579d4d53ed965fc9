import fc from "fast-check";
import { expect, test } from "vitest";
import { decide, smallestFalseAlarm } from "../../score/index.ts";
import { markingRate, normalImagesFor, referencesAmong, waysToResolve } from "./rate-advice.ts";

/** How many reference scores a training on so many images leaves, by the very rounding of its split. */
const references = (images: number, share: number): number =>
  referencesAmong(Math.min(images - 2, Math.max(1, Math.round(images * share))));

test.each([
  [30, 0.033],
  [98, 0.011], // 1/99 is 0.0101: "0.010" would promise what is not so
  [99, 0.01],
  [100, 0.01],
  [1, 0.5],
  [999, 0.001],
  [950, 0.0011],
])("%d references mark something at %d and not below it", (count, rate) => {
  expect(markingRate(count)).toBe(rate);
});

test("the rate that is advised always marks something, and is hardly larger than it must be", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000_000 }), (count) => {
      const least = smallestFalseAlarm(count);
      expect(decide(least, markingRate(count))).toBe(true);
      expect(markingRate(count)).toBeLessThanOrEqual(1.1 * least * (1 + 1e-12));
    }),
    { seed: 11 },
  );
});

test.each([
  [0.005, 0.1, 3965], // 397 held out, 199 of them references
  [0.01, 0.1, 985], // 99 held out, all of them references
  [0.01, 0.4, 247],
  [0.05, 0.1, 185],
  [0.2, 0.1, 35],
])("a rate of %d with %d held out takes %d normal images", (rate, share, images) => {
  expect(normalImagesFor(rate, share)).toBe(images);
  expect(decide(smallestFalseAlarm(references(images - 1, share)), rate)).toBe(false);
});

test("that number and any larger one is enough", () => {
  const rates = fc.double({ min: 0.001, max: 0.5, noNaN: true });
  const shares = fc.double({ min: 0.02, max: 0.5, noNaN: true });
  fc.assert(
    fc.property(rates, shares, fc.nat(300), (rate, share, more) => {
      const images = normalImagesFor(rate, share) + more;
      expect(decide(smallestFalseAlarm(references(images, share)), rate)).toBe(true);
    }),
    { seed: 12 },
  );
});

test("ways out name a share to hold out only where that leaves half of the images", () => {
  expect(waysToResolve(0.01, 600, 0.1)).toBe("985 normal images or \u2039heldOut=0.17\u203a");
  expect(waysToResolve(0.01, 150, 0.1)).toBe("985 normal images");
});
