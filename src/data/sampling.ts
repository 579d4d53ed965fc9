/** Which images go where: held out or trained on, and in which batch. Pure functions of a random key, so a resumed run goes on exactly. */
import { ConfigError, internalError, permutation, type RandomKey } from "../base/index.ts";

/** Indices of images to train on and of images held out, each ascending. */
export interface HeldOutSplit {
  readonly train: Uint32Array;
  readonly heldOut: Uint32Array;
}

/** The fewest images to train on: initialisation divides by their deviation, and a single image has none. */
export const leastTrained = 2;

/**
 * Holds out a random fraction of `count` images, rounded, but at least one, and leaves at least two to train on. Images of one of the `groups`, a
 * number for each image, stay on one side: groups that would be too many are trained on, and where all are too large the smallest is held out.
 *
 * @throws ConfigError for fewer than three images, a fraction outside 0 to 1, or images that are all of one group.
 */
export function splitHeldOut(
  count: number,
  fraction: number,
  key: RandomKey,
  groups?: ArrayLike<number>,
): HeldOutSplit {
  checkHeldOut(count, fraction);
  const held = Math.min(count - leastTrained, Math.max(1, Math.round(count * fraction)));
  const order = permutation(count, key.stream());
  if (groups) return splitGroups(order, held, groups);
  return { train: order.slice(held).sort(), heldOut: order.slice(0, held).sort() };
}

/** Throws ConfigError for fewer than three images or a fraction outside 0 to 1. */
export function checkHeldOut(count: number, fraction: number): void {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new ConfigError({
      code: "out-of-range",
      subject: "held-out images",
      expected: "a fraction between 0 and 1",
      got: String(fraction),
      remedy: { key: "other", text: "try 0.1" },
    });
  }
  if (count < leastTrained + 1) {
    throw new ConfigError({
      code: "too-few-images",
      subject: "held-out images",
      expected: `${leastTrained + 1} images or more, ${leastTrained} to train on and 1 held out`,
      got: String(count),
      remedy: { key: "other", text: "give more images" },
    });
  }
}

/** Holds out whole groups in the order of their first images: single images as they come. */
function splitGroups(order: Uint32Array, wanted: number, groups: ArrayLike<number>): HeldOutSplit {
  const sizes = new Map<number, number>();
  for (const image of order) sizes.set(groups[image]!, (sizes.get(groups[image]!) ?? 0) + 1);
  const chosen = new Set<number>();
  let held = 0;
  for (const [group, size] of sizes) {
    if (held + size > wanted) continue;
    chosen.add(group);
    held += size;
  }
  if (chosen.size === 0) {
    const [smallest] = [...sizes].reduce((least, one) => (one[1] < least[1] ? one : least));
    chosen.add(smallest);
  }
  const heldOut = order.filter((image) => chosen.has(groups[image]!)).sort();
  const train = order.filter((image) => !chosen.has(groups[image]!)).sort();
  if (train.length >= leastTrained) return { train, heldOut };
  throw tooAlike(order.length, sizes.size);
}

/** The error for images that show too few things to be on both sides. */
export function tooAlike(images: number, things: number): ConfigError {
  return new ConfigError({
    code: "too-few-images",
    subject: "held-out images",
    expected: "images of at least 2 different things",
    got: `${images} images of ${things}`,
    remedy: { key: "other", text: "give images of more things" },
  });
}

/**
 * Cuts an endless series of random orders of `indices`, one an epoch, into batches: the sampler gives the indices of batch `step`, a
 * function of (key, step) alone. Every image comes once an epoch; a batch may reach into the next one. Steps in sequence are cheapest.
 */
export function makeSampler(indices: Uint32Array, batchSize: number, key: RandomKey): (step: number) => Uint32Array {
  const { length } = indices;
  if (length === 0) throw internalError("sampler: no indices");
  const epochs = key.fold("epoch");
  let currentEpoch = -1;
  let order: Uint32Array = new Uint32Array(0);
  const orderOf = (epoch: number): Uint32Array => {
    if (epoch !== currentEpoch) {
      order = permutation(length, epochs.fold(epoch).stream());
      currentEpoch = epoch;
    }
    return order;
  };
  return (step) => {
    const batch = new Uint32Array(batchSize);
    for (let position = 0; position < batchSize; position++) {
      const sample = step * batchSize + position;
      batch[position] = indices[orderOf(Math.floor(sample / length))[sample % length]!]!;
    }
    return batch;
  };
}
