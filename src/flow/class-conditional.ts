/**
 * The class-conditional top of the supervised setting (Schirrmeister et al. 2020, authors' code, invglow/models/class_conditional.py):
 * a flow's latents u_s, standard normal under the plain flow, get a learned diagonal Gaussian for every class c and scale s, as an affine map of every dimension before the standard normal:
 *
 *   log p(x|c) = sum_s ( logDet_s + sum_d logScale_scd + log N((u_s + bias_sc) e^logScale_sc; 0, I) ).
 *
 * The authors parametrise it twice, by an ActNorm and by the Gaussian's own mean and deviation behind it; that is the same family with
 * twice the parameters. All parameters are zero at first, so that every class starts as the plain flow.
 *
 * What a class adds to the plain flow's log p(x) is quadratic in u, so it takes two matrix products a scale for all classes:
 *
 *   gain_c = log p(x|c) - log p(x) = sum_s ( A_sc u_s^2 + B_sc u_s + C_sc ),
 *   A = -(e^(2 logScale) - 1) / 2,   B = -bias e^(2 logScale),   C = sum_d (logScale - bias^2 e^(2 logScale) / 2).
 *
 * The subtraction of 1 comes before the product, so that rounding is relative to what the class changes and not to |u|^2.
 */
import { ConfigError, type ImageShape, type RandomKey, setting, staticDimension } from "../base/index.ts";
import {
  add,
  broadcastLike,
  constant,
  divide,
  exponential,
  gemm,
  multiply,
  negate,
  reduceSum,
  reshape,
  subtract,
  type Value,
  within,
} from "../graph/index.ts";
import {
  type AffineNormParameters,
  type ArraysOf,
  affineNorm,
  logSumExp,
  type ParameterTree,
  softmax,
  type ValuesOf,
  zeros,
} from "../nn/index.ts";
import { eventShape } from "./bijector.ts";
import type { Flow, ScaleTerm } from "./flow.ts";

/** The flow's parameters, and those of every class. */
export type ClassConditionalParameters = {
  readonly flow: ParameterTree;
  /** By `scale0`, `scale1`, ...: bias and logScale [K, D], D the scale's number of latent dimensions. */
  readonly classes: { readonly [scale: string]: AffineNormParameters };
};

/** Keeps the first mean of a class with few images small: the mean of n images in a dimension of deviation 1 is off by 1/sqrt(n). */
const priorCount = 10;

/** What a class-conditional flow says of a batch. */
export interface ClassConditionalResult {
  /** The plain flow's latents. */
  readonly latents: readonly Value[];
  /**
   * Terms of the marginal log p(x) = log 1/K sum_c p(x|c), one a scale, which they sum to. The prior terms are conditional on the later
   * scales' latents, log p(u_s | u_{s+1}, ...): otherwise the sum over classes would not split into scales.
   */
  readonly terms: readonly ScaleTerm[];
  /** log p(x|c) in nats, [K, N]. */
  readonly classes: Value;
  /** p(c|x) with all classes equally likely beforehand, [K, N]. */
  readonly posteriors: Value;
}

/** A flow with a class-conditional top. */
export interface ClassConditional {
  readonly flow: Flow;
  readonly classCount: number;
  readonly parameters: ClassConditionalParameters;
  /** Fresh parameters of the flow, zeros for the classes. */
  createParameters(key: RandomKey): ArraysOf<ClassConditionalParameters>;
  /**
   * The flow fitted to a batch x [C, H, W, N] of known size. With one-hot labels [K, N] every class gets its own latents' mean too,
   * drawn towards zero by `priorCount` more images at zero (an option of the authors' code); else classes stay.
   */
  adapt(
    parameters: ValuesOf<ClassConditionalParameters>,
    x: Value,
    labels?: Value,
  ): ValuesOf<ClassConditionalParameters>;
  /** Log-likelihoods of x [C, H, W, N], of every class and marginal. */
  normalize(parameters: ValuesOf<ClassConditionalParameters>, x: Value): ClassConditionalResult;
  /**
   * Data from standard normal latents, one [C, H, W, N] a scale, and one-hot labels [K, N]: x of those classes.
   */
  generate(parameters: ValuesOf<ClassConditionalParameters>, latents: readonly Value[], labels: Value): Value;
}

