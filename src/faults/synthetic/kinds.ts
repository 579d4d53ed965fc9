/** The kinds of synthetic faults: what each paints, and where. Pure. */
import type { RandomStream } from "../../base/index.ts";
import { bilinearAt, blurred, type Canvas, channelOf, type Mask, mapChannels, mirrored, momentsOf } from "./canvas.ts";
import { type Example, likeness } from "./likeness.ts";
import { between, curveMask, drawRectangle, patchMask, rectangleMask } from "./masks.ts";
import { deadLeaves, gradientNoise } from "./noise.ts";

/** What a fault is drawn with. */
export interface FaultBrush {
  /** The normal piece of an image that is to get a fault. */
  readonly crop: Canvas;
  /** Another normal piece of the same size. */
  readonly donor: Canvas;
  readonly stream: RandomStream;
  /** A person's own examples, for faults like them. */
  readonly examples?: readonly Example[] | undefined;
}

/** What is seen where the mask is 1. */
export interface Painted {
  readonly mask: Mask;
  readonly paint: Canvas;
}

/** Draws one fault of a kind. */
export type FaultPainter = (brush: FaultBrush) => Painted;

/** Standard deviations below this count as this: a flat crop would get faults that nobody sees. Grey levels. */
const leastDeviation = 4;

const painters = {
  cutPaste,
  scar,
  texture,
  intensity,
  filter,
  warp,
  like: likeness,
} satisfies Record<string, FaultPainter>;

/** The name of a kind of synthetic faults. */
export type FaultKind = keyof typeof painters;

/** The kind of a person's own examples, which are to be at hand. */
export const likeKind = "like" satisfies FaultKind;

/** Every kind that a detector may know, in a fixed order. */
export const allFaultKinds = Object.keys(painters) as readonly FaultKind[];

/** The kinds that need no examples. */
export const faultKinds = allFaultKinds.filter((kind) => kind !== likeKind);

/** What draws faults of a kind. */
export function painterOf(kind: FaultKind): FaultPainter {
  return painters[kind];
}

/** A rectangle of 1 to 15 % of the area from elsewhere (Li et al. 2021), half of them flipped, half 20 grey levels lighter or darker at most. */
function cutPaste({ crop, donor, stream }: FaultBrush): Painted {
  const box = drawRectangle(stream, crop, [0.01, 0.15]);
  const source = stream.uniform() < 0.5 ? donor : crop;
  const top = stream.integer(crop.height - box.height + 1);
  const left = stream.integer(crop.width - box.width + 1);
  const [flipY, flipX] = stream.uniform() < 0.5 ? [stream.uniform() < 0.5, stream.uniform() < 0.5] : [false, false];
  const offset = stream.uniform() < 0.5 ? between(stream, -20, 20) : 0;
  const paint = mapChannels(crop, (plane, channel) => {
    const [from, to] = [channelOf(source, channel), plane.slice()];
    for (let y = 0; y < box.height; y++) {
      for (let x = 0; x < box.width; x++) {
        const row = top + (flipY ? box.height - 1 - y : y);
        const column = left + (flipX ? box.width - 1 - x : x);
        to[(box.top + y) * crop.width + box.left + x] = from[row * crop.width + column]! + offset;
      }
    }
    return to;
  });
  return { mask: rectangleMask(crop, box), paint };
}

/** A curve 0.7 to 3 standard deviations lighter or darker than what is under it, or of one level. */
function scar({ crop, stream }: FaultBrush): Painted {
  const mask = curveMask(stream, crop);
  const sign = stream.uniform() < 0.5 ? -1 : 1;
  const height = between(stream, 0.7, 3);
  const flat = stream.uniform() < 0.3;
  const tint = tints(crop, stream);
  const paint = mapChannels(crop, (plane, channel) => {
    const { mean, deviation } = momentsOf(plane);
    const change = sign * height * Math.max(leastDeviation, deviation) * tint[channel]!;
    return plane.map((value) => (flat ? mean : value) + change);
  });
  return { mask, paint };
}

