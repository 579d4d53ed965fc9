/**
 * The baseline without a model: a linear Gaussian model of the pixels, and whether what it leaves of an image is white noise.
 *
 *   r_i = d_i - sum_j a_j d_j,   d = x - mean image,   w_i = r_i / s_i        j the pixels before i within two places, s_i by place
 *   whitening(x) = (Q(w) - m) / d of normal images       whitening-likelihood(x) = 1/2 sum_i w_i^2
 *
 * w is the image whitened by the Cholesky factor of its covariance, with the factor's rows cut off after two places and the same everywhere.
 * Q is Box and Pierce's statistic (`noise-statistics.ts`), as in Wang, Dai, Wipf and Zhu, "Further analysis of outlier detection with deep
 * generative models", 2020, who found that such a model alone does strikingly well. What does not beat it measures texture and no more.
 *
 * Trap: the likelihood is small for images that are smoother than normal ones, however odd, as that of flows is.
 * Cost: no model at all; a pass over the pixels with 12 neighbours a channel. It needs the prepared pixels and normal images to fit.
 */
import { ConfigError, type ImageShape, imageSizeOf, RunError } from "../../base/index.ts";
import { choleskyFactor, solveCholesky } from "../statistics/covariance.ts";
import { boxPierce } from "../statistics/noise-statistics.ts";
import { countPixels, type PixelTable } from "../tables/pixel-table.ts";
import { fitted, type ScoreDefinition } from "./score-definition.ts";

/** A linear Gaussian model of images of one shape: plain data, safe to keep as JSON. */
export interface WhiteningFit {
  readonly shape: ImageShape;
  /** The mean image, [C, H, W]. */
  readonly mean: readonly number[];
  /** What every channel is predicted with from the pixels before it, in the order of `neighboursOf`. */
  readonly filters: readonly (readonly number[])[];
  /** What the prediction is off by, [C, H, W]. */
  readonly deviation: readonly number[];
  /** Mean and deviation of Q over the normal images. */
  readonly noise: { readonly mean: number; readonly deviation: number };
  readonly count: number;
}

/** The fewest images that a fit accepts. */
const leastImages = 8;
/** The most that it looks at. */
const mostImages = 256;
/** The most places whose equations a filter is solved from, a thousand for each of its numbers and more: a few images have them. */
const mostPlaces = 2 ** 15;
/** Images' worth of the common variance that a place's own is mixed with. */
const commonImages = 8;
/** The least deviation of a place in grey levels: rounding alone has 1/sqrt(12). */
const leastDeviation = 0.3;
/** How far away pixels are looked at. */
const reach = 2;
/** What is added to the diagonal of the equations, relative to it: neighbours may be copies of each other. */
const ridge = 1e-4;

/** A pixel before another one: its channel, and where it lies from there. */
interface Neighbour {
  readonly channel: number;
  readonly dy: number;
  readonly dx: number;
}

/** The pixels that come before one of this channel within reach, row by row; at the same place the channels before. */
function neighboursOf(channel: number, channels: number): Neighbour[] {
  const list: Neighbour[] = [];
  for (let dy = -reach; dy <= 0; dy++) {
    for (let dx = -reach; dx <= (dy < 0 ? reach : 0); dx++) {
      const here = dy === 0 && dx === 0;
      for (let other = 0; other < (here ? channel : channels); other++) list.push({ channel: other, dy, dx });
    }
  }
  return list;
}

/** The filters as one kernel [C, C, 5, 5] of a convolution that is zero outside the image: what it gives is the prediction. */
export function whiteningKernel({ shape: { channels }, filters }: WhiteningFit): Float32Array {
  const side = 2 * reach + 1;
  const kernel = new Float32Array(channels * channels * side * side);
  for (const [channel, filter] of filters.entries()) {
    for (const [index, { channel: from, dy, dx }] of neighboursOf(channel, channels).entries()) {
      kernel[((channel * channels + from) * side + dy + reach) * side + dx + reach] = filter[index]!;
    }
  }
  return kernel;
}

/** The differences of one image to the mean image. */
function differences({ values }: PixelTable, image: number, mean: ArrayLike<number>): Float64Array {
  const first = image * mean.length;
  return Float64Array.from({ length: mean.length }, (_, index) => values[first + index]! - mean[index]!);
}

/** Calls back for every place of a channel with the numbers that are before it there; beyond the border they are zero. */
function eachPlace(
  { height, width }: ImageShape,
  difference: Float64Array,
  neighbours: readonly Neighbour[],
  visit: (before: Float64Array, place: number) => void,
): void {
  const before = new Float64Array(neighbours.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let index = 0; index < neighbours.length; index++) {
        const { channel, dy, dx } = neighbours[index]!;
        const inside = y + dy >= 0 && x + dx >= 0 && x + dx < width;
        before[index] = inside ? difference[(channel * height + y + dy) * width + x + dx]! : 0;
      }
      visit(before, y * width + x);
    }
  }
}

