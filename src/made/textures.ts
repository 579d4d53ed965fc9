/**
 * Textures: random fields over the pixels, of mean about 0 and standard deviation about 1 each.
 */
import type { RandomStream } from "../base/index.ts";

/** Fills `field` (length height * width, rows first) with one random texture. */
export type Texture = (field: Float32Array, height: number, width: number, stream: RandomStream) => void;

/** The spacings, in pixels, that patterns may have: short, so that patterns never draw a shape of their own. */
const shortestSpacing = 3;
const longestSpacing = 6;

/** A wave with a random direction, spacing and phase. */
export const stripes: Texture = (field, height, width, stream) => {
  const angle = Math.PI * stream.uniform();
  const wave = (2 * Math.PI) / spacing(stream);
  const phase = 2 * Math.PI * stream.uniform();
  const stepX = wave * Math.cos(angle);
  const stepY = wave * Math.sin(angle);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) field[at] = Math.SQRT2 * Math.sin(stepX * x + stepY * y + phase);
};

/** The product of two waves at right angles. */
export const checks: Texture = (field, height, width, stream) => {
  const angle = Math.PI * stream.uniform();
  const wave = Math.PI / spacing(stream) / Math.SQRT1_2;
  const phaseX = 2 * Math.PI * stream.uniform();
  const phaseY = 2 * Math.PI * stream.uniform();
  const stepX = wave * Math.cos(angle);
  const stepY = wave * Math.sin(angle);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++)
      field[at] = 2 * Math.sin(stepX * x + stepY * y + phaseX) * Math.sin(stepX * y - stepY * x + phaseY);
};

/** Sparse bright and dark specks of about two pixels. */
export const specks: Texture = (field, height, width, stream) => {
  field.fill(0);
  const count = Math.ceil((height * width) / 24);
  // A speck adds 1, 1/2, 1/2 and 1/4: squares that sum to 1.5625, once in 24 pixels.
  const strength = Math.sqrt(24 / 1.5625);
  for (let speck = 0; speck < count; speck++) {
    const at = stream.integer(height * width);
    const value = stream.uniform() < 0.5 ? -strength : strength;
    const right = (at + 1) % width === 0 ? at : at + 1;
    const below = at + width >= height * width ? 0 : width;
    field[at]! += value;
    field[right]! += value / 2;
    field[at + below]! += value / 2;
    field[right + below]! += value / 4;
  }
};

/** Noise whose amplitude falls with spatial frequency as 1 / f^exponent: soft clouds at 1, rough ground below. */
export function clouds(exponent: number, coarsest: number): Texture {
  return (field, height, width, stream) => {
    field.fill(0);
    let power = 0;
    // One octave of smoothly interpolated lattice noise after the other, from the coarsest spacing down to two pixels.
    for (let cell = coarsest; cell >= 2; cell /= 2) {
      const amplitude = (cell / coarsest) ** exponent;
      // Interpolated between lattice points, unit noise keeps on average (26/35)^2 of its variance.
      power += amplitude * amplitude * (26 / 35) ** 2;
      addLattice(field, height, width, cell, amplitude, stream);
    }
    const scale = 1 / Math.sqrt(power);
    for (let at = 0; at < field.length; at++) field[at]! *= scale;
  };
}

/** A straight slope in a random direction across the whole image. */
export const slope: Texture = (field, height, width, stream) => {
  const angle = 2 * Math.PI * stream.uniform();
  // A uniform ramp from -sqrt(3) to sqrt(3) has standard deviation 1.
  const stepX = (2 * Math.sqrt(3) * Math.cos(angle)) / width;
  const stepY = (2 * Math.sqrt(3) * Math.sin(angle)) / height;
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) field[at] = stepX * (x + 0.5 - width / 2) + stepY * (y + 0.5 - height / 2);
};

/** Adds smoothly interpolated noise on a lattice of `cell` pixels, randomly shifted so that lattice lines are nowhere special. */
function addLattice(
  field: Float32Array,
  height: number,
  width: number,
  cell: number,
  amplitude: number,
  stream: RandomStream,
): void {
  const columns = Math.ceil(width / cell) + 2;
  const rows = Math.ceil(height / cell) + 2;
  const shiftX = stream.uniform();
  const shiftY = stream.uniform();
  const lattice = new Float32Array(rows * columns);
  for (let at = 0; at < lattice.length; at++) lattice[at] = amplitude * stream.normal();
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor(y / cell + shiftY);
    const blendY = smooth(y / cell + shiftY - row);
    for (let x = 0; x < width; x++, at++) {
      const column = Math.floor(x / cell + shiftX);
      const blendX = smooth(x / cell + shiftX - column);
      const corner = row * columns + column;
      const above = lattice[corner]! + (lattice[corner + 1]! - lattice[corner]!) * blendX;
      const beneath = lattice[corner + columns]!;
      const below = beneath + (lattice[corner + columns + 1]! - beneath) * blendX;
      field[at]! += above + (below - above) * blendY;
    }
  }
}

/** The cubic that goes from 0 to 1 with slope 0 at both ends. */
function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

function spacing(stream: RandomStream): number {
  return shortestSpacing + (longestSpacing - shortestSpacing) * stream.uniform();
}
