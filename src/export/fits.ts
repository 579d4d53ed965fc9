/** Scores that rest on a fit, in a graph: hierarchy, typicality, whitening and the joined score. The formulas are those of `score/`. */
import {
  absolute,
  add,
  concatenate,
  constant,
  divide,
  exponential,
  gemm,
  greater,
  imageConvolution,
  logarithm,
  maximum,
  multiply,
  negate,
  reduceSum,
  reshape,
  select,
  squareRoot,
  subtract,
  type Value,
} from "../graph/index.ts";
import {
  boxPierceLags,
  type Density,
  type ExpertChoice,
  type HierarchyFit,
  type TypicalityFit,
  type WhiteningFit,
  whiteningKernel,
} from "../score/index.ts";
import { minusExactly, normalScores } from "./marginals.ts";
import { columnsOf, finiteOrInfinity, logOnePlus, rowSums, slice } from "./values.ts";

/** The hierarchy score [N] of term rows [N, 2 scales] of the normal model and, where it took part, of the general one. */
export function hierarchyGraph({ densities }: HierarchyFit, normal: Value, general: Value | undefined): Value {
  const features = general ? concatenate([normal, subtract(normal, general)], 1) : normal;
  return densities.map((density) => finiteOrInfinity(distanceOf(density, features))).reduce((a, b) => maximum(a, b));
}

/** Half the squared length of L^-1 z, with the inverse of the Cholesky factor computed here in float64. */
function distanceOf({ marginals, mean, standardDeviation, cholesky }: Density, features: Value): Value {
  const z = normalScores(features, marginals, mean, standardDeviation);
  const size = marginals.length;
  const inverse = constant(z.graph, Float32Array.from(inverseOf(cholesky).flat()), [size, size]);
  const white = gemm(z, inverse, { transposeB: true });
  return multiply(rowSums(multiply(white, white)), 0.5);
}

/** The inverse of a lower triangle, row by row and full. */
function inverseOf(triangle: readonly (readonly number[])[]): number[][] {
  const size = triangle.length;
  const inverse = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let sum = row === column ? 1 : 0;
      for (let k = column; k < row; k++) sum -= triangle[row]![k]! * inverse[k]![column]!;
      inverse[row]![column] = sum / triangle[row]![row]!;
    }
  }
  return inverse;
}

/** Differences of every scale's log-likelihood to its mean, [N, scales]: each term is compared first, as their sum has fewer digits. */
function scaleDifferences({ scales }: TypicalityFit, normal: Value): Value {
  const halves = scales.map((_, scale) => rowSums(columnsOf(normal, 2 * scale, 2 * scale + 2)));
  const sums = concatenate(
    halves.map((sum) => reshape(sum, [sum.shape[0]!, 1])),
    1,
  );
  return minusExactly(
    sums,
    scales.map(({ mean }) => mean),
  );
}

/** |log p(x) - H|, [N]. */
export function typicalityGraph(fit: TypicalityFit, normal: Value): Value {
  const shift = fit.scales.reduce((sum, { mean }) => sum + mean, 0) - fit.mean;
  return absolute(add(rowSums(scaleDifferences(fit, normal)), shift));
}

/** The largest |c_s - m_s| / d_s, [N]. */
export function scaleTypicalityGraph(fit: TypicalityFit, normal: Value): Value {
  const differences = scaleDifferences(fit, normal);
  const deviations = constant(
    normal.graph,
    Float32Array.from(fit.scales, ({ deviation }) => deviation),
    [1, fit.scales.length],
  );
  const each = divide(absolute(differences), deviations);
  return fit.scales
    .map((_, scale) => finiteOrInfinity(rowSums(columnsOf(each, scale, scale + 1))))
    .reduce((a, b) => maximum(a, b));
}

/** Images whitened by the linear model, [N, C, H, W]. */
function whiten(fit: WhiteningFit, pixels: Value): Value {
  const { channels, height, width } = fit.shape;
  const { graph } = pixels;
  const places = (values: readonly number[]) =>
    constant(graph, Float32Array.from(values), [1, channels, height, width]);
  const side = 5;
  const kernel = constant(graph, whiteningKernel(fit), [channels, channels, side, side]);
  const difference = subtract(pixels, places(fit.mean));
  const predicted = imageConvolution(difference, kernel, constant(graph, new Float32Array(channels), [channels]));
  return divide(subtract(difference, predicted), places(fit.deviation));
}

/** Half the sum of squares of the whitened image, [N]. */
export function whiteningLikelihoodGraph(fit: WhiteningFit, pixels: Value): Value {
  const white = whiten(fit, pixels);
  return multiply(reduceSum(multiply(white, white), [1, 2, 3]), 0.5);
}

/** (Q - m) / d of the whitened image, [N]. */
export function whiteningGraph(fit: WhiteningFit, pixels: Value): Value {
  const { channels, height, width } = fit.shape;
  const white = whiten(fit, pixels);
  const count = channels * height * width;
  const all = [1, 2, 3];
  const centred = subtract(white, multiply(reduceSum(white, all, true), 1 / count));
  const squares = reduceSum(multiply(centred, centred), all);
  const correlations = boxPierceLags(height, width).map(({ dy, dx }) => {
    const part = (top: number, left: number): Value =>
      slice(slice(centred, 2, top, top + height - dy), 3, left, left + width - Math.abs(dx));
    const products = multiply(part(0, Math.max(0, -dx)), part(dy, Math.max(0, dx)));
    const correlation = divide(reduceSum(products, all), squares);
    return multiply(correlation, correlation);
  });
  const noise = multiply(
    correlations.reduce((sum, one) => add(sum, one)),
    count,
  );
  const { mean, deviation } = fit.noise;
  // A constant has no correlations; what is not finite stays so.
  const known = select(greater(squares, 0), noise, multiply(squares, 0));
  return multiply(subtract(known, mean), 1 / deviation);
}

/** Several scores [N] as one. */
export function joinedGraph({ rule, experts }: ExpertChoice, scoreOf: (name: string) => Value): Value {
  const heard = experts.filter((expert) => expert.heard);
  const rows = concatenate(
    heard.map(({ name }) => {
      const score = scoreOf(name);
      return reshape(score, [score.shape[0]!, 1]);
    }),
    1,
  );
  const z = normalScores(
    rows,
    heard.map(({ marginal }) => marginal),
  );
  if (rule === "sum") return squareRoot(multiply(rowSums(surprise(z)), 2));
  return heard.map((_, expert) => rowSums(columnsOf(z, expert, expert + 1))).reduce((a, b) => maximum(a, b));
}

/** Coefficients of log(erfc(x) (1 + x/2)) + x^2 by powers of 1 / (1 + x/2), for x >= 0, off by 1.2e-7 (Press et al. 1992, section 6.2). */
const tailCoefficients = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
  0.17087277,
];

/** -log(1 - Phi(z)): its logarithm is never taken of a number that float32 does not have. */
function surprise(z: Value): Value {
  const size = absolute(z);
  const t = divide(1, add(multiply(size, 0.5 * Math.SQRT1_2), 1));
  const series = tailCoefficients
    .map((coefficient): Value | number => coefficient)
    .reduceRight((sum, coefficient) => add(multiply(sum as Value, t), coefficient as number)) as Value;
  // Of the tail beyond |z|, at most one half.
  const tail = subtract(add(add(series, logarithm(t)), -Math.LN2), multiply(multiply(size, size), 0.5));
  const below = negate(logOnePlus(negate(exponential(tail))));
  return select(greater(z, 0), negate(tail), below);
}
