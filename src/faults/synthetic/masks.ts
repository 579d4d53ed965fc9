/** Where a synthetic fault is: rectangles, ellipses with a noisy rim, curves, blobs. Masks are [height, width], 0 to 1. Pure. */
import type { RandomStream } from "../../base/index.ts";
import { blurred, type Mask } from "./canvas.ts";
import { gradientNoise } from "./noise.ts";

/** Size of what is drawn on. */
export interface Extent {
  readonly height: number;
  readonly width: number;
}

/** A uniform number between two. */
export function between(stream: RandomStream, low: number, high: number): number {
  return low + (high - low) * stream.uniform();
}

/** The numbers of a rectangle: whole pixels, within the extent. */
export interface Rectangle extends Extent {
  readonly top: number;
  readonly left: number;
}

/** A rectangle of a share of the area, at most three times as long as wide. */
export function drawRectangle(
  stream: RandomStream,
  { height, width }: Extent,
  share: readonly [number, number],
): Rectangle {
  const area = between(stream, ...share) * height * width;
  const stretch = Math.sqrt(3 ** between(stream, -1, 1));
  const tall = Math.min(height, Math.max(2, Math.round(Math.sqrt(area) * stretch)));
  const wide = Math.min(width, Math.max(2, Math.round(Math.sqrt(area) / stretch)));
  return { top: stream.integer(height - tall + 1), left: stream.integer(width - wide + 1), height: tall, width: wide };
}

/** A filled rectangle as a mask. */
export function rectangleMask({ height, width }: Extent, box: Rectangle): Mask {
  const mask = new Float32Array(height * width);
  for (let y = box.top; y < box.top + box.height; y++) {
    mask.fill(1, y * width + box.left, y * width + box.left + box.width);
  }
  return mask;
}

/** An ellipse of a share of the area, turned by some angle, whose radius wavers along its rim. */
export function ellipseMask(stream: RandomStream, { height, width }: Extent, share: readonly [number, number]): Mask {
  const radius = Math.sqrt((between(stream, ...share) * height * width) / Math.PI);
  const stretch = Math.sqrt(3 ** between(stream, -1, 1));
  const [centreY, centreX] = [stream.uniform() * height, stream.uniform() * width];
  const turn = Math.PI * stream.uniform();
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const waves = [2, 3, 5].map((count) => ({
    count,
    height: (0.25 * stream.uniform()) / Math.sqrt(count),
    phase: 2 * Math.PI * stream.uniform(),
  }));
  const mask = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dy, dx] = [y - centreY, x - centreX];
      const u = (cos * dx + sin * dy) / (radius * stretch);
      const v = (cos * dy - sin * dx) / (radius / stretch);
      const angle = Math.atan2(v, u);
      const rim = waves.reduce((sum, wave) => sum + wave.height * Math.sin(wave.count * angle + wave.phase), 1);
      if (u * u + v * v <= rim * rim) mask[y * width + x] = 1;
    }
  }
  return mask;
}

/** The top of smooth noise within an ellipse: one or a few blobs. */
export function blobMask(stream: RandomStream, extent: Extent, share: readonly [number, number]): Mask {
  const { height, width } = extent;
  const noise = gradientNoise(stream, height, width, between(stream, 6, 24), 2);
  const around = ellipseMask(stream, extent, [2 * share[0], Math.min(1, 2 * share[1])]);
  const threshold = between(stream, -0.15, 0.15);
  return noise.map((value, index) => (value > threshold ? around[index]! : 0));
}

/** A random walk whose direction drifts, drawn with a round pen of radius 0.5 to 1.8 pixels: a scar or a crack. */
export function curveMask(stream: RandomStream, { height, width }: Extent): Mask {
  const mask = new Float32Array(height * width);
  const radius = between(stream, 0.5, 1.8);
  const unrest = between(stream, 0.03, 0.5);
  const steps = Math.round(between(stream, 8, 0.9 * Math.max(height, width)));
  let [y, x] = [stream.uniform() * height, stream.uniform() * width];
  let direction = 2 * Math.PI * stream.uniform();
  for (let step = 0; step < steps; step++) {
    stamp(mask, height, width, y, x, radius);
    direction += unrest * stream.normal();
    y += Math.sin(direction);
    x += Math.cos(direction);
  }
  return mask;
}

function stamp(mask: Mask, height: number, width: number, y: number, x: number, radius: number): void {
  const reach = Math.ceil(radius + 1);
  for (let row = Math.max(0, Math.floor(y) - reach); row <= Math.min(height - 1, Math.floor(y) + reach); row++) {
    for (
      let column = Math.max(0, Math.floor(x) - reach);
      column <= Math.min(width - 1, Math.floor(x) + reach);
      column++
    ) {
      const distance = Math.hypot(row - y, column - x);
      // The pen's rim is one pixel wide, so that thin lines have no steps.
      const seen = Math.min(1, Math.max(0, radius + 0.5 - distance));
      const index = row * width + column;
      if (seen > mask[index]!) mask[index] = seen;
    }
  }
}

/** A rectangle, an ellipse or a blob, with a rim of 0 to `softest` pixels. */
export function patchMask(
  stream: RandomStream,
  extent: Extent,
  share: readonly [number, number],
  softest: number,
): Mask {
  const form = stream.integer(3);
  const mask =
    form === 0
      ? rectangleMask(extent, drawRectangle(stream, extent, share))
      : form === 1
        ? ellipseMask(stream, extent, share)
        : blobMask(stream, extent, share);
  return blurred(mask, extent.height, extent.width, stream.integer(softest + 1));
}
