/** What the service and its engine processes say to each other. */
import type { Device, Fault } from "../base/index.ts";

/** How an engine process computes: its only argument, as JSON. */
export interface WorkerSettings {
  readonly threads: number;
  readonly device: Device;
  /** Most pixels that an image file may announce. */
  readonly maxPixels: number;
}

/** An image to be scored: pixels uint8 [C, H, W], or a file. */
export type WorkerImage =
  | { readonly kind: "pixels"; readonly pixels: Uint8Array }
  | { readonly kind: "encoded"; readonly bytes: Uint8Array };

/** To an engine process. Messages are worked off one after another. */
export type ToWorker =
  /** Load and check the detector in a folder; it is called `key` from now on. */
  | { readonly kind: "load"; readonly key: string; readonly folder: string }
  | { readonly kind: "unload"; readonly key: string }
  | {
      readonly kind: "score";
      readonly batch: number;
      readonly key: string;
      readonly coders: boolean;
      /** Maps are drawn, as those of images that are judged by this score. */
      readonly map: string | undefined;
      readonly images: readonly WorkerImage[];
    };

/** What became of one image. */
export type ImageOutcome =
  | {
      readonly kind: "scored";
      /** Every score by name. */
      readonly scores: Readonly<Record<string, number>>;
      /** For every score that joins others: the one that stands out most. */
      readonly spokesmen: Readonly<Record<string, string>>;
      readonly predictedClass?: string | null;
      readonly classProbability?: number | null;
      /** The picture of its map, a PNG. */
      readonly map?: Uint8Array;
    }
  /** It has no score, and why. */
  | { readonly kind: "refused"; readonly tooLarge: boolean; readonly reason: string };

/** From an engine process. `resident`: the bytes of memory that it has. */
export type FromWorker =
  | { readonly kind: "loaded"; readonly key: string; readonly resident: number }
  | { readonly kind: "not-loaded"; readonly key: string; readonly fault: Fault }
  | {
      readonly kind: "outcomes";
      readonly batch: number;
      readonly outcomes: readonly ImageOutcome[];
      readonly resident: number;
    }
  | { readonly kind: "failed"; readonly batch: number; readonly fault: Fault };