/** Fits the model on held-out normal images. Throws RunError for too few. */
export function fitWhitening(pixels: PixelTable): WhiteningFit {
  const { shape, values } = pixels;
  const available = countPixels(pixels);
  if (available < leastImages) {
    throw new RunError({
      code: "too-few-images",
      subject: "score whitening",
      expected: `at least ${leastImages} normal images`,
      got: String(available),
      remedy: { key: "other", text: "calibrate with more images" },
    });
  }
  const count = Math.min(mostImages, available);
  const size = imageSizeOf(shape);
  const area = shape.height * shape.width;
  const mean = rounded(
    Float64Array.from({ length: size }, (_, index) => {
      let sum = 0;
      for (let image = 0; image < count; image++) sum += values[image * size + index]!;
      return sum / count;
    }),
  );
  const images = Array.from({ length: count }, (_, image) => differences(pixels, image, mean));
  const solved = images.slice(0, Math.max(leastImages, Math.ceil(mostPlaces / area)));
  const filters: number[][] = [];
  const deviation = new Float64Array(size);
  for (let channel = 0; channel < shape.channels; channel++) {
    const filter = rounded(fitFilter(shape, solved, channel));
    filters.push(filter);
    const squares = new Float64Array(area);
    for (const image of images) {
      eachPlace(shape, image, neighboursOf(channel, shape.channels), (before, place) => {
        squares[place]! += (image[channel * area + place]! - dot(filter, before)) ** 2;
      });
    }
    const common = squares.reduce((sum, square) => sum + square, 0) / (area * count);
    for (let place = 0; place < area; place++) {
      const variance = (squares[place]! + commonImages * common) / (count + commonImages);
      deviation[channel * area + place] = Math.max(leastDeviation, Math.sqrt(variance));
    }
  }
  const fit = { shape, mean, filters, deviation: rounded(deviation), noise: { mean: 0, deviation: 1 }, count };
  const noise = images.map((_, image) => noiseOf(fit, pixels, image));
  const mid = noise.reduce((sum, value) => sum + value, 0) / count;
  const spread = Math.sqrt(noise.reduce((sum, value) => sum + (value - mid) ** 2, 0) / count);
  return { ...fit, noise: { mean: mid, deviation: spread > 0 ? spread : 1 } };
}

/** The least squares prediction of a channel. */
function fitFilter(shape: ImageShape, images: readonly Float64Array[], channel: number): number[] {
  const neighbours = neighboursOf(channel, shape.channels);
  const width = neighbours.length;
  const products = Array.from({ length: width }, () => new Float64Array(width));
  const targets = new Float64Array(width);
  const area = shape.height * shape.width;
  for (const image of images) {
    eachPlace(shape, image, neighbours, (before, place) => {
      const value = image[channel * area + place]!;
      for (let i = 0; i < width; i++) {
        const [row, own] = [products[i]!, before[i]!];
        if (own === 0) continue;
        targets[i]! += own * value;
        for (let j = 0; j <= i; j++) row[j]! += own * before[j]!;
      }
    });
  }
  const trace = products.reduce((sum, row, i) => sum + row[i]!, 0);
  const added = ridge * (trace / width) + 1;
  const matrix = products.map((row, i) => Array.from(row, (value, j) => value + (i === j ? added : 0)));
  return solveCholesky(choleskyFactor(matrix), targets);
}

/** One image whitened, [C, H, W]. */
function whiten({ shape, mean, filters, deviation }: WhiteningFit, pixels: PixelTable, image: number): Float64Array {
  const difference = differences(pixels, image, mean);
  const area = shape.height * shape.width;
  const white = new Float64Array(mean.length);
  for (let channel = 0; channel < shape.channels; channel++) {
    const filter = filters[channel]!;
    eachPlace(shape, difference, neighboursOf(channel, shape.channels), (before, place) => {
      const index = channel * area + place;
      white[index] = (difference[index]! - dot(filter, before)) / deviation[index]!;
    });
  }
  return white;
}

function noiseOf(fit: WhiteningFit, pixels: PixelTable, image: number): number {
  const { channels: planes, height, width } = fit.shape;
  return boxPierce({ planes, height, width, values: whiten(fit, pixels, image) });
}

/** (Q - m) / d of every image, [count] in deviations. Throws ConfigError for images of another shape. */
function whiteningScores(fit: WhiteningFit, pixels: PixelTable): Float64Array {
  checkShape(fit, pixels);
  const { mean, deviation } = fit.noise;
  return Float64Array.from(
    { length: countPixels(pixels) },
    (_, image) => (noiseOf(fit, pixels, image) - mean) / deviation,
  );
}

/** Half the sum of squares of every whitened image, [count] in nats but for a constant. Throws ConfigError for images of another shape. */
function whiteningLikelihoods(fit: WhiteningFit, pixels: PixelTable): Float64Array {
  checkShape(fit, pixels);
  return Float64Array.from(
    { length: countPixels(pixels) },
    (_, image) => whiten(fit, pixels, image).reduce((sum, value) => sum + value * value, 0) / 2,
  );
}

function checkShape({ shape }: WhiteningFit, pixels: PixelTable): void {
  const show = ({ channels, height, width }: ImageShape): string => `${channels}x${height}x${width}`;
  if (show(shape) === show(pixels.shape)) return;
  throw new ConfigError({
    code: "other-images",
    subject: "score whitening",
    expected: `images of ${show(shape)}`,
    got: show(pixels.shape),
    remedy: { key: "other", text: "calibrate this detector again" },
  });
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < b.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

/** To six digits, which is what a file keeps of them. */
function rounded(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(6)));
}

/** The records of both scores. */
export const whiteningDefinitions: readonly ScoreDefinition[] = [
  {
    name: "whitening",
    unit: "deviations",
    needs: ["pixels"],
    description: "what a linear model leaves of the pixels, tested for white noise: the baseline to beat",
    paper: "Wang et al. 2020",
    ...fitted(
      "whitening",
      ({ pixels }) => fitWhitening(pixels!),
      (fit, { pixels }) => whiteningScores(fit, pixels!),
    ),
    expert: true,
  },
  {
    name: "whitening-likelihood",
    unit: "nats",
    needs: ["pixels"],
    description: "negative log-likelihood of a linear Gaussian model of the pixels: a baseline",
    paper: "Wang et al. 2020",
    ...fitted(
      "whitening",
      ({ pixels }) => fitWhitening(pixels!),
      (fit, { pixels }) => whiteningLikelihoods(fit, pixels!),
    ),
  },
];
