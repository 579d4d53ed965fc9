/** What a piece of work in its own process tells of itself, a line each in its log: plain data, for the studio and its pages. */
import type { Fault } from "../../base/index.ts";

/** What a run may be doing. `lost`: its process ended without a word, as a machine does that loses its power. */
export type RunState = "starting" | "running" | "stopping" | "paused" | "finished" | "failed" | "lost";

/** News of a run. */
export type RunEvent =
  /** The process begins, goes on from what was saved, or ends. */
  | { readonly kind: "state"; readonly state: "running" | "paused" | "finished" }
  | { readonly kind: "state"; readonly state: "failed"; readonly fault: Fault | null; readonly message: string }
  /** A new part of the work, in words. */
  | { readonly kind: "stage"; readonly text: string }
  /** Images on their way through a task. */
  | {
      readonly kind: "progress";
      readonly task: string;
      readonly subject: string;
      readonly done: number;
      readonly total: number;
      readonly imagesPerSecond?: number;
    }
  /** A model's training begins or goes on. */
  | {
      readonly kind: "phase";
      readonly model: string;
      readonly steps: number | null;
      readonly seconds: number | null;
      readonly fromStep: number;
      readonly fromSeconds: number;
    }
  /** A step of the model whose phase began last. Not every step is told. */
  | {
      readonly kind: "step";
      readonly step: number;
      /** Seconds of training so far. */
      readonly seconds: number;
      readonly loss: number;
      readonly bits?: number;
      readonly heldOut?: number;
      readonly imagesPerSecond: number;
    }
  /** A step of one of the networks that look for local faults. */
  | {
      readonly kind: "faults";
      readonly network: number;
      readonly networks: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
    }
  /** Images that were left out, and why. */
  | {
      readonly kind: "skipped";
      readonly problems: readonly { readonly name: string; readonly reason: string }[];
      readonly count: number;
    }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "warning"; readonly text: string }
  /** A picture of what the model draws now was written: `name` in the run's pictures. */
  | { readonly kind: "picture"; readonly name: string; readonly text: string };

/** A line of a run's log: when it was told, ms since 1970, and what. */
export type RunLine = RunEvent & { readonly at: number };
