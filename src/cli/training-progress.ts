/** The live line of a training run: share done, step, bits/dim, images/s, time left. */
import { showDuration } from "../base/index.ts";
import type { StepReport } from "../train/index.ts";
import type { WorkflowEvent } from "../workflow/index.ts";
import { type Console, progressBar } from "./console.ts";

type PhaseEvent = Extract<WorkflowEvent, { kind: "phase" }>;

/** Draws the progress of trainings, phase by phase. */
export interface TrainingProgress {
  start(event: PhaseEvent): void;
  step(report: StepReport): void;
}

/** How much of the running means the past keeps each step. */
const memory = 0.95;

/** Draws the progress of all phases on a console. */
export function trainingProgress(output: Console): TrainingProgress {
  let limits: PhaseEvent["limits"] = { steps: null, seconds: null };
  let begun = { step: 0, seconds: 0 };
  let loss: number | undefined;
  let bits: number | undefined;
  let outliers: { loss: number; difference: number } | undefined;
  let accuracy: number | undefined;
  let heldOutAccuracy: number | undefined;
  let speed: number | undefined;
  let heldOut: number | undefined;
  let skipped = 0;
  const smooth = (old: number | undefined, value: number): number =>
    old === undefined || !Number.isFinite(old) ? value : memory * old + (1 - memory) * value;

  return {
    start({ model, limits: given, progress }) {
      output.settle();
      limits = given;
      begun = { step: progress.step, seconds: progress.seconds };
      [loss, bits, outliers, speed] = [undefined, undefined, undefined, undefined];
      [accuracy, heldOutAccuracy] = [undefined, undefined];
      [heldOut, skipped] = [progress.bestBitsPerDimension ?? undefined, progress.skipped];
      const limit = [
        ...(limits.steps === null ? [] : [`${limits.steps} steps`]),
        ...(limits.seconds === null ? [] : [showDuration(limits.seconds)]),
      ];
      const from = progress.step === 0 ? "" : `, going on from step ${progress.step}`;
      output.note(`training the ${model} model (${limit.join(" or ")}${from})`);
    },
    step(report) {
      loss = smooth(loss, report.loss);
      if (report.bitsPerDimension !== undefined) bits = smooth(bits, report.bitsPerDimension);
      const { outlierLoss, outlierDifference } = report.measures;
      if (typeof outlierLoss === "number" && typeof outlierDifference === "number") {
        outliers = {
          loss: smooth(outliers?.loss, outlierLoss),
          difference: smooth(outliers?.difference, outlierDifference),
        };
      }
      const right = accuracyIn(report.measures);
      if (right !== undefined) accuracy = smooth(accuracy, right);
      heldOutAccuracy = (report.heldOut && accuracyIn(report.heldOut.measures)) ?? heldOutAccuracy;
      speed = smooth(speed, report.imagesPerSecond);
      heldOut = report.heldOut?.bitsPerDimension ?? heldOut;
      if (!report.applied) skipped++;
      const { steps, seconds } = limits;
      const share = Math.max(steps === null ? 0 : report.step / steps, seconds === null ? 0 : report.seconds / seconds);
      const secondsAStep = (report.seconds - begun.seconds) / Math.max(1, report.step - begun.step);
      const left = Math.min(
        steps === null ? Number.POSITIVE_INFINITY : (steps - report.step) * secondsAStep,
        seconds === null ? Number.POSITIVE_INFINITY : seconds - report.seconds,
      );
      const parts = [
        `${progressBar(share)} step ${report.step}${steps === null ? "" : `/${steps}`}`,
        bits === undefined ? `loss ${loss.toFixed(3)}` : `${bits.toFixed(3)} bits/dim`,
        ...(heldOut === undefined ? [] : [`held out ${heldOut.toFixed(3)}`]),
        ...(outliers === undefined
          ? []
          : [`outlier loss ${outliers.loss.toFixed(1)}, difference ${outliers.difference.toFixed(0)} nats`]),
        ...(accuracy === undefined ? [] : [`accuracy ${accuracy.toFixed(3)}`]),
        ...(heldOutAccuracy === undefined ? [] : [`held out ${heldOutAccuracy.toFixed(3)}`]),
        `${speed.toFixed(0)} images/s`,
        `${showDuration(left)} left`,
        ...(skipped === 0 ? [] : [`${skipped} steps skipped (not finite)`]),
      ];
      output.live(parts.join("  "));
    },
  };
}

/** The share of images whose class a model finds, where it knows classes. */
function accuracyIn({ classAccuracy, accuracy }: StepReport["measures"]): number | undefined {
  const value = classAccuracy ?? accuracy;
  return typeof value === "number" ? value : undefined;
}
