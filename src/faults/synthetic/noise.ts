/** Smooth noise and dead leaves: the shapes and textures of synthetic faults. Pure. */
import type { RandomStream } from "../../base/index.ts";

/**
 * Gradient noise (Perlin 1985) of one or more octaves: [height, width], about -1 to 1. `spacing` is the distance in pixels of the
 * coarsest grid's points; every further octave halves distance and height.
 */
export function gradientNoise(
  stream: RandomStream,
  height: number,
  width: number,
  spacing: number,
  octaves: number,
): Float32Array {
  const result = new Float32Array(height * width);
  for (let octave = 0; octave < octaves; octave++) {
    addOctave(result, stream, height, width, Math.max(2, spacing / 2 ** octave), 1.4 / 2 ** octave);
  }
  return result;
}

function addOctave(
  result: Float32Array,
  stream: RandomStream,
  height: number,
  width: number,
  spacing: number,
  amplitude: number,
): void {
  const [offsetY, offsetX] = [stream.uniform(), stream.uniform()];
  const columns = Math.ceil(width / spacing) + 2;
  const rows = Math.ceil(height / spacing) + 2;
  const angles = Float64Array.from({ length: rows * columns }, () => 2 * Math.PI * stream.uniform());
  const [slopesX, slopesY] = [angles.map(Math.cos), angles.map(Math.sin)];
  const corner = (row: number, column: number, dy: number, dx: number): number => {
    const index = row * columns + column;
    return slopesX[index]! * dx + slopesY[index]! * dy;
  };
  for (let y = 0; y < height; y++) {
    const gridY = y / spacing + offsetY;
    const row = Math.floor(gridY);
    const dy = gridY - row;
    const down = fade(dy);
    for (let x = 0; x < width; x++) {
      const gridX = x / spacing + offsetX;
      const column = Math.floor(gridX);
      const dx = gridX - column;
      const across = fade(dx);
      const upper = (1 - across) * corner(row, column, dy, dx) + across * corner(row, column + 1, dy, dx - 1);
      const lower =
        (1 - across) * corner(row + 1, column, dy - 1, dx) + across * corner(row + 1, column + 1, dy - 1, dx - 1);
      result[y * width + x]! += amplitude * ((1 - down) * upper + down * lower);
    }
  }
}

function fade(t: number): number {
  return t * t * t * (t * (6 * t - 15) + 10);
}

/** Discs and bars that lie over one another like leaves, each of one level from 0 to 1 (after Lee, Mumford & Huang 2001): [height, width]. */
export function deadLeaves(stream: RandomStream, height: number, width: number): Float32Array {
  const result = new Float32Array(height * width).fill(stream.uniform());
  const leaves = 12 + stream.integer(40);
  for (let leaf = 0; leaf < leaves; leaf++) {
    // Few large leaves, many small ones.
    const radius = 1.5 + 14 * stream.uniform() ** 3;
    const [centreY, centreX] = [stream.uniform() * height, stream.uniform() * width];
    const round = stream.uniform() < 0.5;
    const level = stream.uniform();
    for (let y = Math.max(0, Math.ceil(centreY - radius)); y <= Math.min(height - 1, centreY + radius); y++) {
      for (let x = Math.max(0, Math.ceil(centreX - radius)); x <= Math.min(width - 1, centreX + radius); x++) {
        if (!round || (y - centreY) ** 2 + (x - centreX) ** 2 <= radius * radius) result[y * width + x] = level;
      }
    }
  }
  return result;
}
