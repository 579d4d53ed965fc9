/** Examples of synthetic faults, so that a person sees what was looked for. */
import { permutation, randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { cropSide, drawFaultyCrop } from "./batches.ts";
import { exampleOf } from "./fault-patches.ts";
import { atLevels } from "./levels.ts";
import type { FaultSettings } from "./settings.ts";
import type { FaultKind } from "./synthetic/kinds.ts";
import type { NormalImages } from "./training.ts";

/** A crop with a synthetic fault. */
export interface FaultExample {
  readonly kind: FaultKind;
  /** As the network sees it. */
  readonly image: RawImage;
  /** Grey, 255 where the fault is. */
  readonly mask: RawImage;
}

/** Images that are read for examples, at most. */
const mostImages = 16;

/** Draws `count` examples on some of the images, the kinds of the settings in turn. The same seed gives the same examples. */
export async function drawFaultExamples(
  { names, read, patches }: NormalImages,
  settings: FaultSettings,
  count: number,
): Promise<FaultExample[]> {
  const key = randomKey(settings.seed).fold("fault examples");
  const order = permutation(names.length, key.stream()).subarray(0, mostImages);
  const images: (readonly RawImage[])[] = [];
  // Where a set is enlarged only training knows.
  const own = { ...settings, small: "skipped" } as const;
  for (const index of order) images.push(atLevels(await read(index), own).map(({ image }) => image));
  const { turns, light } = settings;
  return Array.from({ length: count }, (_, index) => {
    // One image at a time: those of a set may differ in their channels.
    const levels = images[index % images.length]!;
    const plan = {
      images: [levels],
      examples: patches?.map((patch) => exampleOf(patch, levels[0]!.channels)),
      kinds: [settings.kinds[index % settings.kinds.length] as FaultKind],
      variation: { turns, light },
    };
    const { kind, crop, mask } = drawFaultyCrop(plan, key.fold(index));
    const size = { kind: "raw", height: cropSide, width: cropSide } as const;
    return {
      kind,
      image: { ...size, channels: crop.channels, pixels: Uint8Array.from(crop.values) },
      mask: { ...size, channels: 1, pixels: Uint8Array.from(mask, (seen) => (seen >= 0.5 ? 255 : 0)) },
    };
  });
}
