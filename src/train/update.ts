/**
 * The second half of a training step: from a gradient to new parameters and optimiser state, in place.
 *
 * A loop of our own: as operators of the engine this took a dozen passes over every number, and half as long again with two threads.
 */
import { applyMask, changeGradient, clipFactor, squaredNorm, type UpdateOptions } from "../optim/index.ts";

/** How parameters are changed. */
export interface MaskedUpdateOptions extends UpdateOptions {
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
  /** Whether the update took place: false where loss or squared gradient were not finite float32, and then nothing has changed. */
  readonly applied: boolean;
}

/**
 * One update of parameters and state with the optimiser's scalars, where loss and squared gradient are finite. Masked parameters move
 * neither by gradient nor by decay. The gradient may be changed.
 */
export function updateVectors(
  { gradient, parameters, state }: UpdateVectors,
  loss: number,
  scalars: readonly number[],
  { clipNorm, mask, optimizer, weightDecay }: MaskedUpdateOptions,
): UpdateResult {
  if (mask) applyMask(gradient, mask);
  const squared = squaredNorm(gradient);
  const gradientNorm = Math.sqrt(squared);
  // A square beyond float32 would be infinite in Adam's state, and stay there.
  if (!Number.isFinite(loss + Math.fround(squared))) return { gradientNorm, applied: false };
  const change = { clip: clipFactor(gradientNorm, clipNorm), weightDecay };
  if (mask) {
    changeGradient(gradient, parameters, change);
    applyMask(gradient, mask);
  }
  optimizer.update(parameters, gradient, state, mask ? unchanged : change, scalars);
  return { gradientNorm, applied: true };
}

/** For a gradient that has been clipped and has its decay. */
const unchanged = { clip: 1, weightDecay: 0 };
