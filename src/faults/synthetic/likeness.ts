/** Faults like a person's own examples: one of them laid on a normal crop, turned, of another size, as light as what is around it. Pure. */
import { internalError, type RandomStream } from "../../base/index.ts";
import { bilinearAt, type Canvas, channelOf, mapChannels, momentsOf } from "./canvas.ts";
import type { FaultBrush, Painted } from "./kinds.ts";
import { between } from "./masks.ts";

/** An example: grey levels with a little of what is around the fault, and where it is, 0 to 1. */
export interface Example {
  readonly image: Canvas;
  readonly mask: Float32Array;
  /** What the fault is shrunk by at the smallest level: it is drawn in every size from there to its own. */
  readonly smallest: number;
}

/** How much smaller or larger than that faults may be, too. */
const sizeSpread = 1.25;

/** The share of a crop's side that a fault may take, and the least pixels that it must. */
const mostShare = 0.85;
const leastSide = 3;

/** An example turned by any angle, mirrored in half of the cases, its contrast changed by up to 30 %. */
export function likeness({ crop, stream, examples = [] }: FaultBrush): Painted {
  if (examples.length === 0) throw internalError("faults like examples, without any");
  const { image, mask, smallest } = examples[stream.integer(examples.length)]!;
  const longest = Math.max(image.height, image.width);
  const most = Math.min(sizeSpread, (mostShare * Math.min(crop.height, crop.width)) / longest);
  const least = Math.min(most, Math.max(smallest / sizeSpread, leastSide / longest));
  const scale = least * (most / least) ** stream.uniform();
  const turn = 2 * Math.PI * stream.uniform();
  const mirror = stream.uniform() < 0.5 ? -1 : 1;
  const contrast = between(stream, 0.7, 1.3);
  const [centreY, centreX] = [place(stream, crop.height), place(stream, crop.width)];
  const [cos, sin] = [Math.cos(turn) / scale, Math.sin(turn) / scale];

  const area = crop.height * crop.width;
  const seen = new Float32Array(area);
  // Where every pixel of the crop lies on the example.
  const [rows, columns] = [new Float32Array(area), new Float32Array(area)];
  for (let pixel = 0; pixel < area; pixel++) {
    const [dy, dx] = [Math.floor(pixel / crop.width) - centreY, (pixel % crop.width) - centreX];
    rows[pixel] = cos * dy + sin * dx + (image.height - 1) / 2;
    columns[pixel] = mirror * (cos * dx - sin * dy) + (image.width - 1) / 2;
    if (!isInside(rows[pixel]!, image.height) || !isInside(columns[pixel]!, image.width)) continue;
    seen[pixel] = bilinearAt(mask, image.height, image.width, rows[pixel]!, columns[pixel]!);
  }
  const paint = mapChannels(crop, (plane, channel) => {
    const own = channelOf(image, channel);
    const around = weightedMean(own, mask, true);
    const here = weightedMean(plane, seen, false);
    return plane.map((value, pixel) => {
      if (seen[pixel] === 0) return value;
      const drawn = bilinearAt(own, image.height, image.width, rows[pixel]!, columns[pixel]!);
      return here + contrast * (drawn - around);
    });
  });
  return { mask: seen, paint };
}

/** A coordinate of the fault's middle, away from the borders. */
function place(stream: RandomStream, side: number): number {
  return between(stream, 0.15, 0.85) * side;
}

function isInside(position: number, size: number): boolean {
  return position > -0.5 && position < size - 0.5;
}

/** The mean where a mask is 0, or where it is not, by how much it is. That of everything where that is nowhere. */
function weightedMean(plane: Float32Array, mask: Float32Array, outside: boolean): number {
  let [sum, weights] = [0, 0];
  for (let index = 0; index < plane.length; index++) {
    const weight = outside ? (mask[index] === 0 ? 1 : 0) : mask[index]!;
    sum += weight * plane[index]!;
    weights += weight;
  }
  return weights === 0 ? momentsOf(plane).mean : sum / weights;
}
