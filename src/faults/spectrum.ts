/** The discrete Fourier transform of small squares. Pure. */

/** The transform of side x side complex numbers in place; side is a power of two. */
export function transform(real: Float64Array, imaginary: Float64Array, side: number): void {
  for (let row = 0; row < side; row++) transformLine(real, imaginary, row * side, 1, side);
  for (let column = 0; column < side; column++) transformLine(real, imaginary, column, side, side);
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

/** Radix 2 (Cooley & Tukey 1965) along one line of a larger field. */
function transformLine(real: Float64Array, imaginary: Float64Array, start: number, stride: number, size: number): void {
  const { cosines, sines, reversed } = tablesOf(size);
  for (let index = 0; index < size; index++) {
    const other = reversed[index]!;
    if (other <= index) continue;
    const [a, b] = [start + index * stride, start + other * stride];
    const [re, im] = [real[a]!, imaginary[a]!];
    real[a] = real[b]!;
    imaginary[a] = imaginary[b]!;
    real[b] = re;
    imaginary[b] = im;
  }
  for (let half = 1; half < size; half *= 2) {
    const step = size / (2 * half);
    for (let block = 0; block < size; block += 2 * half) {
      for (let k = 0; k < half; k++) {
        const [cos, sin] = [cosines[k * step]!, sines[k * step]!];
        const a = start + (block + k) * stride;
        const b = a + half * stride;
        const re = real[b]! * cos - imaginary[b]! * sin;
        const im = real[b]! * sin + imaginary[b]! * cos;
        real[b] = real[a]! - re;
        imaginary[b] = imaginary[a]! - im;
        real[a]! += re;
        imaginary[a]! += im;
      }
    }
  }
}
