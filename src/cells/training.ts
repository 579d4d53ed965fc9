/** From normal images, and the folds of a fault detector on them, to a cell detector: a pair of flows a fold, calibrated on what it did not see. */
import { internalError, randomKey } from "../base/index.ts";
import {
  calibrateFold,
  exampleOf,
  type FaultKind,
  type FaultRecord,
  type NormalImages,
  readLevels,
  withChannels,
} from "../faults/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { type BegunCells, sameCells } from "./begun-training.ts";
import { trainFlows } from "./flow-training.ts";
import { type CellFlows, openRatios } from "./flows.ts";
import { type CellDetector, type CellRecord, flowSize } from "./record.ts";
import type { CellSettings } from "./settings.ts";

/** What happens while a cell detector is trained. */
export type CellEvent =
  | { readonly kind: "read"; readonly done: number; readonly count: number }
  | {
      readonly kind: "step";
      readonly fold: number;
      readonly phase: "plain" | "outlier";
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
    }
  /** A former training is gone on with: so many pairs are taken from it, none where its images or settings were others. */
  | { readonly kind: "resumed"; readonly pairs: number }
  | { readonly kind: "scored"; readonly fold: number };

/** Who looks on. */
export interface CellWatch {
  onEvent?(event: CellEvent): void;
  readonly signal?: AbortSignal | undefined;
  /** Seconds that the next pair of flows may take; undefined for no limit. */
  secondsOf?(fold: number): number | undefined;
  /** A training that was stopped: what it finished is not trained again. */
  readonly begun?: BegunCells | undefined;
  /** Keeps what is finished, after every pair; the training goes on when it has. */
  onFlows?(begun: Omit<BegunCells, "seconds">): Promise<void>;
}

/** The record of a training before anything is trained: the folds of `faults`, joined to as many as are wished. */
function beginningRecord(faults: FaultRecord, wished: CellSettings): CellRecord {
  const { channels, pixelScale, images, foldOf, settings, folds } = faults;
  if (!foldOf) throw internalError("cells beside networks that know no folds");
  const { levels, aspect, small, kinds } = settings;
  const count = Math.min(wished.folds, folds.length);
  const joined = foldOf.map((fold) => Math.floor((fold * count) / folds.length));
  const own = { ...wished, folds: count, levels, aspect, small, kinds };
  return { settings: own, channels, pixelScale, images, folds: [], foldOf: joined };
}

/**
 * Trains a cell detector on the images that a fault detector was trained on, in the same order, looked at on the same levels. Each pair of flows does
 * without the kinds of faults that the networks of its folds do without, so that an image can be tried on what is new to both. Throws RunError where training
 * diverges, and the signal's reason where it is aborted.
 */
export async function trainCellDetector(
  images: NormalImages,
  faults: FaultRecord,
  wished: CellSettings,
  { onEvent, signal, secondsOf, begun, onFlows }: CellWatch = {},
): Promise<CellDetector> {
  const key = randomKey(wished.seed).fold("cells");
  const record = beginningRecord(faults, wished);
  const before = sameCells(begun, wished, record);
  if (begun) onEvent?.({ kind: "resumed", pairs: before?.flows.length ?? 0 });
  let detector: CellDetector = before ?? { record, flows: [] };
  const { channels, pixelScale, settings, foldOf } = detector.record;
  if (detector.flows.length === settings.folds) return detector;
  const { levels } = await readLevels(images, settings, {
    signal,
    groups: Uint32Array.from(foldOf), // Known, so that images are not compared again.
    onEvent: (event) => event.kind === "read" && onEvent?.(event),
  });
  const own = levels.map((all) => all.map((level) => withChannels(level, channels)));
  const examples = images.patches?.map((patch) => exampleOf(patch, channels));
  for (let fold = detector.flows.length; fold < settings.folds; fold++) {
    const leftOut = leftOutOf(faults, settings.folds, fold);
    const { steps, ...flows } = await trainFlows(
      own.filter((_, index) => foldOf[index] !== fold),
      pixelScale,
      (settings.kinds as FaultKind[]).filter((kind) => !leftOut.includes(kind)),
      wished,
      key.fold(`fold ${fold}`),
      {
        examples,
        signal,
        seconds: secondsOf?.(fold),
        onStep: (phase, step, count, loss) => onEvent?.({ kind: "step", fold, phase, step, steps: count, loss }),
      },
    );
    const opened = openRatios(
      flowSize(detector.record),
      flows,
      pixelScale,
      nodeEngine({ threads: settings.threads }),
      settings,
    );
    const heldOut = own.filter((_, index) => foldOf[index] === fold);
    const calibrated = await calibrateFold(heldOut, opened, settings.levels).finally(() => opened.dispose());
    detector = withFold(detector, flows, { ...calibrated, leftOut }, steps);
    await onFlows?.({ wished, detector });
    onEvent?.({ kind: "scored", fold });
  }
  return detector;
}

/** The kinds that the networks of a joined fold do without. */
function leftOutOf({ folds }: FaultRecord, count: number, joined: number): string[] {
  return [
    ...new Set(
      folds.flatMap(({ leftOut }, fold) =>
        Math.floor((fold * count) / folds.length) === joined ? (leftOut ?? []) : [],
      ),
    ),
  ];
}

function withFold(
  { record, flows }: CellDetector,
  own: CellFlows,
  fold: CellRecord["folds"][number],
  steps: { readonly plain: number; readonly outlier: number },
): CellDetector {
  const settings = {
    ...record.settings,
    plainSteps: Math.min(record.settings.plainSteps, steps.plain),
    steps: Math.min(record.settings.steps, steps.outlier),
  };
  return { record: { ...record, settings, folds: [...record.folds, fold] }, flows: [...flows, own] };
}