/** A class-conditional top on a flow. Throws ConfigError for fewer than two classes. */
export function classConditional(flow: Flow, classCount: number): ClassConditional {
  if (!Number.isInteger(classCount) || classCount < 2) {
    throw new ConfigError({
      code: "out-of-range",
      subject: "class-conditional flow",
      expected: "at least two classes",
      got: String(classCount),
    });
  }
  if (flow.latentShapes.length === 0) {
    throw new ConfigError({
      code: "unsupported",
      subject: "class-conditional flow",
      expected: "a flow with latents, which tell classes apart",
      got: "a model without",
      remedy: { key: "other", text: `leave ${setting("classes")} out, or choose ${setting("architecture", "glow")}` },
    });
  }
  const sizes = flow.latentShapes.map(({ channels, height, width }) => channels * height * width);
  const byScale = <T>(make: (size: number) => T): Record<string, T> =>
    Object.fromEntries(sizes.map((size, scale) => [scaleName(scale), make(size)]));

  return {
    flow,
    classCount,
    parameters: { flow: flow.parameters, classes: byScale((size) => affineNorm(classCount, size)) },
    createParameters: (key) => ({
      flow: flow.createParameters(key.fold("flow")),
      classes: byScale((size) => ({ bias: zeros(classCount * size), logScale: zeros(classCount * size) })),
    }),
    adapt: (parameters, x, labels) => {
      const adapted = { ...parameters, flow: flow.adapt(parameters.flow, x) };
      if (!labels) return adapted;
      const { latents } = flow.normalize(adapted.flow, x);
      const classes = latents.map((u, scale) => [scaleName(scale), classMeans(u, sizes[scale]!, labels)]);
      return { ...adapted, classes: Object.fromEntries(classes) };
    },
    normalize: (parameters, x) => {
      const { latents, terms } = flow.normalize(parameters.flow, x);
      return within(x.graph, "classes", () => {
        const gains = latents.map((u, scale) => gainsOf(parameters.classes[scaleName(scale)]!, u));
        const plain = terms.map(({ logDet, prior }) => add(logDet, prior)).reduce((sum, term) => add(sum, term));
        const gain = gains.reduce((sum, one) => add(sum, one));
        return {
          latents,
          terms: marginalTerms(terms, gains, x.shape[3]!),
          classes: add(gain, plain),
          posteriors: softmax(gain),
        };
      });
    },
    generate: (parameters, latents, labels) =>
      flow.generate!(
        parameters.flow,
        latents.map((z, scale) => {
          const shape = flow.latentShapes[scale]!;
          return within(z.graph, "classes", () => latentOf(parameters.classes[scaleName(scale)]!, z, labels, shape));
        }),
      ),
  };
}

function scaleName(scale: number): string {
  return `scale${scale}`;
}

/** bias_c = -sum of the class's u over (their number + priorCount), logScale 0, for u [C, H, W, N] with D numbers an image. */
function classMeans(u: Value, size: number, labels: Value): ValuesOf<AffineNormParameters> {
  const columns = reshape(u, [size, u.shape[3]!]);
  const count = add(reduceSum(labels, [1], true), priorCount);
  const bias = negate(divide(gemm(labels, columns, { transposeB: true }), count));
  return { bias, logScale: broadcastLike(constant(u.graph, 0), bias) };
}

/** log p(u|c) - log N(u; 0, I) of one scale's latents u [C, H, W, N], as [K, N]. */
function gainsOf({ bias, logScale }: ValuesOf<AffineNormParameters>, u: Value): Value {
  const columns = reshape(u, [logScale.shape[1]!, u.shape[3]!]);
  const precision = exponential(multiply(logScale, 2));
  const shifted = multiply(bias, precision);
  const offset = reduceSum(subtract(logScale, multiply(multiply(bias, shifted), 0.5)), [1], true);
  const linear = gemm(negate(shifted), columns, { bias: offset });
  const curvature = multiply(subtract(precision, 1), -0.5);
  return gemm(curvature, multiply(columns, columns), { bias: linear });
}

/** (z e^-logScale) - bias with the parameters of every image's class. */
function latentOf(
  { bias, logScale }: ValuesOf<AffineNormParameters>,
  z: Value,
  labels: Value,
  shape: ImageShape,
): Value {
  const ofImage = (rows: Value): Value => reshape(gemm(rows, labels, { transposeA: true }), eventShape(shape, z));
  return subtract(multiply(z, ofImage(exponential(negate(logScale)))), ofImage(bias));
}

/**
 * The marginal's terms: with G_s = log 1/K sum_c e^(gains of scale s and later ones), scale s adds G_s - G_{s+1} to the plain prior term.
 */
function marginalTerms(
  terms: readonly ScaleTerm[],
  gains: readonly Value[],
  batch: Value["shape"][number],
): ScaleTerm[] {
  const result: ScaleTerm[] = [];
  let later: { readonly gain: Value; readonly marginal: Value } | undefined;
  for (const [scale, { logDet, prior }] of [...terms.entries()].reverse()) {
    const gain: Value = later ? add(gains[scale]!, later.gain) : gains[scale]!;
    const logCount = Math.log(staticDimension(gain.shape[0], "class-conditional flow"));
    const marginal = subtract(reshape(logSumExp(gain), [batch]), constant(gain.graph, logCount));
    result.unshift({ logDet, prior: add(prior, later ? subtract(marginal, later.marginal) : marginal) });
    later = { gain, marginal };
  }
  return result;
}
