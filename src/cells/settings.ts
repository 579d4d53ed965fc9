/** What can be chosen of a cell detector, as data. */
import { z } from "zod";

const whole = (least: number) => z.number().int().min(least);

/** Settings of a cell detector with every default. What is looked at, and which faults are drawn, it has from the fault detector beside it. */
export const cellSettingsSchema = z
  .object({
    /** Updates of every plain flow, and of the flow that it becomes under the outlier loss; in a record, of the one that had the fewest. */
    plainSteps: whole(1).default(400),
    steps: whole(1).default(600),
    /** Clean crops of a step, and as many with a fault. */
    crops: whole(1).default(8),
    /** Adam's rates at the start; each falls to zero along half a cosine. */
    plainRate: z.number().positive().default(2e-3),
    learningRate: z.number().positive().default(1e-3),
    /** Flow steps a scale, and hidden channels of their couplings. */
    depth: whole(1).default(4),
    hidden: whole(1).default(32),
    /** Of the outlier loss: lambda and T, both in dimensions of a cell, and what clean cells count beside faulty ones. */
    weight: z.number().positive().default(10),
    temperature: z
      .number()
      .positive()
      .default(1 / 3),
    symmetric: z.number().min(0).default(0.3),
    /** Which scales a cell's ratio is of. */
    scales: z.enum(["all", "final"]).default("all"),
    /** Parts of the images, each scored by the flows that did not see it: unions of the fault detector's folds. */
    folds: whole(2).default(2),
    seed: z.number().int().default(0),
    threads: whole(1).default(1),
  })
  .strict();

/** Settings of a cell detector. */
export type CellSettings = z.infer<typeof cellSettingsSchema>;
