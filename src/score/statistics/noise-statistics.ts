/**
 * Is this white noise? Statistics of numbers that should be independent and normal: latents of a flow, whitened pixels.
 *
 *   A^2 = -n - 1/n sum_i (2i - 1) (ln Phi(y_(i)) + ln(1 - Phi(y_(n+1-i))))      y = (x - mean) / deviation, ascending
 *   V   = deviation of |F_k|^2 / mean of |F_k|^2                               F the 2-D Fourier transform of every plane, k not 0
 *   Q   = n sum_lag r_lag^2,   r_lag = sum x_p x_(p + lag) / sum x^2           over lags within a few places
 *
 * Anderson and Darling, "A test of goodness of fit", 1954, with mean and deviation estimated: grows where the values are not normal. V is 1 for
 * white noise and grows with correlation of any shape (Bomatter, 2026). Q is Box and Pierce's ("Distribution of residual autocorrelations",
 * 1970) in two dimensions, as in (Wang, Dai, Wipf & Zhu, "Further analysis of outlier detection with deep generative models", 2020).
 */
import { normalTails } from "./special-functions.ts";

/** Planes of one image, row-major [planes, height, width]. */
export interface Planes {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly values: ArrayLike<number>;
}

/** The least probability that is told from zero, so that no logarithm is infinite. */
const leastProbability = 1e-300;

/** A^2 of values, with mean and deviation (divisor n - 1) estimated from them; 0 for fewer than two or for a constant. NaN for non-finite values. */
export function andersonDarling(values: ArrayLike<number>): number {
  const count = values.length;
  if (count < 2) return 0;
  const sorted = Float64Array.from(values).sort();
  const mean = sorted.reduce((sum, value) => sum + value, 0) / count;
  const deviation = Math.sqrt(sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1));
  if (deviation === 0) return 0;
  // The smaller of both tails is known to all its digits, the other one is what is left of one.
  const [below, above] = [new Float64Array(count), new Float64Array(count)];
  for (let index = 0; index < count; index++) {
    const z = (sorted[index]! - mean) / deviation;
    const tail = Math.max(normalTails(Math.abs(z)) / 2, leastProbability);
    const [small, large] = [Math.log(tail), Math.log1p(-tail)];
    below[index] = z < 0 ? small : large;
    above[index] = z < 0 ? large : small;
  }
  let sum = 0;
  for (let index = 0; index < count; index++) sum += (2 * index + 1) * (below[index]! + above[count - 1 - index]!);
  return -count - sum / count;
}

/** V of planes; 1 where they have no frequency but the mean, or no power. Each plane's mean is taken off. NaN for non-finite values. */
export function spectralVariation({ planes, height, width, values }: Planes): number {
  const half = Math.floor(width / 2) + 1;
  if (height * width < 2) return 1;
  const powers = new Float64Array(planes * (height * half - 1));
  const rows = turns(width, half);
  const columns = turns(height, height);
  const [real, imaginary] = [new Float64Array(height * half), new Float64Array(height * half)];
  let next = 0;
  for (let plane = 0; plane < planes; plane++) {
    const first = plane * height * width;
    let mean = 0;
    for (let place = 0; place < height * width; place++) mean += values[first + place]! / (height * width);
    for (let y = 0; y < height; y++) {
      for (let k = 0; k < half; k++) {
        let [re, im] = [0, 0];
        for (let x = 0; x < width; x++) {
          const value = values[first + y * width + x]! - mean;
          re += value * rows.cosine[k * width + x]!;
          im -= value * rows.sine[k * width + x]!;
        }
        real[y * half + k] = re;
        imaginary[y * half + k] = im;
      }
    }
    for (let l = 0; l < height; l++) {
      for (let k = 0; k < half; k++) {
        if (l === 0 && k === 0) continue;
        let [re, im] = [0, 0];
        for (let y = 0; y < height; y++) {
          const [c, s] = [columns.cosine[l * height + y]!, columns.sine[l * height + y]!];
          re += real[y * half + k]! * c + imaginary[y * half + k]! * s;
          im += imaginary[y * half + k]! * c - real[y * half + k]! * s;
        }
        powers[next++] = re * re + im * im;
      }
    }
  }
  const mean = powers.reduce((sum, power) => sum + power, 0) / powers.length;
  if (mean === 0) return 1;
  const variance = powers.reduce((sum, power) => sum + (power - mean) ** 2, 0) / powers.length;
  return Math.sqrt(variance) / mean;
}

interface Turns {
  readonly cosine: Float64Array;
  readonly sine: Float64Array;
}

/** cos and sin of 2 pi k x / length, [frequencies, length]. */
function turns(length: number, frequencies: number): Turns {
  const angle = (index: number): number =>
    (2 * Math.PI * ((Math.floor(index / length) * (index % length)) % length)) / length;
  return {
    cosine: Float64Array.from({ length: frequencies * length }, (_, index) => Math.cos(angle(index))),
    sine: Float64Array.from({ length: frequencies * length }, (_, index) => Math.sin(angle(index))),
  };
}

/** How far apart places are whose correlation counts. */
const mostLag = 3;

/** Q of planes, their common mean taken off; 0 for a constant and where no two places are neighbours. NaN for non-finite values. */
export function boxPierce({ planes, height, width, values }: Planes): number {
  const count = planes * height * width;
  let mean = 0;
  for (let index = 0; index < count; index++) mean += values[index]! / count;
  const centred = Float64Array.from({ length: count }, (_, index) => values[index]! - mean);
  const squares = centred.reduce((sum, value) => sum + value * value, 0);
  if (squares === 0) return 0;
  let sum = 0;
  for (const { dy, dx } of boxPierceLags(height, width)) {
    let products = 0;
    for (let plane = 0; plane < planes; plane++) {
      for (let y = 0; y + dy < height; y++) {
        const row = (plane * height + y) * width;
        for (let x = Math.max(0, -dx); x < width - Math.max(0, dx); x++) {
          products += centred[row + x]! * centred[row + dy * width + x + dx]!;
        }
      }
    }
    sum += (products / squares) ** 2;
  }
  return count * sum;
}

/** The places whose correlation with a place counts, as steps from there: those after it within reach. */
export function boxPierceLags(height: number, width: number): { readonly dy: number; readonly dx: number }[] {
  const lags: { readonly dy: number; readonly dx: number }[] = [];
  for (let dy = 0; dy <= Math.min(mostLag, height - 1); dy++) {
    for (let dx = dy === 0 ? 1 : -mostLag; dx <= mostLag; dx++) if (Math.abs(dx) < width) lags.push({ dy, dx });
  }
  return lags;
}
