/**
 * The batches of one phase: normal images, and beside them what its objective asks for. Every batch is a function of its step alone, so a
 * resumed run sees what an undisturbed one would have seen.
 */
import type { RandomKey } from "../base/index.ts";
import { dequantize, type ImageSet, makeBatch, makeSampler } from "../data/portable.ts";
import type { TrainingConfiguration } from "../model/index.ts";
import { oneHotLabels } from "./image-classes.ts";
import { gatherImages, type ImageSplit } from "./image-split.ts";
import type { Likelihoods } from "./likelihoods.ts";
import type { BatchInputs } from "./step.ts";

/** Batches for training, for watching, and for the data-dependent initialisation. */
export interface BatchSource {
  /** The inputs of a training step. */
  training(step: number): Promise<BatchInputs>;
  /** Held-out images without augmentation or noise, always the same ones, in batches of `watchedBatchSize`. */
  watched(): Promise<readonly BatchInputs[]>;
  readonly watchedBatchSize: number;
  /** Data x [C, H, W, n] of up to `most` training images, with `labels` [K, n] where there are classes. */
  adaptation(most: number): BatchInputs;
}

/** Images of a phase and which of them are trained on. */
export interface PhaseImages {
  readonly images: ImageSet;
  readonly split: ImageSplit;
}

/** What a batch is made of. */
export interface BatchIngredients {
  readonly main: PhaseImages;
  /** The main images' classes, which come as one-hot `labels` [K, N]. */
  readonly classes?: readonly string[] | undefined;
  /** A batch of these beside the main one, as `outliers`. */
  readonly outliers?: PhaseImages | undefined;
  /** The frozen general model, which gives `reference`, log p of the outliers, and, with classes, `normalReference` of the main images. */
  readonly general?: Likelihoods | undefined;
  readonly configuration: Pick<TrainingConfiguration, "batchSize" | "augmentation">;
  /** Whether the model's likelihood is of whole levels: then there is no noise inside a level's interval. */
  readonly discrete?: boolean | undefined;
  readonly key: RandomKey;
}

/** Held-out images looked at in one evaluation. */
const mostWatched = 512;

/** Prepares the batches of a phase. */
export function makeBatchSource(ingredients: BatchIngredients): BatchSource {
  const { main, outliers, general, classes, configuration, discrete = false, key } = ingredients;
  const { batchSize } = configuration;
  const outlierKey = key.fold("outliers");
  const normalBatches = sampleBatches(main, configuration, discrete, key);
  const outlierBatches = outliers && sampleBatches(outliers, configuration, discrete, outlierKey);
  // Every watched image counts once: as many batches as it takes, all of one size.
  const available = Math.min(mostWatched, main.split.heldOut.length);
  const watchedBatches = Math.ceil(available / batchSize);
  const watchedBatchSize = Math.floor(available / watchedBatches);

  const labelled = ({ x, indices }: DrawnBatch): BatchInputs => ({
    x,
    ...(classes ? { labels: oneHotLabels(main.images, indices, classes) } : {}),
  });
  const join = async (drawn: DrawnBatch, other: DrawnBatch | undefined): Promise<BatchInputs> => ({
    ...labelled(drawn),
    ...(other ? { outliers: other.x } : {}),
    ...(other && general ? { reference: await general.measure(other.x) } : {}),
    ...(classes && general ? { normalReference: await general.measure(drawn.x) } : {}),
  });

  return {
    watchedBatchSize,
    training: (step) => join(normalBatches(step), outlierBatches?.(step)),
    async watched() {
      const normal = watchedData(main, watchedBatchSize, key);
      const other = outliers && watchedData(outliers, watchedBatchSize, outlierKey);
      const batches: BatchInputs[] = [];
      for (let batch = 0; batch < watchedBatches; batch++) {
        batches.push(await join(normal(batch), other?.(batch)));
      }
      return batches;
    },
    adaptation(most) {
      const { images, split } = main;
      const indices = makeSampler(split.train, Math.min(most, split.train.length), key.fold("adaptation"))(0);
      const pixels = gatherImages(images, indices);
      const noise = discrete ? undefined : key.fold("adaptation noise").stream();
      return labelled({ x: dequantize(pixels, images.specification, noise), indices });
    },
  };
}

/** Data x [C, H, W, n] and the indices of its images. */
interface DrawnBatch {
  readonly x: Float32Array;
  readonly indices: Uint32Array;
}

/** Batch number `step` as data x [C, H, W, N]: sampled, augmented and, unless levels are whole, dequantised, all by the step's own random streams. */
function sampleBatches(
  { images, split }: PhaseImages,
  { batchSize, augmentation }: BatchIngredients["configuration"],
  discrete: boolean,
  key: RandomKey,
): (step: number) => DrawnBatch {
  const sample = makeSampler(split.train, batchSize, key.fold("order"));
  return (step) => {
    const indices = sample(step);
    const pixels = makeBatch(images, indices, augmentation, key.fold("augmentation").fold(step));
    const noise = discrete ? undefined : key.fold("noise").fold(step).stream();
    return { x: dequantize(pixels, images.specification, noise), indices };
  };
}

/** A random choice of held-out images, because folders list them class by class. Always the same, so that values compare. */
function watchedData({ images, split }: PhaseImages, batchSize: number, key: RandomKey): (batch: number) => DrawnBatch {
  const sample = makeSampler(split.heldOut, batchSize, key.fold("watched"));
  return (batch) => {
    const indices = sample(batch);
    return { x: dequantize(gatherImages(images, indices), images.specification), indices };
  };
}
