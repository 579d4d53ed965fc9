/** The images that the quickstarts make. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ImageShape, randomKey } from "../base/index.ts";
import { writeImages } from "../data/index.ts";
import { anomalousMadeKinds, type MadeKind, makeImages, makeParts, type PartKind } from "../made/index.ts";

/** Small enough for a laptop's few minutes, large enough for three scales. */
export const quickstartShape: ImageShape = { channels: 1, height: 32, width: 32 };
const counts = { train: 4000, general: 6000, test: 400 } as const;
interface MadeSet {
  readonly name: string;
  /** Names the random scenes. The test sets share theirs: image by image they differ in the shape and in nothing else. */
  readonly scene: string;
  readonly kind: MadeKind;
  readonly count: number;
}

const sets: readonly MadeSet[] = [
  { name: "train", scene: "train", kind: "normal", count: counts.train },
  { name: "general", scene: "general", kind: "general", count: counts.general },
  ...(["normal", ...anomalousMadeKinds] as const).map(
    (kind): MadeSet => ({ name: `test-${kind}`, scene: "test", kind, count: counts.test }),
  ),
];

/**
 * Writes the quickstart's images into a folder a set: what is trained on, general images, and a test set of every kind; or the first ones of
 * each, a share of them.
 */
export async function writeQuickstartImages(folder: string, seed: number, share = 1): Promise<void> {
  for (const { name, scene, kind, count: whole } of sets) {
    await mkdir(join(folder, name), { recursive: true });
    const count = Math.ceil(whole * share);
    const made = makeImages({ kind, count, specification: quickstartShape, key: randomKey(seed).fold(scene) });
    await writeImages(made, quickstartShape, join(folder, name));
  }
}

/** Height and width of the parts in pixels. */
const side = 128;

/** In MVTec's layout, which `evaluate` reads by kind, with masks. */
const partSets: readonly { readonly folder: string; readonly kind: PartKind; readonly count: number }[] = [
  { folder: "train/good", kind: "good", count: 50 },
  { folder: "test/good", kind: "good", count: 30 },
  { folder: "test/scratch", kind: "scratch", count: 15 },
  { folder: "test/dent", kind: "dent", count: 15 },
];

/** Writes the parts of the quickstart that looks for faults, with masks of the faulty ones. */
export async function writeQuickstartParts(folder: string, seed: number): Promise<void> {
  const shape = { channels: 1, height: side, width: side };
  for (const { folder: place, kind, count } of partSets) {
    const { pixels, masks, names } = makeParts({ kind, count, side, key: randomKey(seed).fold(place) });
    await writeImages({ pixels, names }, shape, join(folder, place));
    if (kind === "good") continue;
    const masked = names.map((name) => `${name}_mask`);
    await writeImages({ pixels: masks, names: masked }, shape, join(folder, place.replace("test", "ground_truth")));
  }
}
