/** How long a step of training takes here: what a training that has so much time needs to know, as its rate falls along a curve of known length. */
import { randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { cropSide, pixelScale } from "./batches.ts";
import type { FaultSettings } from "./settings.ts";
import { trainNetwork } from "./training.ts";

const [fewSteps, moreSteps] = [2, 10];

/** Seconds a step of a network for images of some channels, measured on noise. */
export async function secondsPerStep(channels: number, settings: FaultSettings): Promise<number> {
  const stream = randomKey("step time").stream();
  const pixels = Uint8Array.from({ length: channels * cropSide ** 2 }, () => stream.integer(256));
  const image: RawImage = { kind: "raw", pixels, channels, height: cropSide, width: cropSide };
  const levels = [[image]];
  const measure = async (steps: number): Promise<number> => {
    const started = performance.now();
    await trainNetwork(levels, pixelScale(levels), { ...settings, steps }, randomKey("step time"));
    return performance.now() - started;
  };
  // The first includes what is done once; the difference does not.
  const few = await measure(fewSteps);
  const more = await measure(moreSteps);
  return Math.max(1e-3, (more - few) / 1000 / (moreSteps - fewSteps));
}
