/** What a calibration can resolve, in words: which false-alarm rate marks anything, and how many normal images another one takes. */
import { setting } from "../../base/index.ts";
import { leastHalved, leastImagesFor, smallestFalseAlarm } from "../../score/index.ts";

/** The false-alarm rate where none is asked for. */
export const usualFalseAlarm = 0.01;

/** How many of so many held-out images become the reference scores of a new detector: all, or of many those that fit nothing (`calibrateHeldOut`). */
export function referencesAmong(heldOut: number): number {
  return heldOut < leastHalved ? heldOut : Math.ceil(heldOut / 2);
}

/** The smallest rate of two digits at which so many reference images mark anything: never less than 1 / (n + 1), as rounding would be. */
export function markingRate(references: number): number {
  const least = smallestFalseAlarm(references);
  const unit = 10 ** (Math.floor(Math.log10(least)) - 1);
  let steps = Math.floor(least / unit);
  while (Number((steps * unit).toPrecision(2)) < least) steps++;
  return Number((steps * unit).toPrecision(2));
}

/** So many held-out images and any more mark something at a rate in (0, 1). */
function heldOutFor(rate: number): number {
  const references = leastImagesFor(rate);
  const leastOfHalves = referencesAmong(leastHalved);
  return references <= leastOfHalves ? references : 2 * references - 1;
}

/** The fewest normal images, a share of them held out, that mark something at a rate in (0, 1), as every larger number does. */
export function normalImagesFor(rate: number, heldOutShare: number): number {
  const heldOut = heldOutFor(rate);
  let images = Math.max(heldOut, Math.floor((heldOut - 0.5) / heldOutShare) - 1);
  while (Math.round(images * heldOutShare) < heldOut) images++;
  return images;
}

/** How a detector comes to resolve a rate: with more images, or where half of them would do, with more of them held out. */
export function waysToResolve(rate: number, images: number, heldOutShare: number): string {
  const needed = normalImagesFor(rate, heldOutShare);
  const share = Math.ceil((heldOutFor(rate) / images) * 100) / 100;
  const other = share <= 0.5 ? ` or ${setting("heldOut", share)}` : "";
  return `${needed.toLocaleString("en")} normal images${other}`;
}
