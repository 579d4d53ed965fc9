/** A normal crop with a synthetic fault: drawn until it can be seen. Pure. */
import type { RandomKey, RandomStream } from "../../base/index.ts";
import { type Canvas, type Mask, momentsOf } from "./canvas.ts";
import { type FaultBrush, type FaultKind, faultKinds, painterOf } from "./kinds.ts";
import type { Example } from "./likeness.ts";

/** A crop with a fault and where it is. */
export interface FaultyCrop {
  readonly kind: FaultKind;
  /** Whole grey levels 0 to 255. */
  readonly crop: Canvas;
  /** 0 to 1, before any opacity: [height, width]. */
  readonly mask: Mask;
}

/** The least mean change within a fault, in grey levels and in standard deviations of the crop. */
export const leastChange = { levels: 3, deviations: 0.25 } as const;

/** Attempts before the change is doubled until it is seen: a crop of one level is like that for most kinds. */
const mostAttempts = 20;

/**
 * A fault on a crop, of a kind that the key chooses among `kinds`; `donor` is another normal crop of the same size, `examples` are what
 * the kind `like` draws. Redrawn unless the mean
 * change of the pixels within the mask is at least 3 grey levels and a quarter of the crop's standard deviation. The same key gives
 * the same fault.
 */
export function drawFault(
  crop: Canvas,
  donor: Canvas,
  key: RandomKey,
  kinds: readonly FaultKind[] = faultKinds,
  examples?: readonly Example[],
): FaultyCrop {
  const stream = key.stream();
  const least = Math.max(leastChange.levels, leastChange.deviations * momentsOf(crop.values).deviation);
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const drawn = drawOnce({ crop, donor, stream, examples }, kinds[stream.integer(kinds.length)]!);
    if (meanChange(crop, drawn) >= least) return drawn;
  }
  // What the kinds make of such a crop cannot be seen: something plainly other in a corner of it can.
  return spot(crop, stream, kinds[0]!);
}

function drawOnce(brush: FaultBrush, kind: FaultKind): FaultyCrop {
  const { crop } = brush;
  const { mask, paint } = painterOf(kind)(brush);
  const area = crop.height * crop.width;
  const values = crop.values.map((value, index) => {
    const seen = mask[index % area]!;
    return toLevel(value + seen * (paint.values[index]! - value));
  });
  return { kind, crop: { ...crop, values }, mask: toFullHeight(mask) };
}

/** A mask whose largest value is 1: opacity makes a fault faint, not small. */
function toFullHeight(mask: Mask): Mask {
  const most = mask.reduce((largest, seen) => Math.max(largest, seen), 0);
  return most === 0 || most === 1 ? mask : mask.map((seen) => seen / most);
}

function spot(crop: Canvas, stream: RandomStream, kind: FaultKind): FaultyCrop {
  const { height, width } = crop;
  const side = Math.min(height, width, 8);
  const [top, left] = [stream.integer(height - side + 1), stream.integer(width - side + 1)];
  const inside = (pixel: number): boolean => {
    const [y, x] = [Math.floor(pixel / width) - top, (pixel % width) - left];
    return y >= 0 && y < side && x >= 0 && x < side;
  };
  const mask = new Float32Array(height * width).map((_, pixel) => (inside(pixel) ? 1 : 0));
  const values = crop.values.map((value, index) =>
    mask[index % (height * width)] === 1 ? (value < 128 ? 255 : 0) : value,
  );
  return { kind, crop: { ...crop, values }, mask };
}

/** The mean absolute change of all channels where the mask is above one half. 0 where it is nowhere. */
export function meanChange(before: Canvas, { crop, mask }: Pick<FaultyCrop, "crop" | "mask">): number {
  const area = before.height * before.width;
  let sum = 0;
  let count = 0;
  for (let index = 0; index < before.values.length; index++) {
    if (mask[index % area]! < 0.5) continue;
    sum += Math.abs(crop.values[index]! - before.values[index]!);
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

function toLevel(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
