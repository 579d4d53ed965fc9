/** What a piece of work tells those who watch it, and how they call it off. */
import type { PreparationProblem } from "../data/index.ts";
import type { PhaseName } from "../model/index.ts";
import type { Progress, StepReport } from "../train/index.ts";

/** News of a piece of work, as data: a command line draws them, a service sends them on. Texts may hold settings (`setting` in `base/`). */
export type WorkflowEvent =
  /** Images on their way through a task. */
  | {
      readonly kind: "progress";
      readonly task: "reading" | "scoring" | "measuring" | "drawing";
      /** What is read or scored: a set's name or location. */
      readonly subject: string;
      readonly done: number;
      readonly total: number;
      readonly imagesPerSecond?: number;
    }
  /** A model's training begins, or goes on from the progress of a checkpoint. */
  | {
      readonly kind: "phase";
      readonly model: PhaseName;
      /** What ends it, whichever comes first; null for no limit. */
      readonly limits: { readonly steps: number | null; readonly seconds: number | null };
      readonly progress: Progress;
    }
  /** A step of the model whose phase began last. */
  | { readonly kind: "step"; readonly report: StepReport }
  /** A step of one of the networks that look for local faults. */
  | {
      readonly kind: "faults";
      /** From 1 on. */
      readonly network: number;
      readonly networks: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
    }
  /** A step of one of the pairs of flows that look at cells: of its plain flow, or of what the outlier loss makes of it. */
  | {
      readonly kind: "cells";
      /** From 1 on. */
      readonly pair: number;
      readonly pairs: number;
      readonly flow: "plain" | "outlier";
      readonly step: number;
      readonly steps: number;
      /** Nats a dimension. */
      readonly loss: number;
    }
  /** The task that progress was told of last has ended. */
  | { readonly kind: "settled" }
  /** Images that were left out, and why. */
  | { readonly kind: "skipped"; readonly subject: string; readonly problems: readonly PreparationProblem[] }
  /** What should be known, for those who watch. */
  | { readonly kind: "note"; readonly text: string }
  /** What must not be missed. */
  | { readonly kind: "warning"; readonly text: string };

/** How a caller follows a piece of work, and what it spares it. */
export interface Watch {
  readonly onEvent?: ((event: WorkflowEvent) => void) | undefined;
  /** Calls the work off. Work that can be gone on with saves what it has reached. */
  readonly signal?: AbortSignal | undefined;
  /** Where prepared images are kept for the next time, and how many bytes of them; nowhere where absent. */
  readonly cache?: { readonly folder: string; readonly limit: number } | undefined;
}
