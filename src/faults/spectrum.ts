/** The discrete Fourier transform of small squares. Pure. */

/** The transform of side x side complex numbers in place; side is a power of two. */
export function transform(real: Float64Array, imaginary: Float64Array, side: number): void {
  transformRows(real, imaginary, side);
  transformColumns(real, imaginary, side, 0, side);
}

/** The same where only the columns of frequencies up to `reach`, and those up to -`reach`, are asked for: the others are left half done. */
export function transformLow(real: Float64Array, imaginary: Float64Array, side: number, reach: number): void {
  transformRows(real, imaginary, side);
  transformColumns(real, imaginary, side, 0, reach + 1);
  transformColumns(real, imaginary, side, side - reach, side);
}

interface Tables {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  readonly reversed: Uint32Array;
}

const known = new Map<number, Tables>();

function tablesOf(size: number): Tables {
  const found = known.get(size);
  if (found) return found;
  const bits = Math.log2(size);
  const made = {
    cosines: Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((-2 * Math.PI * k) / size)),
    sines: Float64Array.from({ length: size / 2 }, (_, k) => Math.sin((-2 * Math.PI * k) / size)),
    reversed: Uint32Array.from({ length: size }, (_, index) => {
      let result = 0;
      for (let bit = 0; bit < bits; bit++) if (index & (1 << bit)) result |= 1 << (bits - 1 - bit);
      return result;
    }),
  };
  known.set(size, made);
  return made;
}

/** Every row, by radix 2 (Cooley & Tukey 1965). */
function transformRows(real: Float64Array, imaginary: Float64Array, side: number): void {
  const { cosines, sines, reversed } = tablesOf(side);
  for (let start = 0; start < side * side; start += side) {
    for (let index = 0; index < side; index++) {
      const other = reversed[index]!;
      if (other <= index) continue;
      const a = start + index;
      const b = start + other;
      const re = real[a]!;
      const im = imaginary[a]!;
      real[a] = real[b]!;
      imaginary[a] = imaginary[b]!;
      real[b] = re;
      imaginary[b] = im;
    }
    for (let half = 1; half < side; half *= 2) {
      const step = side / (2 * half);
      for (let block = start; block < start + side; block += 2 * half) {
        for (let k = 0, a = block; k < half; k++, a++) {
          const cos = cosines[k * step]!;
          const sin = sines[k * step]!;
          const b = a + half;
          const re = real[b]! * cos - imaginary[b]! * sin;
          const im = real[b]! * sin + imaginary[b]! * cos;
          real[b] = real[a]! - re;
          imaginary[b] = imaginary[a]! - im;
          real[a] = real[a]! + re;
          imaginary[a] = imaginary[a]! + im;
        }
      }
    }
  }
}

/** Columns from one to another, the same row by row, so that memory is read as it lies. */
function transformColumns(real: Float64Array, imaginary: Float64Array, side: number, from: number, to: number): void {
  const { cosines, sines, reversed } = tablesOf(side);
  for (let row = 0; row < side; row++) {
    const other = reversed[row]!;
    if (other <= row) continue;
    for (let x = from; x < to; x++) {
      const a = row * side + x;
      const b = other * side + x;
      const re = real[a]!;
      const im = imaginary[a]!;
      real[a] = real[b]!;
      imaginary[a] = imaginary[b]!;
      real[b] = re;
      imaginary[b] = im;
    }
  }
  for (let half = 1; half < side; half *= 2) {
    const step = side / (2 * half);
    for (let block = 0; block < side; block += 2 * half) {
      for (let k = 0; k < half; k++) {
        const cos = cosines[k * step]!;
        const sin = sines[k * step]!;
        const row = (block + k) * side;
        for (let a = row + from, b = a + half * side; a < row + to; a++, b++) {
          const re = real[b]! * cos - imaginary[b]! * sin;
          const im = real[b]! * sin + imaginary[b]! * cos;
          real[b] = real[a]! - re;
          imaginary[b] = imaginary[a]! - im;
          real[a] = real[a]! + re;
          imaginary[a] = imaginary[a]! + im;
        }
      }
    }
  }
}
