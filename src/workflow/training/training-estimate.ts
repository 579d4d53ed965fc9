/** About how long a training takes, before anything is read: for whoever wants to plan, never for a limit. */
import { availableParallelism } from "node:os";
import { defaultSizes } from "../../flow/index.ts";
import type { TrainSettings } from "./train-request.ts";
import { defaultSeconds, defaultSecondsWithFaults } from "./training-configuration.ts";

/** Floating-point operations of a training step that a core does in a second: what small models reach; large ones do more. */
const operationsPerSecond = 2e10;
/** A training step passes forward once and backward about twice, an operation is a product and a sum. */
const passes = 3;

/** Seconds that a training takes at most, and whether that goes by the size of its model because no time was set. */
export function trainingSeconds(settings: TrainSettings): { readonly seconds: number; readonly guessed: boolean } {
  const { time, steps, faults, threads, general, generalSteps, batch } = settings;
  const limit = time ?? (steps === undefined ? (faults ? defaultSecondsWithFaults : defaultSeconds) : undefined);
  if (steps === undefined) return { seconds: limit!, guessed: false };
  const all = steps + (general === undefined ? 0 : (generalSteps ?? 2 * steps));
  const speed = operationsPerSecond * (threads ?? availableParallelism());
  const guess = (all * batch * 2 * passes * productsPerImage(settings)) / speed;
  return limit !== undefined && limit <= guess ? { seconds: limit, guessed: false } : { seconds: guess, guessed: true };
}

/** Products of a model for one image. */
function productsPerImage(settings: TrainSettings): number {
  const { architecture, size, channels = 3 } = settings;
  const usual = defaultSizes(architecture);
  const depth = settings.depth ?? usual.depth;
  const width = settings.width ?? usual.hidden;
  if (architecture === "pixelcnn") return productsOfPixelCnn({ size, depth, width });
  return productsOfFlow({ size, channels, depth, width, scales: settings.scales ?? usual.scales });
}

/** What products go by. */
interface Sizes {
  readonly size: number;
  readonly depth: number;
  readonly width: number;
}

/**
 * Of a PixelCNN++: a gated block of the first half has convolutions of 12, 24, 8 and 16 products and looks aside by 2 for every pair of channels, one of the
 * second half looks aside four times more; halved twice, with a block more in the second half of the larger sizes.
 */
function productsOfPixelCnn({ size, depth, width }: Sizes): number {
  const blocks = [2 * depth + 1, (2 * depth + 1) / 4, (2 * depth) / 16];
  return 64 * width * width * size * size * blocks.reduce((sum, count) => sum + count, 0);
}

/**
 * Of a Glow: at each scale a quarter of the pixels with four times the channels, of which half go on. A coupling network
 * has a 3x3, a 1x1 and a 3x3 convolution (Kingma & Dhariwal 2018, section 3).
 */
function productsOfFlow({
  size,
  channels,
  scales,
  depth,
  width,
}: Sizes & { readonly channels: number; readonly scales: number }): number {
  let products = 0;
  for (let scale = 0, c = 4 * channels, side = size / 2; scale < scales; scale++, c *= 2, side /= 2) {
    products += side * side * depth * ((9 * c * width) / 2 + width * width + 9 * width * c + c * c);
  }
  return products;
}
