/**
 * The words by which a request names one of several things, each list once. They lie on the ground floor, away from what they name, so that
 * a command line can offer them and a request can be checked before anything heavy is loaded. The records behind them are keyed by these
 * names: one that is missing does not compile.
 */

/** How a model with a likelihood is built: Glow, local Glow of 8x8 patches, fully-connected Glow, PixelCNN++. Records: `flow/architecture.ts`. */
export const architectures = ["glow", "patch", "dense", "pixelcnn"] as const;
/** The name of an architecture. */
export type Architecture = (typeof architectures)[number];

/**
 * What the normal flow minimises: its negative log-likelihood alone, that with the outlier loss, or that with the margin loss.
 * Records: `train/objective-choice.ts`.
 */
export const objectiveNames = ["nll", "outlier", "margin"] as const;
/** The name of an objective. */
export type ObjectiveName = (typeof objectiveNames)[number];

/** How a gradient becomes an update. Records: `optim/optimizer.ts`. */
export const optimizerNames = ["adamax", "adam"] as const;
/** The name of an optimiser. */
export type OptimizerName = (typeof optimizerNames)[number];

/** Whether a classifier of the normal images' classes sees outliers. */
export const classifierKinds = ["plain", "exposed"] as const;
/** A way to train a classifier. */
export type ClassifierKind = (typeof classifierKinds)[number];

/** How an encoder's features of images are compared: place by place, with all places of all images, or as synthetic faults decide. */
export const encoderPlans = ["auto", "aligned", "unaligned"] as const;
/** A way to judge an encoder's features. */
export type EncoderPlan = (typeof encoderPlans)[number];

/** What a training makes: a detector, or a general model for many detectors. */
export const roles = ["detector", "general"] as const;
/** What a model stands for in its folder. */
export type Role = (typeof roles)[number];

/** What becomes of images of other proportions than the model's: squashed, kept whole with background beside them, or cut to their middle. */
export const fitWays = ["stretch", "pad", "crop"] as const;
/** One of those ways. */
export type FitWay = (typeof fitWays)[number];

/** Black and white of samples of more than 8 bits: as their kind usually has them, or percentiles of the images trained on. */
export const rangeWays = ["usual", "percentiles"] as const;
/** One of those ways. */
export type RangeWay = (typeof rangeWays)[number];

/** Which images are held out: so many by chance, or each by what it shows, so that no image moves when others are added. */
export const splitWays = ["chance", "content"] as const;
export type SplitWay = (typeof splitWays)[number];

/** Keep nothing of a flow's steps, recompute hidden activations, choose by the memory that is free, or keep everything. */
export const memoryModes = ["least", "low", "auto", "fast"] as const;
/** One of those ways. */
export type MemoryMode = (typeof memoryModes)[number];

/** What can run programs. Results are bitwise equal only between runs on the same one. */
export const deviceNames = ["cpu", "webgpu", "cuda"] as const;
/** The name of a device. */
export type Device = (typeof deviceNames)[number];
