/** A detector as a program holds it: it also scores images in memory. */
import type { ImageSource, StoredImage } from "../../data/index.ts";
import type { Detector } from "../../detector/index.ts";
import type { DecisionOptions } from "../deciding/decisions.ts";
import type { EngineSettings } from "../engine-settings.ts";
import type { Watch } from "../events.ts";
import { type Prediction, predict } from "./prediction.ts";
import { openDetector } from "./scoring.ts";

/** An image in memory: the bytes of a file, or pixels. */
export type MemoryImage = Uint8Array | StoredImage;

/** A detector that scores images in memory. */
export interface LoadedDetector extends Detector {
  /**
   * Judges images in memory as `predict` judges files: the bytes of image files, or raw pixels `{ kind: "raw", pixels, channels, height, width }` of any
   * size, uint8 [C, H, W]. The rows come in the order of the images, called `image 0` and so on.
   *
   * @throws ConfigError for a score that the detector lacks; FormatError for an image that cannot be read; the signal's reason where it calls the work off.
   */
  score(images: readonly MemoryImage[], options?: DecisionOptions, watch?: Watch): Promise<readonly Prediction[]>;
}

/**
 * Loads and checks the detector in a folder; to be disposed of after use.
 *
 * @throws ConfigError where there is none, and for a general model, which has no normal images to compare with; FormatError where it is damaged; RunError where
 * its golden outputs are not those recorded, or the device does not work.
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { loadDetector } from "outglow";
 *
 * const detector = await loadDetector("detector");
 * const [row] = await detector.score([await readFile("new/normal-00000.png")], { falseAlarm: 0.05 });
 * const verdict = row.anomalous ? `odd, p = ${row.pValue}` : "fine";
 * await detector.dispose();
 * ```
 */
export async function loadDetector(folder: string, engine: EngineSettings = {}): Promise<LoadedDetector> {
  const detector = await openDetector(folder, engine);
  return {
    ...detector,
    score: async (images, options = {}, watch = {}) => {
      const rows: Prediction[] = [];
      if (images.length === 0) return rows;
      for await (const row of predict(detector, memorySource(images), { ...options, strict: true }, watch)) {
        const { pixels: _pixels, maps: _maps, ...prediction } = row;
        rows.push(prediction);
      }
      return rows;
    },
  };
}

function memorySource(images: readonly MemoryImage[]): ImageSource {
  return {
    format: "images in memory",
    location: "images",
    subject: "images",
    length: images.length,
    name: (index) => `image ${index}`,
    className: () => undefined,
    splitNames: () => [],
    read: async (index) => {
      const image = images[index]!;
      return image instanceof Uint8Array ? { kind: "encoded", bytes: image } : image;
    },
    channels: async () => 3,
    problems: [],
    leftOut: [],
    remarks: [],
  };
}
