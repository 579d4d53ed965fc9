/** What can be chosen of an expert on an encoder's features, as data. */
import { z } from "zod";

const whole = (least: number) => z.number().int().min(least);

/** How images are compared: place by place, or each cell with all cells of all images. */
export const encoderModes = ["aligned", "unaligned"] as const;

/** How images are compared. */
export type EncoderMode = (typeof encoderModes)[number];

const fields = z
  .object({
    mode: z.enum(encoderModes),
    /** Side of the square that aligned images become, in pixels, where the encoder takes any size. */
    side: whole(32).default(384),
    /** Side of the square whose area unaligned images have at most, where the encoder takes any size. */
    largest: whole(32).default(384),
    /** Principal components of a cell's features. */
    dimensions: whole(1).default(64),
    /** Cells along each side of aligned images. */
    grid: whole(2).default(32),
    /** Side of the square of cells over which moments are pooled. */
    pooling: whole(1)
      .refine((side) => side % 2 === 1, "expected an odd number")
      .default(5),
    /** How far covariances are drawn towards equal variances. */
    shrinkage: z.number().gt(0).lt(1).default(0.1),
    /** Whether an image's score is taken from its median cell on: what differs everywhere is light or finish. */
    centred: z.boolean().default(true),
    /** Whether features are averaged over 3x3 cells. Unaligned ones are not: what is rare in one cell is lost in the average of nine. */
    averaged: z.boolean().default(true),
    /** Steps of a small flow on whitened features of aligned images, which is kept where it makes held-out cells likelier; 0 for none. */
    flowSteps: whole(0).default(0),
    /** The deviation of a Gaussian that smooths maps, in cells; 0 for none. Default: 1 where features are not aligned. */
    smoothing: z.number().min(0).max(8).default(0),
    /** Vectors that unaligned features are compared with. */
    centres: whole(1).default(2000),
    /** Vectors from which these, and principal components, are found. */
    samples: whole(100).default(20_000),
    /** Parts of the images that hold each other out. */
    folds: whole(2).default(5),
    /** Synthetic faults on every held-out image, which tell what the expert is worth. */
    trials: whole(0).default(2),
    /** Of many images one of so many is tried. */
    tryEvery: whole(1).default(1),
    seed: z.number().int().default(0),
  })
  .strict();

const unalignedDefaults = { averaged: false, smoothing: 1 };

/** Settings of an expert on an encoder's features with every default, some of which go by the mode. */
export const encoderSettingsSchema = z.preprocess(
  (given) =>
    typeof given === "object" && given !== null && "mode" in given && given.mode === "unaligned"
      ? { ...unalignedDefaults, ...given }
      : given,
  fields,
);

/** Settings as records keep them: what those of earlier versions do not say is what these did. */
export const keptSettingsSchema = fields.extend({
  centred: z.boolean().default(false),
  averaged: z.boolean().default(true),
  smoothing: z.number().min(0).max(8).default(0),
});

/** Settings of an expert on an encoder's features. */
export type EncoderSettings = z.infer<typeof fields>;
