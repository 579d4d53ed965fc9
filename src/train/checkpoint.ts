/** Checkpoints: everything that the next step depends on, in one safetensors file that is written whole or not at all. */
import { readFile } from "node:fs/promises";
import { FormatError } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import { readTensors, type StoredTensor, writeTensors } from "../nn/index.ts";
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
  /** Lowest held-out bits/dim and the evaluations since. */
  readonly best: number | null;
  readonly evaluationsSinceBest: number;
  readonly finished: boolean;
}

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
  evaluationsSinceBest: 0,
  finished: false,
};

/** Saves a checkpoint. Throws RunError where the disk refuses, leaving the last one as it was. */
export async function saveCheckpoint(path: string, { progress, state, best }: Checkpoint): Promise<void> {
  const vector = (data: Float32Array): StoredTensor => ({ shape: [data.length], data });
  const tensors: Record<string, StoredTensor> = {
    trainable: vector(state.parameters.trainable),
    fixed: vector(state.parameters.fixed),
  };
  for (const [index, data] of state.optimizer.entries()) tensors[`optimizer${index}`] = vector(data);
  if (best) tensors.best = vector(best);
  await writeFileAtomic(path, writeTensors({ tensors, metadata: { progress: JSON.stringify(progress) } }));
}

/** The checkpoint at a path, or undefined where there is none. Throws FormatError where it is damaged. */
export async function loadCheckpoint(path: string): Promise<Checkpoint | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new FormatError(`checkpoint: could not read '${path}': ${error.message}`);
  });
  if (!bytes) return undefined;
  const where = `checkpoint '${path}'`;
  const { tensors, metadata } = readTensors(bytes, where);
  const vector = (name: string): Float32Array => {
    const data = tensors[name]?.data;
    if (!(data instanceof Float32Array))
      throw new FormatError(`${where}: expected a float32 tensor '${name}', got none`);
    return data;
  };
  if (!metadata.progress) throw new FormatError(`${where}: expected its progress, got none`);
  return {
    progress: JSON.parse(metadata.progress) as Progress,
    state: {
      parameters: { trainable: vector("trainable"), fixed: vector("fixed") },
      optimizer: Object.keys(tensors)
        .filter((name) => name.startsWith("optimizer"))
        .sort()
        .map(vector),
    },
    best: tensors.best ? vector("best") : undefined,
  };
}
