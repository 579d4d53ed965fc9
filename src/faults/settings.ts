/** What can be chosen of a fault detector, as data. */
import { z } from "zod";
import { allFaultKinds, faultKinds } from "./synthetic/kinds.ts";

const whole = (least: number) => z.number().int().min(least);

/** Settings of a fault detector with every default. */
export const faultSettingsSchema = z
  .object({
    /** Sides in pixels of the squares whose area an image has when it is looked at; multiples of 8, from 64 on. */
    levels: z
      .array(whole(64).refine((level) => level % 8 === 0, "expected a multiple of 8"))
      .min(1)
      .default([256, 128, 64]),
    /** Whether images keep their proportions or become squares. */
    aspect: z.enum(["kept", "stretched"]).default("kept"),
    /** Levels that an image is too small for: skipped, or the image is enlarged to those that at least half of all images have. */
    small: z.enum(["skipped", "enlarged"]).default("skipped"),
    /** Updates of every network; in a record, of the one that had the fewest. */
    steps: whole(1).default(1000),
    /** Clean crops of a step, and as many with a fault. */
    crops: whole(1).default(8),
    /** Adam's rate at the start; it falls to zero along half a cosine. */
    learningRate: z.number().positive().default(2e-3),
    /** Channels of the first layer; the last has eight times as many. */
    width: whole(1).default(16),
    /** Parts of the images, each scored by the network that did not see it. */
    folds: whole(2).default(5),
    /** Which synthetic faults are drawn; `like` needs examples. */
    kinds: z
      .array(z.enum(allFaultKinds as [string, ...string[]]))
      .min(1)
      .default([...faultKinds]),
    /** Whether crops are mirrored and turned before a fault is drawn. */
    turns: z.boolean().default(false),
    /** By how much, as a share of the range, brightness and contrast of crops change before a fault is drawn. */
    light: z.number().min(0).max(1).default(0),
    seed: z.number().int().default(0),
    threads: whole(1).default(1),
  })
  .strict();

/** Settings of a fault detector. */
export type FaultSettings = z.infer<typeof faultSettingsSchema>;
