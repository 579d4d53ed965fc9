/**
 * The second half of a training step: from a gradient to new parameters and optimiser state, in place.
 *
 * One pass over pieces that stay in cache: every number is read from memory once and written once, whatever the optimiser computes with
 * it. As operators of the engine this took three times as long, with two threads, for a dozen passes over every piece.
 */
import { applyMask, clipAndDecay, clipFactor, squaredNorm, type UpdateOptions } from "../optim/index.ts";

/** How parameters are changed. */
export interface UpdaterOptions extends UpdateOptions {
  /** [trainable numbers], 1 where a number is trained and 0 where it stays; undefined trains all. */
  readonly mask?: Float32Array | undefined;
}

/** What an update works on, all of one length. */
export interface UpdateVectors {
  readonly parameters: Float32Array;
  /** State vectors of the optimiser, in its order. */
  readonly state: readonly Float32Array[];
  readonly gradient: Float32Array;
}

/** What an update says of itself. */
export interface UpdateResult {
  /** Norm of the gradient before clipping and weight decay. */
  readonly gradientNorm: number;
  /** Whether the update took place: false where loss or gradient were not finite, and then nothing has changed. */
  readonly applied: boolean;
}

/** Numbers of one piece: five vectors of it fill 640 kB. */
const pieceSize = 2 ** 15;

/**
 * One update of parameters and state where loss and gradient are finite, with the optimiser's scalars. Masked parameters move neither by
 * gradient nor by decay; their gradient becomes 0.
 */
export function updateVectors(
  { gradient, parameters, state }: UpdateVectors,
  loss: number,
  scalars: readonly number[],
  { clipNorm, mask, optimizer, weightDecay }: UpdaterOptions,
): UpdateResult {
  if (mask) applyMask(gradient, mask);
  const gradientNorm = Math.sqrt(squaredNorm(gradient));
  if (!Number.isFinite(loss + gradientNorm)) return { gradientNorm, applied: false };
  const clip = clipFactor(gradientNorm, clipNorm);
  const scratch = new Float32Array(Math.min(pieceSize, gradient.length));
  for (let start = 0; start < gradient.length; start += pieceSize) {
    const piece = (vector: Float32Array): Float32Array => vector.subarray(start, start + pieceSize);
    const moving = piece(parameters);
    const decayed = scratch.subarray(0, moving.length);
    clipAndDecay(decayed, piece(gradient), moving, clip, weightDecay);
    if (mask) applyMask(decayed, piece(mask));
    optimizer.update(moving, decayed, state.map(piece), scalars);
  }
  return { gradientNorm, applied: true };
}
