/** What every confidence interval is. */

/** A confidence interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Coverage of every interval. */
export const intervalCoverage = 0.95;
