/** How far the training of a model is, and what its next step depends on: plain data. */
import type { TrainingState } from "./step.ts";

/** The numbers of a run besides its tensors. */
export interface Progress {
  /** Steps taken; the next one has this number. */
  readonly step: number;
  /** Updates applied: steps less the skipped ones. */
  readonly updates: number;
  /** Steps skipped because of a non-finite loss or gradient, in all and in a row. */
  readonly skipped: number;
  readonly skippedInRow: number;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** Lowest held-out value of the objective, nats an image, and the evaluations since. */
  readonly best: number | null;
  /** Held-out bits/dim at that point; null before it and for models without a likelihood. */
  readonly bestBitsPerDimension: number | null;
  readonly evaluationsSinceBest: number;
  readonly finished: boolean;
  /** The mode that the run has gone over to, because the flow's inverse was too far off for `least`. */
  readonly memory?: "low";
}

/** What a run goes on from. */
export interface Checkpoint {
  readonly progress: Progress;
  readonly state: TrainingState;
  /** The trained parameters that had the best held-out value. */
  readonly best: Float32Array | undefined;
}

/** The progress of a run that has not begun. */
export const noProgress: Progress = {
  step: 0,
  updates: 0,
  skipped: 0,
  skippedInRow: 0,
  seconds: 0,
  best: null,
  bestBitsPerDimension: null,
  evaluationsSinceBest: 0,
  finished: false,
};

/** The sizes that a checkpoint has for a model and an optimiser. */
export interface CheckpointSizes {
  /** Trained numbers of the model, which every vector of the optimiser has too. */
  readonly trainable: number;
  /** Fixed numbers of the model. */
  readonly fixed: number;
  /** State vectors of the optimiser. */
  readonly optimizerVectors: number;
}

/** Keeps the checkpoints of one phase. */
export interface CheckpointStore {
  /** The last one, undefined where there is none. Throws where it has other sizes than those expected. */
  load(expected: CheckpointSizes): Promise<Checkpoint | undefined>;
  save(checkpoint: Checkpoint): Promise<void>;
}
