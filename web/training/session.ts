/** A training in the page: what it is doing and what came of it. It goes on while other pages are looked at. */
import { signal } from "@preact/signals";
import { zipSync } from "fflate";
import { type TrainedInPage, type TrainingEvent, type TrainingImages, trainWebDetector } from "../engine/index.ts";

/** One point of the curve: steps of both phases together. */
export interface CurvePoint {
  readonly step: number;
  readonly bits: number;
}

/** What the training is doing. */
export type TrainingState =
  | { readonly kind: "none" }
  | {
      readonly kind: "running";
      readonly event: TrainingEvent;
      /** Steps taken and to take, in both phases. */
      readonly done: number;
      readonly total: number;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: "done"; readonly trained: TrainedInPage }
  | { readonly kind: "failed"; readonly message: string };

export const training = signal<TrainingState>({ kind: "none" });
/** Bits/dim of held-out images and batches, as far as they are known. */
export const curve = signal<readonly CurvePoint[]>([]);

let ending = new AbortController();
let finishing = new AbortController();

/** Begins a training in the place of the one before. */
export async function train(images: TrainingImages, steps: number): Promise<void> {
  ending.abort();
  const [end, finish] = [new AbortController(), new AbortController()];
  ending = end;
  finishing = finish;
  curve.value = [];
  const total = 2 * steps;
  let began: number | undefined;
  const onEvent = (event: TrainingEvent): void => {
    if (ending !== end) return;
    const done =
      event.kind === "step"
        ? event.step + (event.phase === "normal" ? steps : 0)
        : event.kind === "calibrating"
          ? total
          : 0;
    if (event.kind === "step") {
      began ??= performance.now() - 1;
      // Single batches jump: the curve has every fifth of them.
      if (event.bits !== null && done % 5 === 0) curve.value = [...curve.peek(), { step: done, bits: event.bits }];
    }
    const rate = began === undefined || done < 3 ? null : done / (performance.now() - began);
    training.value = {
      kind: "running",
      event,
      done,
      total,
      secondsLeft: rate === null ? null : (total - done) / rate / 1000,
    };
  };
  onEvent({ kind: "loading", bytes: 0, total: undefined });
  try {
    const wish = { generalSteps: steps, normalSteps: steps, signal: end.signal, finish: finish.signal };
    const trained = await trainWebDetector(images, { ...wish, onEvent });
    if (ending === end) training.value = { kind: "done", trained };
  } catch (error) {
    if (ending !== end) return;
    training.value = end.signal.aborted
      ? { kind: "none" }
      : { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

// What is learned is in the page alone: who closes it is asked first.
window.addEventListener("beforeunload", (event) => {
  if (training.peek().kind === "running") event.preventDefault();
});

/** Ends the training with what it has learned. */
export function finishTraining(): void {
  finishing.abort();
}

/** Ends the training, and forgets it. */
export function abandonTraining(): void {
  ending.abort();
}

/** A detector's files as a zip archive, in a folder; weights do not become smaller by packing. */
export async function zipOf({ files }: TrainedInPage): Promise<Uint8Array<ArrayBuffer>> {
  const contents: Record<string, Uint8Array> = {};
  for (const { name, blob } of files) contents[`detector/${name}`] = new Uint8Array(await blob.arrayBuffer());
  return new Uint8Array(zipSync(contents, { level: 0 }));
}
