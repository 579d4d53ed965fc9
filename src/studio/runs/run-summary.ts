/** What is known of a run in short: its log, folded. Pure, so that the pages fold the same way. */
import type { Fault } from "../../base/index.ts";
import type { RunLine, RunState } from "./run-events.ts";

/** The state of a run as its log tells it. */
export interface RunSummary {
  readonly state: RunState;
  /** What it is doing, in words. */
  readonly stage: string;
  /** The model that is trained, and how far; null before and after. */
  readonly phase: {
    readonly model: string;
    readonly steps: number | null;
    readonly seconds: number | null;
    readonly step: number;
    readonly trained: number;
  } | null;
  readonly bits: number | null;
  readonly heldOut: number | null;
  readonly imagesPerSecond: number | null;
  /** Of what can be counted now: from 0 to 1, null where nothing can. */
  readonly share: number | null;
  /** Seconds left of what can be counted now; null where nobody knows. */
  readonly left: number | null;
  readonly warnings: number;
  readonly fault: Fault | null;
  /** What went wrong, in one line. */
  readonly message: string | null;
  /** When it began and last told something, ms since 1970. */
  readonly began: number | null;
  readonly told: number | null;
  /** The name of the latest picture. */
  readonly picture: string | null;
}

/** Of a run that has told nothing. */
export const untold: RunSummary = {
  state: "starting",
  stage: "starting",
  phase: null,
  bits: null,
  heldOut: null,
  imagesPerSecond: null,
  share: null,
  left: null,
  warnings: 0,
  fault: null,
  message: null,
  began: null,
  told: null,
  picture: null,
};

/** How much of the running means the past keeps each step. */
const memory = 0.9;

/** A summary with one more line. */
export function foldLine(summary: RunSummary, line: RunLine): RunSummary {
  const before = { ...summary, told: line.at, began: summary.began ?? line.at };
  switch (line.kind) {
    case "state": {
      const ended = { ...before, state: line.state, phase: null, share: null, left: null, imagesPerSecond: null };
      if (line.state === "failed") return { ...ended, stage: "failed", fault: line.fault, message: line.message };
      if (line.state === "finished") return { ...ended, stage: "finished", share: 1 };
      if (line.state === "paused") return { ...ended, stage: "paused", share: summary.share };
      return { ...ended, stage: "reading images", fault: null, message: null };
    }
    case "stage":
      return { ...before, stage: line.text, share: null, left: null };
    case "progress": {
      const left = line.imagesPerSecond ? (line.total - line.done) / line.imagesPerSecond : null;
      return {
        ...before,
        stage: `${line.task} ${line.subject}`,
        share: line.total > 0 ? line.done / line.total : null,
        left,
        imagesPerSecond: line.imagesPerSecond ?? null,
      };
    }
    case "phase": {
      const phase = {
        model: line.model,
        steps: line.steps,
        seconds: line.seconds,
        step: line.fromStep,
        trained: line.fromSeconds,
      };
      const stage = `training the ${line.model} model`;
      return { ...before, stage, phase, bits: null, imagesPerSecond: null, share: shareOf(phase), left: null };
    }
    case "step": {
      if (!summary.phase) return before;
      const phase = { ...summary.phase, step: line.step, trained: line.seconds };
      return {
        ...before,
        phase,
        bits: smooth(summary.bits, line.bits ?? null),
        heldOut: line.heldOut ?? summary.heldOut,
        imagesPerSecond: smooth(summary.imagesPerSecond, line.imagesPerSecond),
        share: shareOf(phase),
        left: leftOf(phase),
      };
    }
    case "faults": {
      const stage = `training network ${line.network} of ${line.networks} that looks for faults`;
      const share = (line.network - 1 + line.step / line.steps) / line.networks;
      return { ...before, stage, phase: null, share, left: null };
    }
    case "warning":
      return { ...before, warnings: summary.warnings + 1 };
    case "picture":
      return { ...before, picture: line.name };
    default:
      return before;
  }
}

function smooth(old: number | null, value: number | null): number | null {
  if (value === null) return old;
  return old === null || !Number.isFinite(old) ? value : memory * old + (1 - memory) * value;
}

type Phase = NonNullable<RunSummary["phase"]>;

function shareOf({ steps, seconds, step, trained }: Phase): number | null {
  if (steps === null && seconds === null) return null;
  return Math.min(1, Math.max(steps === null ? 0 : step / steps, seconds === null ? 0 : trained / seconds));
}

/** By the mean speed of the phase so far, as what it learned before a pause counts, too. */
function leftOf({ steps, seconds, step, trained }: Phase): number | null {
  const bySteps = steps === null || step === 0 ? Number.POSITIVE_INFINITY : ((steps - step) * trained) / step;
  const byTime = seconds === null ? Number.POSITIVE_INFINITY : seconds - trained;
  const left = Math.min(bySteps, byTime);
  return Number.isFinite(left) ? Math.max(0, left) : null;
}
