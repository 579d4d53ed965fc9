/** Trains a small detector in a worker of its own. */
import { callWorker } from "./calls.ts";
import type {
  EngineFiles,
  TrainedInPage,
  TrainingCall,
  TrainingEvent,
  TrainingImages,
  TrainingWish,
  WebDevice,
} from "./messages.ts";
import { bundledFiles, trainingWorker } from "./places.ts";

/** How a detector is trained in a page. */
export interface WebTrainingOptions extends Partial<TrainingWish> {
  /** Default "wasm". */
  readonly device?: WebDevice;
  /** Where the engine's files lie. Default: where the build has put them. */
  readonly files?: EngineFiles;
  readonly onEvent?: (event: TrainingEvent) => void;
  /** Ends the training at once: the promise rejects with the signal's reason, and nothing is kept. */
  readonly signal?: AbortSignal;
  /** Ends the training after the step that is on its way, with what it has learned. */
  readonly finish?: AbortSignal;
}

/** What is trained where nothing else is said: the quickstart's flows, for a few minutes on one core. */
export const usualTraining: TrainingWish = {
  seed: 0,
  size: 32,
  generalSteps: 300,
  normalSteps: 300,
  generalImages: 2000,
};

/**
 * Trains a detector of grey images: a general flow of made images first, then the flow of the normal ones from its weights, as the command line
 * does. Throws ConfigError for too few images, RunError where the engine fails or training diverges, and the signal's reason.
 */
export async function trainWebDetector(
  images: TrainingImages,
  { device = "wasm", files = bundledFiles(), onEvent, signal, finish, ...wish }: WebTrainingOptions = {},
): Promise<TrainedInPage> {
  signal?.throwIfAborted();
  const worker = callWorker<TrainingCall>(trainingWorker());
  const tellFinish = (): void => worker.tell("finish");
  signal?.addEventListener("abort", worker.close, { once: true });
  finish?.addEventListener("abort", tellFinish, { once: true });
  try {
    const call: TrainingCall = { engine: { device, threads: 1, files }, images, wish: { ...usualTraining, ...wish } };
    return (await worker.ask(call, (event) => onEvent?.(event as TrainingEvent))) as TrainedInPage;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", worker.close);
    finish?.removeEventListener("abort", tellFinish);
    worker.close();
  }
}
