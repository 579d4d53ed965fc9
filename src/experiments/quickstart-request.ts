/** What the quickstart trains: settings that show the whole job in a few minutes. */
import { join } from "node:path";
import type { TrainRequest } from "../workflow/index.ts";
import { quickstartShape } from "./quickstart-images.ts";

/** The learning rate falls to a tenth for the last steps of the normal model. */
const steps = { general: 1500, normal: 1000, decay: 900 } as const;

/** Seconds of training where nobody says otherwise. */
export const usualQuickstartTime = 170;

/** Where the quickstart's images are, where its detector goes, and how long it may train in all, seconds. */
export interface QuickstartWish {
  readonly images: string;
  readonly out: string;
  readonly time: number;
  readonly seed: number;
  readonly threads?: number | undefined;
}

/** The training of the quickstart. */
export function quickstartRequest({ images, out, time, seed, threads }: QuickstartWish): TrainRequest {
  return {
    normal: join(images, "train"),
    general: join(images, "general"),
    out,
    size: quickstartShape.height,
    channels: quickstartShape.channels,
    depth: 4,
    width: 48,
    learningRate: 2e-3,
    warmup: 50,
    milestones: [steps.decay],
    steps: steps.normal,
    generalSteps: steps.general,
    time,
    heldOut: 0.2,
    seed,
    threads,
    strict: true,
  };
}
