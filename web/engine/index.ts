/**
 * Detectors in a browser: loaded from addresses or files, checked against their golden outputs, and asked about encoded images, all in a worker
 * of their own. Nothing is sent anywhere. Knows no page: who shows something builds on it.
 */
import { callWorker } from "./calls.ts";
import type {
  DetectorFiles,
  EngineFiles,
  Frame,
  LoadProgress,
  NamedBlob,
  OpenedDetector,
  ScoredFile,
  ScoringCall,
  ScoringWish,
  WebDevice,
} from "./messages.ts";
import { bundledFiles, scoringWorker } from "./places.ts";

export type {
  DetectorFiles,
  EngineFiles,
  Frame,
  LoadProgress,
  NamedBlob,
  OpenedDetector,
  ScoredFile,
  ScoredImage,
  Thumbnail,
  TrainedInPage,
  TrainingEvent,
  TrainingImages,
  TrainingWish,
  WebDevice,
} from "./messages.ts";
export { countSentBytes, sentBytes } from "./sent-bytes.ts";
export { trainWebDetector, usualTraining, type WebTrainingOptions } from "./training.ts";

/** How a detector is opened. */
export interface WebDetectorOptions {
  /** Default "wasm". WebGPU needs a page of https or of this machine, and loads 27 MB more. */
  readonly device?: WebDevice;
  /** Threads of WebAssembly. Default 1; more need a page that is isolated from other origins (`crossOriginIsolated`). */
  readonly threads?: number;
  /** Where the engine's files lie. Default: where the build has put them. */
  readonly files?: EngineFiles;
  /** Told of bytes that have come, of the engine and of the detector. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Ends the opening: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How images are scored. */
export interface WebScoringOptions {
  /** The score that decides. Default: the first of the detector's. */
  readonly score?: string;
  /** The longest side of the small pictures that come back, in pixels. Default 0: none. */
  readonly thumbnail?: number;
  /** Images in one run of the engine, and so between two results. Default 16. */
  readonly batchSize?: number;
  /** Ends the scoring after the batch that is on its way. */
  readonly signal?: AbortSignal;
}

/** A detector in a worker of its own. */
export interface WebDetector extends OpenedDetector {
  readonly device: WebDevice;
  /**
   * Scores files in order, batch by batch. A file that cannot be read gives a reason and ends nothing. Throws the signal's reason, and RunError
   * where the engine fails.
   */
  score(files: Iterable<NamedBlob>, options?: WebScoringOptions): AsyncGenerator<ScoredFile, void, void>;
  /** Scores raw pixels, such as a camera's, in one run of the engine. */
  scoreFrames(
    frames: readonly Frame[],
    options?: Pick<WebScoringOptions, "score" | "thumbnail">,
  ): Promise<readonly ScoredFile[]>;
  /** Bytes that the worker has sent out of the page, as it counted them: zero. */
  sentBytes(): number;
  /** Ends the worker at once and gives its memory back. Calls on their way reject with an AbortError. */
  close(): void;
}

/**
 * Opens a detector: from the address of its folder, or from its files by name.
 * Throws ConfigError where there is none, FormatError for damage, RunError where the engine does not load or the detector does not reproduce its
 * golden outputs.
 */
export async function openWebDetector(
  detector: string | URL | { readonly name: string; readonly files: readonly NamedBlob[] },
  { device = "wasm", threads = 1, files = bundledFiles(), onProgress, signal }: WebDetectorOptions = {},
): Promise<WebDetector> {
  signal?.throwIfAborted();
  const worker = callWorker<ScoringCall>(scoringWorker());
  signal?.addEventListener("abort", worker.close, { once: true });
  let opened: OpenedDetector;
  try {
    const call: ScoringCall = { call: "open", engine: { device, threads, files }, detector: locate(detector) };
    opened = (await worker.ask(call, (event) => onProgress?.(event as LoadProgress))) as OpenedDetector;
  } catch (error) {
    worker.close();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", worker.close);
  }
  const wishOf = ({ score = opened.scores[0]!, thumbnail = 0 }: WebScoringOptions = {}): ScoringWish => ({
    score,
    thumbnail,
  });
  return {
    ...opened,
    device,
    async *score(images, options = {}) {
      for (const batch of inBatches(images, options.batchSize ?? 16)) {
        options.signal?.throwIfAborted();
        yield* (await worker.ask({ call: "score", files: batch, wish: wishOf(options) })) as readonly ScoredFile[];
      }
    },
    scoreFrames: (frames, options) =>
      worker.ask({ call: "frames", frames, wish: wishOf(options) }) as Promise<readonly ScoredFile[]>,
    sentBytes: worker.sentBytes,
    close: worker.close,
  };
}

function locate(detector: Parameters<typeof openWebDetector>[0]): DetectorFiles {
  // A worker's relative addresses would be its own.
  if (typeof detector === "string" || detector instanceof URL) {
    return { kind: "served", folder: new URL(detector, globalThis.location.href).href };
  }
  return { kind: "at-hand", ...detector };
}

function* inBatches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
