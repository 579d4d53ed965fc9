/** What a page and its engine's worker tell each other: plain data, so that it can be cloned. */
import type { Fault } from "../../src/base/index.ts";
import type { Manifest } from "../../src/detector/portable.ts";

/** What computes: WebAssembly on the processor, or WebGPU on the graphics card. */
export type WebDevice = "wasm" | "webgpu";

/** Where the engine's own files lie, as addresses. */
export interface EngineFiles {
  /** ONNX Runtime's WebAssembly and the script that goes with it. */
  readonly wasm: string;
  readonly mjs: string;
  /** The same with WebGPU, which is twice as large and only loaded when asked for. */
  readonly webgpuWasm: string;
  readonly webgpuMjs: string;
  /** libjpeg-turbo. */
  readonly jpeg: string;
}

/** How an engine is set up. */
export interface EngineSetting {
  readonly device: WebDevice;
  /** More than one needs a page that is isolated from other origins. */
  readonly threads: number;
  readonly files: EngineFiles;
}

/** Files of a detector: served in a folder, or at hand by name. */
export type DetectorFiles =
  | { readonly kind: "served"; readonly folder: string }
  | { readonly kind: "at-hand"; readonly name: string; readonly files: readonly NamedBlob[] };

/** A file by its name or path. */
export interface NamedBlob {
  readonly name: string;
  readonly blob: Blob;
}

/** A part of loading: bytes that have come, of so many where the server says. */
export interface LoadProgress {
  readonly part: "engine" | "detector";
  readonly bytes: number;
  readonly total: number | undefined;
}

/** A small picture of what the detector saw: uint8 [height, width, channels], 1 or 3 channels. */
export interface Thumbnail {
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** What is said of one file. */
export type ScoredFile = ScoredImage | { readonly name: string; readonly reason: string };

/** An image with its scores. */
export interface ScoredImage {
  readonly name: string;
  /** By the score that was asked for; higher is more anomalous. */
  readonly score: number;
  /** The share of normal images that score as high. */
  readonly pValue: number;
  /** Every score that came with it, by name. */
  readonly scores: Readonly<Record<string, number>>;
  readonly thumbnail: Thumbnail | undefined;
}

/** Raw pixels, such as a camera's: RGBA, rows from the top. */
export interface Frame {
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  readonly height: number;
  readonly width: number;
}

/** How images are scored. */
export interface ScoringWish {
  readonly score: string;
  /** The longest side of the pictures that come back, in pixels; 0 for none. */
  readonly thumbnail: number;
}

/** What a page asks of the worker that scores. */
export type ScoringCall =
  | { readonly call: "open"; readonly engine: EngineSetting; readonly detector: DetectorFiles }
  | { readonly call: "score"; readonly files: readonly NamedBlob[]; readonly wish: ScoringWish }
  | { readonly call: "frames"; readonly frames: readonly Frame[]; readonly wish: ScoringWish };

/** Normal images to train on: made by the program, or a person's. */
export type TrainingImages =
  | { readonly kind: "made"; readonly count: number }
  | { readonly kind: "files"; readonly name: string; readonly files: readonly NamedBlob[] };

/** How a small detector is trained. */
export interface TrainingWish {
  readonly seed: number;
  /** Height and width of the model's images, pixels. */
  readonly size: number;
  readonly generalSteps: number;
  readonly normalSteps: number;
  /** Images of everything, made by the program. */
  readonly generalImages: number;
}

/** What a page asks of the worker that trains. */
export interface TrainingCall {
  readonly engine: EngineSetting;
  readonly images: TrainingImages;
  readonly wish: TrainingWish;
}

/** What happens in a training. */
export type TrainingEvent =
  | { readonly kind: "loading"; readonly bytes: number; readonly total: number | undefined }
  | {
      readonly kind: "step";
      readonly phase: "general" | "normal";
      readonly step: number;
      readonly steps: number;
      /** Bits/dim of the batch, and of held-out images where they were looked at. */
      readonly bits: number | null;
      readonly heldOutBits: number | null;
      readonly imagesPerSecond: number;
    }
  | { readonly kind: "calibrating" };

/** A detector that was trained in a page. */
export interface TrainedInPage {
  /** Its files by name, the manifest last. */
  readonly files: readonly NamedBlob[];
  readonly input: { readonly channels: number; readonly height: number; readonly width: number };
  /** Normal images, and files that could not be read. */
  readonly images: number;
  readonly skipped: number;
  /** Of held-out normal images. */
  readonly bitsPerDimension: number | null;
  readonly seconds: number;
}

/** What an opened detector says of itself. */
export interface OpenedDetector {
  readonly manifest: Manifest;
  /** The version of the engine. */
  readonly engine: string;
  /** Scores that a page can compute, the best one first. */
  readonly scores: readonly string[];
  /** Why another score than the detector's own decides, in words; undefined where its own does. */
  readonly shortage: string | undefined;
  /** Seconds until the engine was there, and until the detector had reproduced its golden outputs. */
  readonly seconds: { readonly engine: number; readonly detector: number };
}

/** An error on its way out of a worker. */
export interface ErrorMessage {
  readonly name: string;
  readonly message: string;
  readonly fault: Fault | undefined;
}

/** A call with its number, so that answers find it. */
export type Numbered<Call> = Call & { readonly id: number };

/** What a worker answers: something on the way, then one result or one error. */
export type Answer =
  | { readonly id: number; readonly kind: "event"; readonly event: unknown }
  | { readonly id: number; readonly kind: "result"; readonly result: unknown; readonly sentBytes: number }
  | { readonly id: number; readonly kind: "error"; readonly error: ErrorMessage; readonly sentBytes: number };
