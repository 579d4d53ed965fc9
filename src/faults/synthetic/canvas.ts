/** Small images as numbers, on which faults are drawn, and the arithmetic that drawing needs. Pure. */

/** Grey levels 0 to 255, not rounded: [channels, height, width]. */
export interface Canvas {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** How much of a fault is seen at every pixel, 0 to 1: [height, width]. */
export type Mask = Float32Array;

/** The position in 0..size-1 that a position outside is mirrored to: -1 is 1, size is size - 2. */
export function mirrored(position: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const inside = ((position % period) + period) % period;
  return inside < size ? inside : period - inside;
}

/** A mask averaged over squares of side 2 radius + 1, mirrored at the borders. Radius 0 leaves it as it is. */
export function blurred(plane: Float32Array, height: number, width: number, radius: number): Float32Array {
  if (radius === 0) return plane;
  const across = new Float32Array(plane.length);
  const result = new Float32Array(plane.length);
  const share = 1 / (2 * radius + 1);
  const columns = Int32Array.from({ length: width + 2 * radius }, (_, x) => mirrored(x - radius, width));
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let d = 0; d <= 2 * radius; d++) sum += plane[row + columns[x + d]!]!;
      across[row + x] = sum * share;
    }
  }
  const rows = new Int32Array(2 * radius + 1);
  for (let y = 0; y < height; y++) {
    for (let d = 0; d < rows.length; d++) rows[d] = mirrored(y + d - radius, height) * width;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let d = 0; d < rows.length; d++) sum = Math.fround(sum + across[rows[d]! + x]! * share);
      result[y * width + x] = sum;
    }
  }
  return result;
}

/** Mean and standard deviation of some numbers. */
export function momentsOf(values: ArrayLike<number>): { readonly mean: number; readonly deviation: number } {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let index = 0; index < values.length; index++) squares += (values[index]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

/** One channel of a canvas, as a view. */
export function channelOf({ values, height, width }: Canvas, channel: number): Float32Array {
  return values.subarray(channel * height * width, (channel + 1) * height * width);
}

/** A canvas of the same size with other values, channel by channel. */
export function mapChannels(
  canvas: Canvas,
  change: (plane: Float32Array, channel: number) => ArrayLike<number>,
): Canvas {
  const values = new Float32Array(canvas.values.length);
  const area = canvas.height * canvas.width;
  for (let channel = 0; channel < canvas.channels; channel++) {
    values.set(change(channelOf(canvas, channel), channel), channel * area);
  }
  return { ...canvas, values };
}

/** The value of a plane between its pixels, mirrored outside. */
export function bilinearAt(plane: Float32Array, height: number, width: number, y: number, x: number): number {
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [down, across] = [y - top, x - left];
  const [upper, lower] = [mirrored(top, height) * width, mirrored(top + 1, height) * width];
  const [first, second] = [mirrored(left, width), mirrored(left + 1, width)];
  return (
    (1 - down) * ((1 - across) * plane[upper + first]! + across * plane[upper + second]!) +
    down * ((1 - across) * plane[lower + first]! + across * plane[lower + second]!)
  );
}
