/** From a budget of time to steps and seeds, and from steps to time. */
import { ConfigError } from "../../base/index.ts";
import { showDuration } from "../options.ts";
import type { Speeds } from "./speed.ts";

/** Steps of every model of a seed. The local model is trained beside the plain one, for as many steps. */
export interface StepCounts {
  readonly general: number;
  readonly plain: number;
  readonly margin: number;
  readonly outlier: number;
}

/** Numbers of images that time depends on. */
export interface ImageCounts {
  readonly normal: number;
  readonly general: number;
  /** Of all test sets together. */
  readonly test: number;
}

/** Shares of a seed's training time; plain and local together. */
const shares = { general: 0.4, plain: 0.25, outlier: 0.25, margin: 0.1 } as const;

/**
 * What a step costs, in steps of maximum likelihood: two batches go through the flow, and with the outlier loss one through the general
 * model too, forwards only.
 */
const stepCosts = { outlier: 2.33, margin: 2 } as const;

/** Graphs through which a test image goes: normal, general and local of plain, normal and general of margin and of outlier. */
const graphsPerImage = 7;

/** Starting, compiling and writing a model, seconds. */
const overheadPerModel = 6;
const modelsPerSeed = 4;

/** Drawing the page, seconds. */
const pageSeconds = 30;

/** Looks at held-out images and everything else that steps do not count. */
const besidesSteps = 1.08;

/** A seed is not worth its time with a general model of fewer steps. */
export const leastGeneralSteps = 1000;

/** Steps of a seed whose training may take some seconds. */
function stepsWithin(seconds: number, { step, localStep }: Speeds): StepCounts {
  const within = (share: number, cost: number): number =>
    Math.max(1, Math.floor((seconds * share) / besidesSteps / cost));
  return {
    general: within(shares.general, step),
    plain: within(shares.plain, step + localStep),
    margin: within(shares.margin, stepCosts.margin * step),
    outlier: within(shares.outlier, stepCosts.outlier * step),
  };
}

/** Seconds that the seeds and the page take. */
export function estimateSeconds(steps: StepCounts, seeds: number, speeds: Speeds, counts: ImageCounts): number {
  const { step, localStep } = speeds;
  const training =
    steps.general * step +
    steps.plain * (step + localStep) +
    steps.margin * stepCosts.margin * step +
    steps.outlier * stepCosts.outlier * step;
  return seeds * (training * besidesSteps + overheadOfSeed(speeds, counts)) + pageSeconds;
}

/** Reading, compiling and scoring of one seed, seconds. */
function overheadOfSeed({ score, readNormal, readGeneral }: Speeds, { normal, general, test }: ImageCounts): number {
  const reading = 3 * (normal * readNormal + general * readGeneral);
  return reading + modelsPerSeed * overheadPerModel + graphsPerImage * test * score;
}

/**
 * As many of the wanted seeds as the budget allows, at least one, and the steps of each. Throws ConfigError where the budget does not even
 * cover what surrounds training.
 */
export function planSteps(
  seconds: number,
  wanted: number,
  speeds: Speeds,
  counts: ImageCounts,
): { readonly seeds: number; readonly steps: StepCounts } {
  const overhead = overheadOfSeed(speeds, counts);
  for (let seeds = wanted; seeds >= 1; seeds--) {
    const training = (seconds - pageSeconds) / seeds - overhead;
    if (training <= 0) continue;
    const steps = stepsWithin(training, speeds);
    if (seeds === 1 || steps.general >= leastGeneralSteps) return { seeds, steps };
  }
  const least = showDuration(2 * (overhead + pageSeconds));
  throw new ConfigError(
    `reproduce: --budget expects more than ${showDuration(overhead + pageSeconds)}, which reading and scoring take, got ${showDuration(seconds)}; give ${least} or more, or a smaller --limit`,
  );
}

/** The paper's steps: 250 epochs of every model (paper, section 2). */
export function paperSteps(counts: ImageCounts, batch: number): StepCounts {
  const epochs = 250;
  const stepsOf = (images: number): number => Math.max(1, epochs * Math.floor(images / batch));
  const normal = stepsOf(counts.normal);
  return { general: stepsOf(counts.general), plain: normal, margin: normal, outlier: normal };
}
