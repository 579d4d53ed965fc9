/** What a threshold does, in plain words. */
import { beyondChance } from "../../score/index.ts";
import { showNumber } from "../documents/table.ts";
import type { DecisionBins, Stop } from "./decision-bins.ts";

/** A whole number with commas. */
export function showCount(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A share as per cent, with as many digits as a small one needs. */
export function showShare(share: number): string {
  const percent = 100 * share;
  return `${showNumber(percent, percent !== 0 && percent < 0.095 ? 2 : 1)} %`;
}

/** A score with about four digits. */
export function showScore(score: number | undefined): string {
  if (score === undefined) return "none";
  const size = Math.abs(score);
  return showNumber(score, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4);
}

/** An expected number: whole from 10 on, one decimal below. */
function showExpected(value: number): string {
  return value >= 9.95 ? showCount(value) : showNumber(value, 1).replace(/\.0$/, "");
}

const plural = (count: number): string => (count === 1 ? "image" : "images");

/**
 * `37 of 1,600 images marked; expect about 16 false alarms`, and what is known of labelled images. False alarms are expected as if all
 * unlabelled images were normal: an upper end. Of images known to be normal it says where more or fewer are marked than chance explains, that of
 * the calibration's references and theirs together.
 */
export function describeStop({ above, falseAlarm }: Stop, { sets, references }: DecisionBins): string {
  const sums = (kind: DecisionBins["sets"][number]["kind"]) => {
    const chosen = sets.flatMap((set, index) =>
      set.kind === kind ? [{ count: set.count, marked: above[index]! }] : [],
    );
    return {
      count: chosen.reduce((sum, { count }) => sum + count, 0),
      marked: chosen.reduce((sum, { marked }) => sum + marked, 0),
    };
  };
  const [unlabelled, normal, anomalous] = [sums("unlabelled"), sums("normal"), sums("anomalous")];
  const parts: string[] = [];
  if (unlabelled.count > 0) {
    const { marked, count } = unlabelled;
    const expected = falseAlarm === undefined ? "" : `; expect about ${showExpected(falseAlarm * count)} false alarms`;
    parts.push(`${showCount(marked)} of ${showCount(count)} ${plural(count)} marked${expected}`);
  }
  if (normal.count > 0) {
    const { marked, count } = normal;
    const beyond =
      falseAlarm === undefined || references === undefined
        ? undefined
        : beyondChance(marked, count, falseAlarm, references);
    const doubt =
      beyond === undefined ? "" : `, ${beyond} than chance explains where ${showShare(falseAlarm!)} is promised`;
    parts.push(
      `${showCount(marked)} of ${showCount(count)} normal ${plural(count)} marked (${showShare(marked / count)}${doubt})`,
    );
  }
  if (anomalous.count > 0) {
    const { marked, count } = anomalous;
    parts.push(
      `${showCount(marked)} of ${showCount(count)} anomalous ${plural(count)} found (${showShare(marked / count)})`,
    );
  }
  return parts.length === 0 ? "No images" : parts.join("; ");
}

/** A stop for a slider: the threshold, then what it does. */
export function announceStop(stop: Stop, bins: DecisionBins): string {
  const where = stop.score === undefined ? "No threshold" : `Threshold ${showScore(stop.score)}`;
  return `${where}: ${describeStop(stop, bins)}`;
}
