/**
 * Watching a stream of images for drift, per scale, so that it says what drifted: one martingale a column of numbers, and the last images
 * against the calibration.
 *
 *   alarm where the capital of one of K columns ever reached K / a        (each is false with a chance of at most a / K, so any with at most a)
 */
import { ConfigError, internalError, type RandomKey } from "../../base/index.ts";
import { compareSamples, type TwoSampleTest } from "../statistics/two-sample.ts";
import {
  advanceMartingale,
  type betNames,
  capitalOf,
  driftDirection,
  type MartingaleState,
  startMartingale,
} from "./drift-martingale.ts";

/** Columns of numbers about the same images, by name: a score, the log-likelihood of a scale, brightness. */
export type DriftColumns = Readonly<Record<string, ArrayLike<number>>>;

/** The state of a watch: plain data, safe to keep as JSON. */
export interface DriftWatch {
  readonly columns: Readonly<Record<string, MartingaleState>>;
}

/** What a watch says of one column. */
export interface DriftFinding {
  readonly column: string;
  /** Whether it ever reached the threshold. */
  readonly drifted: boolean;
  readonly capital: number;
  readonly highest: number;
  /** What the capital must reach: K / a. */
  readonly threshold: number;
  /** How the numbers changed, where they drifted. */
  readonly direction: (typeof betNames)[number];
}

/** A watch before its first image. Throws ConfigError for too few calibration images. */
export function startWatch(references: DriftColumns, key: RandomKey): DriftWatch {
  const entries = Object.entries(references);
  if (entries.length === 0) throw internalError("a watch over no columns");
  return {
    columns: Object.fromEntries(entries.map(([name, values]) => [name, startMartingale(values, key.fold(name))])),
  };
}

/** The watch after more images, in the order in which they came. `key` is that of startWatch. Throws an internal error for other columns. */
export function advanceWatch({ columns }: DriftWatch, images: DriftColumns, key: RandomKey): DriftWatch {
  return {
    columns: Object.fromEntries(
      Object.entries(columns).map(([name, state]) => {
        if (!Object.hasOwn(images, name)) throw internalError(`a watch without its column ${name}`);
        return [name, advanceMartingale(state, images[name]!, key.fold(name))];
      }),
    ),
  };
}

/**
 * What the watch says at a false-alarm rate: without drift, the chance that any column ever drifts, however long the watch, is at most the
 * rate. The columns that drifted most come first. Throws ConfigError for a rate outside (0, 1).
 */
export function driftFindings({ columns }: DriftWatch, falseAlarm: number): DriftFinding[] {
  if (!(falseAlarm > 0 && falseAlarm < 1)) {
    throw new ConfigError({
      code: "out-of-range",
      subject: "false-alarm rate",
      expected: "a number between 0 and 1",
      got: String(falseAlarm),
    });
  }
  const entries = Object.entries(columns);
  const threshold = entries.length / falseAlarm;
  return entries
    .map(([column, state]) => ({
      column,
      drifted: state.highest >= threshold,
      capital: capitalOf(state),
      highest: state.highest,
      threshold,
      direction: driftDirection(state),
    }))
    .sort((a, b) => b.highest - a.highest);
}

/** One look at a window of the latest images, column by column; p-values times the number of columns (Bonferroni), at most 1. */
export function compareWindow(references: DriftColumns, window: DriftColumns): Record<string, TwoSampleTest> {
  const names = Object.keys(references);
  return Object.fromEntries(
    names.map((name) => {
      if (!Object.hasOwn(window, name)) throw internalError(`a window without its column ${name}`);
      const test = compareSamples(window[name]!, references[name]!);
      return [name, { ...test, pValue: Math.min(1, test.pValue * names.length) }];
    }),
  );
}

/** What the numbers of a scale are about, in plain words. */
export function scaleContent(scale: number, scales: number): string {
  if (scales === 1) return "the image as a whole";
  if (scale === 0) return "fine texture";
  return scale === scales - 1 ? "coarse content" : "shapes of middle size";
}
