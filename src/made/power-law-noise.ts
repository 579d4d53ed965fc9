/**
 * Noise whose amplitude falls with spatial frequency as a power of it, as that of natural images does (Field, 1987: exponents around 1), the same in all
 * directions or stretched along one.
 */
import type { RandomStream } from "../base/index.ts";

/** What noise to draw. */
export interface PowerLaw {
  /** The amplitude falls as 1 / frequency^exponent: 0 is white, 1 natural, 2 smooth. */
  readonly exponent: number;
  /** How many times as long as wide the structures are; 1 is the same in all directions. */
  readonly stretch: number;
}

/**
 * Fills `field` (length height * width, rows first) with noise of mean 0 and standard deviation 1 over the field itself: smooth lattice noise, one octave of
 * spacings after the other from the field's longer side down to one pixel. Works at any size.
 */
export function drawPowerLaw(
  field: Float32Array,
  height: number,
  width: number,
  { exponent, stretch }: PowerLaw,
  stream: RandomStream,
): void {
  field.fill(0);
  // Long structures stand or lie more often than not.
  const direction = stream.uniform() < 0.6 ? (Math.PI / 2) * stream.integer(2) : 2 * Math.PI * stream.uniform();
  for (let cell = Math.max(height, width); cell >= 1; cell /= 2) {
    // Round noise is turned anew in every octave, so that lattice lines are nowhere special.
    const angle = stretch === 1 ? 2 * Math.PI * stream.uniform() : direction;
    // An octave's power is the density 1 / f^(2 exponent) times its area in the plane of frequencies, f^2.
    addOctave(field, height, width, { cell, angle, stretch, amplitude: cell ** (exponent - 1) }, stream);
  }
  standardize(field);
}

/** Brings values to mean 0 and standard deviation 1 in place; constant values become 0. */
function standardize(field: Float32Array): void {
  const { mean, deviation } = momentsOf(field);
  const scale = deviation > 0 ? 1 / deviation : 0;
  for (let at = 0; at < field.length; at++) field[at] = (field[at]! - mean) * scale;
}

/** Mean and standard deviation of values. */
export function momentsOf(values: ArrayLike<number>): { readonly mean: number; readonly deviation: number } {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let at = 0; at < values.length; at++) squares += (values[at]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

interface Octave {
  /** Lattice spacing in pixels. */
  readonly cell: number;
  readonly angle: number;
  readonly stretch: number;
  readonly amplitude: number;
}

/** Adds uniform noise on a turned lattice, smoothly interpolated. */
function addOctave(
  field: Float32Array,
  height: number,
  width: number,
  { cell, angle, stretch, amplitude }: Octave,
  stream: RandomStream,
): void {
  const cosine = Math.cos(angle) / cell;
  const sine = Math.sin(angle) / cell;
  const across = Math.sqrt(stretch);
  const [stepX, stepY] = [cosine * across, sine * across];
  const [turnX, turnY] = [-sine / across, cosine / across];
  // The lattice begins at the lowest coordinates that the field's corners reach.
  const lowest = stream.uniform() - Math.min(0, stepX * width) - Math.min(0, stepY * height);
  const lowestTurned = stream.uniform() - Math.min(0, turnX * width) - Math.min(0, turnY * height);
  const columns = Math.ceil(Math.abs(stepX) * width + Math.abs(stepY) * height) + 3;
  const rows = Math.ceil(Math.abs(turnX) * width + Math.abs(turnY) * height) + 3;
  const lattice = new Float32Array(rows * columns);
  for (let at = 0; at < lattice.length; at++) lattice[at] = amplitude * (stream.uniform() - 0.5);
  for (let y = 0, at = 0; y < height; y++) {
    let u = lowest + stepY * y;
    let v = lowestTurned + turnY * y;
    for (let x = 0; x < width; x++, at++, u += stepX, v += turnX) {
      const column = Math.floor(u);
      const row = Math.floor(v);
      const right = u - column;
      const down = v - row;
      const blendX = right * right * (3 - 2 * right);
      const blendY = down * down * (3 - 2 * down);
      const corner = row * columns + column;
      const below = corner + columns;
      const top = lattice[corner]! + (lattice[corner + 1]! - lattice[corner]!) * blendX;
      const bottom = lattice[below]! + (lattice[below + 1]! - lattice[below]!) * blendX;
      field[at]! += top + (bottom - top) * blendY;
    }
  }
}
