/** Draws what a flow makes of the same latents while it is trained, at its checkpoints: how it learns, seen. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/index.ts";
import { writeFileAtomic } from "../../data/index.ts";
import { renderImageGrid } from "../../report/index.ts";
import { checkpointTime, sampleRun, type WorkflowEvent } from "../../workflow/index.ts";
import type { RunEvent } from "./run-events.ts";

/** Draws now and then. */
export interface RunDrawer {
  /** Hears of the training. */
  hear(event: WorkflowEvent): void;
  /** Settles when nothing is being drawn. */
  settled(): Promise<void>;
}

const drawn = { count: 16, temperature: 0.7, seed: 0 } as const;
const columns = 8;
/** Side of an image in the picture, pixels. */
const shownSide = 64;
/** Pictures come less and less often: no sooner than after so much of the time so far, nor than this, ms. */
const rareness = 1 / 40;
const least = 1500;
/** Nor so soon that drawing would take more than a twentieth of the time, which is the training's. */
const restful = 20;

/** Draws the flows of the run in `out` into a folder. What goes wrong is told, and costs the training nothing. */
export function runDrawer(out: string, folder: string, tell: (event: RunEvent) => void): RunDrawer {
  const began = performance.now();
  let model: "normal" | "general" | undefined;
  let next = began + least;
  let shown: number | undefined;
  let work: Promise<void> | undefined;
  const draw = async (name: "normal" | "general"): Promise<void> => {
    const time = await checkpointTime({ out, model: name });
    if (time === undefined || time === shown) return;
    const samples = await sampleRun({ out, model: name }, drawn);
    if (!samples) return;
    shown = time;
    const scale = Math.max(1, Math.round(shownSide / Math.max(samples.height, samples.width)));
    const png = await renderImageGrid({ images: samples, columns, scale });
    await mkdir(folder, { recursive: true });
    const picture = `${name}-${String(samples.step).padStart(7, "0")}.png`;
    await writeFileAtomic(join(folder, picture), png);
    tell({ kind: "picture", name: picture, text: `what the ${name} model draws at step ${samples.step}` });
  };
  return {
    hear(event) {
      if (event.kind === "phase") {
        model = event.model === "normal" || event.model === "general" ? event.model : undefined;
        shown = undefined;
      }
      if (!model || work) return;
      const now = performance.now();
      // The training of all models has ended: its last checkpoint is drawn, however soon.
      if (event.kind !== "settled" && (event.kind !== "step" || now < next)) return;
      work = draw(model)
        .catch((error: unknown) => tell({ kind: "note", text: `no picture was drawn: ${messageOf(error)}` }))
        .finally(() => {
          const then = performance.now();
          next = then + Math.max(least, (then - began) * rareness, restful * (then - now));
          work = undefined;
        });
    },
    settled: async () => work,
  };
}
