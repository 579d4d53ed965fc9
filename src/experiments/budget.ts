/** From a budget of time to steps and seeds, and from steps to time. */
import { ConfigError, setting, showDuration } from "../base/index.ts";
import type { Speeds } from "./speed.ts";

/** Steps of every model of a seed. The local model is trained beside the plain one, for as many steps. */
export interface StepCounts {
  /** 0 where a general model is there already. */
  readonly general: number;
  readonly plain: number;
  readonly margin: number;
  readonly outlier: number;
}

/** Steps of the models of the supervised setting: the class-conditional flow, and each of the two classifiers. */
export interface SupervisedSteps {
  readonly classes: number;
  readonly classifier: number;
}

/** What is trained in addition to what every plan trains. */
export interface Extent {
  readonly general: boolean;
  readonly supervised: boolean;
}

const usual: Extent = { general: true, supervised: false };

/** Steps of all models of a seed. */
export interface PlannedSteps {
  readonly steps: StepCounts;
  readonly supervised: SupervisedSteps | null;
}

/** How many images there are, which decides over reading and scoring. */
export interface ImageCounts {
  readonly normal: number;
  readonly general: number;
  /** Of all test sets together. */
  readonly test: number;
}

/** Shares of a seed's training time, relative to each other; plain and local together, the two classifiers together. */
const shares = { general: 0.4, plain: 0.25, outlier: 0.25, margin: 0.1, classes: 0.25, classifiers: 0.15 } as const;

/**
 * What a step costs, in steps of maximum likelihood: two batches go through the flow, and with the outlier loss one through the general
 * model too, forwards only.
 */
const stepCosts = { outlier: 2.33, margin: 2, classes: 2.33 } as const;

/** What a step of both classifiers costs, in steps of one on one batch: the exposed one sees two. */
const classifierCost = 3;

/**
 * How many graphs a test image goes through: normal, general and local of plain, normal and general of margin and of outlier; in the
 * supervised setting also those of the class-conditional flow, and as many as the classifiers cost.
 */
const graphsPerImage = { usual: 7, supervised: 3 } as const;

/** Starting, compiling and writing a model, seconds. */
const overheadPerModel = 6;
const modelsPerSeed = { usual: 4, supervised: 2 } as const;

/** Drawing the page, seconds. */
const pageSeconds = 30;

/** By how much looks at held-out images and the like make the time of all steps longer. */
const besidesSteps = 1.08;

/** With fewer steps of the general model a seed is not worth its time. */
export const leastGeneralSteps = 1000;
/** With fewer steps of plain fine-tuning a seed is not worth its time, where a general model is there already. */
export const leastPlainSteps = 400;

/** The steps that the training of a seed can take in some seconds. */
function stepsWithin(
  seconds: number,
  { step, localStep, classifierStep }: Speeds,
  { general, supervised }: Extent,
): PlannedSteps {
  const absent = (general ? 0 : shares.general) + (supervised ? 0 : shares.classes + shares.classifiers);
  const all = Object.values(shares).reduce((sum, share) => sum + share, 0) - absent;
  const within = (share: number, cost: number): number =>
    Math.max(1, Math.floor((seconds * share) / all / besidesSteps / cost));
  return {
    steps: {
      general: general ? within(shares.general, step) : 0,
      plain: within(shares.plain, step + localStep),
      margin: within(shares.margin, stepCosts.margin * step),
      outlier: within(shares.outlier, stepCosts.outlier * step),
    },
    supervised: supervised
      ? {
          classes: within(shares.classes, stepCosts.classes * step),
          classifier: within(shares.classifiers, classifierCost * classifierStep),
        }
      : null,
  };
}

/** How many seconds the seeds and the page take. */
export function estimateSeconds(
  { steps, supervised }: PlannedSteps,
  seeds: number,
  speeds: Speeds,
  counts: ImageCounts,
): number {
  const { step, localStep, classifierStep } = speeds;
  const training =
    steps.general * step +
    steps.plain * (step + localStep) +
    steps.margin * stepCosts.margin * step +
    steps.outlier * stepCosts.outlier * step +
    (supervised
      ? supervised.classes * stepCosts.classes * step + supervised.classifier * classifierCost * classifierStep
      : 0);
  return seeds * (training * besidesSteps + overheadOfSeed(speeds, counts, supervised !== null)) + pageSeconds;
}

/** Reading, compiling and scoring of one seed, seconds. */
function overheadOfSeed(
  { score, readNormal, readGeneral }: Speeds,
  { normal, general, test }: ImageCounts,
  supervised: boolean,
): number {
  const total = (counts: { readonly usual: number; readonly supervised: number }): number =>
    counts.usual + (supervised ? counts.supervised : 0);
  const reading = (supervised ? 5 : 3) * (normal * readNormal + general * readGeneral);
  return reading + total(modelsPerSeed) * overheadPerModel + total(graphsPerImage) * test * score;
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
  extent: Extent = usual,
): PlannedSteps & { readonly seeds: number } {
  const overhead = overheadOfSeed(speeds, counts, extent.supervised);
  for (let seeds = wanted; seeds >= 1; seeds--) {
    const training = (seconds - pageSeconds) / seeds - overhead;
    if (training <= 0) continue;
    const planned = stepsWithin(training, speeds, extent);
    const { general, plain } = planned.steps;
    const enough = extent.general ? general >= leastGeneralSteps : plain >= leastPlainSteps;
    if (seeds === 1 || enough) return { seeds, ...planned };
  }
  const least = showDuration(2 * (overhead + pageSeconds));
  throw new ConfigError({
    code: "out-of-range",
    subject: setting("budget"),
    expected: `more than ${showDuration(overhead + pageSeconds)}, which reading and scoring take`,
    got: showDuration(seconds),
    remedy: { key: "other", text: `give ${least} or more, or a smaller ${setting("limit")}` },
  });
}

/** The paper's steps: 250 epochs of every model (Schirrmeister et al. 2020, default of the authors' code, invglow/main.py). */
export function paperSteps(counts: ImageCounts, batch: number, extent: Extent = usual): PlannedSteps {
  const epochs = 250;
  const stepsOf = (images: number): number => Math.max(1, epochs * Math.floor(images / batch));
  const normal = stepsOf(counts.normal);
  return {
    steps: { general: extent.general ? stepsOf(counts.general) : 0, plain: normal, margin: normal, outlier: normal },
    supervised: extent.supervised ? { classes: normal, classifier: normal } : null,
  };
}
