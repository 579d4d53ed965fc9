/** The quickstart as the work of a run: images are made, a detector is trained on them. */
import { join } from "node:path";
import { quickstartRequest, writeQuickstartImages } from "../../experiments/index.ts";
import { isRun, runFolder } from "../../train/index.ts";
import type { JobRequest, Work } from "./job-kinds.ts";
import { trainJob } from "./train-job.ts";

/** So long, seconds, that all of the quickstart's images are worth making. */
const wholeTime = 60;
const leastShare = 0.05;

/** The share of the images that a training of so many seconds gets to see. */
function shareFor(time: number): number {
  return Math.min(1, Math.max(leastShare, time / wholeTime));
}

/** Makes the images where no training has begun with them, and trains. */
export const demo: Work<JobRequest<"demo">> = async ({ folder, time, seed }, context) => {
  const images = join(folder, "images");
  const out = join(folder, "detector");
  if (!(context.resumed && (await isRun(runFolder(out))))) {
    context.tell({ kind: "stage", text: "making images" });
    await writeQuickstartImages(images, seed, shareFor(time));
  }
  if (context.signal.aborted) return "paused";
  // Often enough that its pictures show how it learns.
  const checkpointEvery = Math.max(2, time / 20);
  return trainJob({ ...quickstartRequest({ images, out, time, seed }), checkpointEvery }, context);
};