/** Leaves, noise or another piece of an image, seen through with opacity 0.2 to 0.9; half of them with the crop's mean and contrast. */
function texture({ crop, donor, stream }: FaultBrush): Painted {
  const { height, width } = crop;
  const opacity = between(stream, 0.2, 0.9);
  const mask = patchMask(stream, crop, [0.01, 0.2], 1).map((seen) => seen * opacity);
  const form = stream.integer(4);
  const plain =
    form === 0 ? deadLeaves(stream, height, width) : gradientNoise(stream, height, width, between(stream, 3, 16), 3);
  const white = form === 3 ? plain.map(() => stream.normal()) : plain;
  const fitted = stream.uniform() < 0.5;
  const tint = tints(crop, stream);
  const [level, contrast] = [between(stream, 0, 255), between(stream, 20, 80)];
  const paint = mapChannels(crop, (plane, channel) => {
    const pattern = form === 2 ? turned(channelOf(donor, channel), height, width) : white;
    const from = momentsOf(pattern);
    const own = momentsOf(plane);
    const mean = fitted ? own.mean : level * tint[channel]!;
    const deviation = fitted ? Math.max(leastDeviation, own.deviation) : contrast;
    const scale = deviation / Math.max(1e-3, from.deviation);
    return pattern.map((value) => mean + (value - from.mean) * scale);
  });
  return { mask, paint };
}

/** Lighter or darker, of another contrast, or of one level; the edge 0 to 3 pixels wide. */
function intensity({ crop, stream }: FaultBrush): Painted {
  const mask = patchMask(stream, crop, [0.005, 0.15], 3);
  const form = stream.integer(3);
  const sign = stream.uniform() < 0.5 ? -1 : 1;
  const [height, contrast, level] = [between(stream, 0.5, 3), 2 ** between(stream, -2, 2), between(stream, -2.5, 2.5)];
  const tint = tints(crop, stream);
  const paint = mapChannels(crop, (plane, channel) => {
    const { mean, deviation } = momentsOf(plane);
    const step = Math.max(leastDeviation, deviation) * tint[channel]!;
    if (form === 0) return plane.map((value) => value + sign * height * step);
    if (form === 1) return plane.map((value) => mean + contrast * (value - mean));
    return plane.map(() => mean + level * step);
  });
  return { mask, paint };
}

/** Blurred, noisy or sharpened. */
function filter({ crop, stream }: FaultBrush): Painted {
  const { height, width } = crop;
  const mask = patchMask(stream, crop, [0.01, 0.2], 1);
  const form = stream.integer(3);
  const radius = 1 + stream.integer(3);
  const strength = between(stream, 0.4, 1.5);
  const paint = mapChannels(crop, (plane) => {
    if (form === 1) {
      const step = strength * Math.max(leastDeviation, momentsOf(plane).deviation);
      return plane.map((value) => value + step * stream.normal());
    }
    const smooth = blurred(plane, height, width, radius);
    return form === 0 ? smooth : plane.map((value, index) => value + 2 * strength * (value - smooth[index]!));
  });
  return { mask, paint };
}

/** Pulled about by smooth displacements of some pixels. */
function warp({ crop, stream }: FaultBrush): Painted {
  const { height, width } = crop;
  const mask = patchMask(stream, crop, [0.02, 0.2], 2);
  const spacing = between(stream, 6, 20);
  const reach = between(stream, 3, 10);
  const [down, across] = [0, 1].map(() => gradientNoise(stream, height, width, spacing, 1));
  const paint = mapChannels(crop, (plane) =>
    plane.map((_, index) => {
      const [y, x] = [Math.floor(index / width), index % width];
      return bilinearAt(plane, height, width, y + reach * down![index]!, x + reach * across![index]!);
    }),
  );
  return { mask, paint };
}

/** One factor a channel: all 1 for grey and for half of the coloured faults, which are then lighter or darker only. */
function tints({ channels }: Canvas, stream: RandomStream): readonly number[] {
  const coloured = channels > 1 && stream.uniform() < 0.5;
  return Array.from({ length: channels }, () => (coloured ? between(stream, -0.5, 1.2) : 1));
}

/** A plane turned by a quarter, mirrored where it is not square. */
function turned(plane: Float32Array, height: number, width: number): Float32Array {
  return plane.map((_, index) => {
    const [y, x] = [Math.floor(index / width), index % width];
    return plane[mirrored(x, height) * width + mirrored(y, width)]!;
  });
}
