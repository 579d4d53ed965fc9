/**
 * The flows that `flow-study.mjs` tries beside Glow, from data to latents alone: mixtures of logistics in couplings (Ho et al. 2019, section 3.2) or before the flow, latents
 * whose mean and deviation come from the rest of the channels, and fewer couplings where images are large.
 */
import { chain, channelMixing, dimensionNorm, makeFlow, squeeze, standardNormalLogDensity } from "outglow/flow";
import {
  add,
  concatenate,
  constant,
  exponential,
  gemm,
  homogeneousUnfold,
  logarithm,
  logSigmoid,
  maximum,
  multiply,
  negate,
  reduceSum,
  relu,
  reshape,
  sigmoid,
  split,
  subtract,
} from "outglow/graph";
import {
  affineNorm,
  asColumn,
  fitAffineNorm,
  fixed,
  keepingLast,
  neighbourhoods,
  normal,
  normalizedLinear,
  normalizedMatrix,
  scatteringConvolution,
  toColumns,
  trainable,
  zeros,
} from "outglow/nn";

/** Keeps the logarithm of a share finite far beyond all components. */
const leastShare = 1e-35;

/**
 * x [C, H, W, N] to logit F(x), F a mixture of K logistics whose numbers are [K, C, ...]; the logarithm of its derivative at every number of x. With w the
 * weights, l = sum w sigmoid(u) and r = sum w sigmoid(-u): z = log l - log r, dz/dx = (sum w sigmoid(u) sigmoid(-u) / s) (sum w) / (l r).
 */
function mixtureOf(x, { logits, means, logScales }) {
  const inverse = exponential(negate(logScales));
  const weights = exponential(logits);
  const places = multiply(subtract(reshape(x, [1, ...x.shape]), means), inverse);
  const below = sigmoid(places);
  const above = sigmoid(negate(places));
  const sum = (value) => reduceSum(value, [0]);
  const weighted = multiply(weights, below);
  const left = logarithm(maximum(sum(weighted), leastShare));
  const right = logarithm(maximum(sum(multiply(weights, above)), leastShare));
  const density = logarithm(maximum(sum(multiply(multiply(weighted, above), inverse)), leastShare));
  const whole = logarithm(sum(weights));
  return { z: subtract(left, right), logDerivative: add(subtract(density, add(left, right)), whole) };
}

const perImage = (value) => reduceSum(value, [0, 1, 2]);

/** Numbers from -1 to 1, one for each component. */
const spread = (count) => Array.from({ length: count }, (_, k) => (2 * k + 1) / count - 1);

/** A mixture the same for all images and places, given: `components` of weight, mean and scale. */
function levelling(shape, components) {
  const count = components.length;
  const rows = (of) => Float32Array.from({ length: count }, (_, k) => of(components[k]));
  const bijector = {
    name: "levelling",
    inputShape: shape,
    outputShape: shape,
    parameters: { logits: fixed(count), means: fixed(count), logScales: fixed(count) },
    createParameters: () => ({
      logits: rows(({ weight }) => Math.log(weight)),
      means: rows(({ mean }) => mean),
      logScales: rows(({ scale }) => Math.log(scale)),
    }),
    adapt: (parameters, x) => ({ parameters, z: bijector.normalize(parameters, x).z }),
    normalize: ({ logits, means, logScales }, x) => {
      const [a, b, c] = [logits, means, logScales].map((row) => asColumn(row, 5));
      const { z, logDerivative } = mixtureOf(x, { logits: a, means: b, logScales: c });
      return { z, logDet: perImage(logDerivative) };
    },
  };
  return bijector;
}

/**
 * Glow's coupling and, with `components`, a mixture of logistics after its affine map, whose numbers come from the same network by a 1x1 convolution that is zero at first.
 * `hidden` 0 leaves one convolution from the half that stays to shift and scale: Glow's prior that looks at the rest; `swap` transforms the first half.
 */
function studiedCoupling(shape, { hidden, components = 0, swap = false }) {
  const { channels } = shape;
  const half = channels / 2;
  const numbers = 3 * components * half;
  const scaled = ({ weight, bias, logScale }, rank) => {
    const scale = exponential(multiply(logScale, 3));
    return { weight: multiply(weight, asColumn(scale, rank)), bias: multiply(bias, scale) };
  };
  const halves = (x) => (swap ? split(x, 0, [half, half]).toReversed() : split(x, 0, [half, half]));
  const deep = hidden > 0;
  const inputs = deep ? hidden : half;
  const outputs = (parameters, a) => {
    let features = a;
    if (deep) {
      const { conv1, norm1, conv2, norm2 } = parameters;
      const weight = reshape(conv1.weight, [hidden, half * 9]);
      const first = relu(gemm(keepingLast(normalizedMatrix(weight, norm1)), homogeneousUnfold(a)));
      features = reshape(relu(gemm(normalizedMatrix(conv2.weight, norm2), first)), [hidden, ...a.shape.slice(1)]);
    }
    const { weight, bias } = scaled(parameters.conv3, 4);
    const [shift, raw] = split(add(scatteringConvolution(weight, features), asColumn(bias, 4)), 0, [half, half]);
    return { shift, raw: add(raw, 2), features };
  };
  const mixture = (parameters, features) => {
    const { weight, bias } = scaled(parameters.mixture, 2);
    const all = reshape(gemm(weight, toColumns(features), { bias: asColumn(bias, 2) }), [
      3,
      components,
      half,
      ...features.shape.slice(1),
    ]);
    const [logits, means, logScales] = split(all, 0, [1, 1, 1]).map((part) => reshape(part, all.shape.slice(1)));
    const at = spread(components).map((place) => 2 * place);
    const centres = constant(features.graph, Float32Array.from(at), [components, 1, 1, 1, 1]);
    return { logits, means: add(means, centres), logScales: subtract(logScales, Math.log(2)) };
  };
  const bijector = {
    name: "studiedCoupling",
    inputShape: shape,
    outputShape: shape,
    parameters: {
      ...(deep && {
        conv1: { weight: trainable(hidden, half, 3, 3) },
        norm1: affineNorm(hidden),
        conv2: { weight: trainable(hidden, hidden) },
        norm2: affineNorm(hidden),
      }),
      conv3: { weight: trainable(channels, 3, 3, inputs), bias: trainable(channels), logScale: trainable(channels) },
      ...(components > 0 && {
        mixture: { weight: trainable(numbers, hidden), bias: trainable(numbers), logScale: trainable(numbers) },
      }),
    },
    createParameters: (key) => ({
      ...(deep && {
        conv1: { weight: normal(hidden * half * 9, 0.05, key.fold("conv1")) },
        norm1: { bias: zeros(hidden), logScale: zeros(hidden) },
        conv2: { weight: normal(hidden * hidden, 0.05, key.fold("conv2")) },
        norm2: { bias: zeros(hidden), logScale: zeros(hidden) },
      }),
      conv3: { weight: zeros(channels * 9 * inputs), bias: zeros(channels), logScale: zeros(channels) },
      ...(components > 0 && {
        mixture: { weight: zeros(numbers * hidden), bias: zeros(numbers), logScale: zeros(numbers) },
      }),
    }),
    adapt: (parameters, x) => {
      let adapted = parameters;
      if (deep) {
        const columns = neighbourhoods(halves(x)[0]);
        const weight = reshape(parameters.conv1.weight, [hidden, half * 9]);
        const norm1 = fitAffineNorm(gemm(weight, columns), [hidden], [1], 1e-6);
        const first = relu(normalizedLinear(weight, norm1, columns));
        const norm2 = fitAffineNorm(gemm(parameters.conv2.weight, first), [hidden], [1], 1e-6);
        adapted = { ...parameters, norm1, norm2 };
      }
      return { parameters: adapted, z: bijector.normalize(adapted, x).z };
    },
    normalize: (parameters, x) => {
      const [a, b] = halves(x);
      const { shift, raw, features } = outputs(parameters, a);
      let moved = multiply(add(b, shift), sigmoid(raw));
      let logDerivative = logSigmoid(raw);
      if (components > 0) {
        const mixed = mixtureOf(moved, mixture(parameters, features));
        moved = mixed.z;
        logDerivative = add(logDerivative, mixed.logDerivative);
      }
      return { z: concatenate(swap ? [moved, a] : [a, moved], 0), logDet: perImage(logDerivative) };
    },
  };
  return bijector;
}

/**
 * A mixture of logistics near the distribution of grey levels, by expectation and maximisation with normal components of the same mean and deviation: `counts` [256], x
 * from -1/2 to 1/2. No component is narrower than noise inside a level.
 */
function mixtureOfLevels(counts, count) {
  const at = (level) => (level + 0.5) / 256 - 0.5;
  const total = counts.reduce((sum, value) => sum + value, 0);
  const inside = 1 / 256 ** 2 / 12;
  const quantile = (share) => {
    let sofar = 0;
    return counts.findIndex((value) => {
      sofar += value;
      return sofar >= share * total;
    });
  };
  let components = spread(count).map((place) => ({
    weight: 1 / count,
    mean: 0.5 * at(quantile((place + 1) / 2)) + 0.25 * place,
    variance: 1 / (2 * count) ** 2,
  }));
  for (let round = 0; round < 200; round++) {
    const sums = components.map(() => ({ mass: 1e-9 * total, first: 0, second: 0 }));
    for (const [level, value] of counts.entries()) {
      if (value === 0) continue;
      const x = at(level);
      const shares = components.map(
        ({ weight, mean, variance }) => (weight * Math.exp(-((x - mean) ** 2) / (2 * variance))) / Math.sqrt(variance),
      );
      const all = shares.reduce((sum, share) => sum + share, 1e-300);
      for (const [k, share] of shares.entries()) {
        const mass = (value * share) / all;
        sums[k].mass += mass;
        sums[k].first += mass * x;
        sums[k].second += mass * x * x;
      }
    }
    components = sums.map(({ mass, first, second }) => {
      const mean = first / mass;
      return { weight: mass / total, mean, variance: inside + Math.max(0, second / mass - mean ** 2) };
    });
  }
  return components.map(({ weight, mean, variance }) => ({
    weight,
    mean,
    scale: Math.sqrt(3 * variance) / Math.PI,
  }));
}

/** A flow of scales like Glow's: each squeezes and runs its steps; the first half of the channels is its latent, the second goes on, and the last scale keeps everything. */
function multiScale({ channels, height, width, scales, depth }, makeStep) {
  let shape = { channels, height, width };
  const parts = {};
  for (let scale = 0; scale < scales; scale++) {
    const squeezed = squeeze(shape);
    const { outputShape } = squeezed;
    const steps = Array.from({ length: depth }, (_, step) => [`step${step}`, makeStep(outputShape, scale, step)]);
    const kept = scale === scales - 1 ? outputShape.channels : outputShape.channels / 2;
    parts[`scale${scale}`] = chain(`scale${scale}`, { squeeze: squeezed, ...Object.fromEntries(steps) });
    shape = { ...outputShape, channels: kept };
    parts[`prior${scale}`] = dimensionNorm(shape);
  }
  const names = Object.keys(parts);
  const forEach = (x, run) => {
    let rest = x;
    for (let scale = 0; scale < scales; scale++) {
      const y = run(`scale${scale}`, rest);
      const [z, onward] = scale === scales - 1 ? [y] : split(y, 0, [y.shape[0] / 2, y.shape[0] / 2]);
      run(`prior${scale}`, z);
      rest = onward;
    }
  };
  return {
    inputShape: { channels, height, width },
    parameters: Object.fromEntries(names.map((name) => [name, parts[name].parameters])),
    createParameters: (key) =>
      Object.fromEntries(names.map((name) => [name, parts[name].createParameters(key.fold(name))])),
    adapt: (parameters, x) => {
      const adapted = {};
      forEach(x, (name, value) => {
        const result = parts[name].adapt(parameters[name], value);
        adapted[name] = result.parameters;
        return result.z;
      });
      return Object.fromEntries(names.map((name) => [name, adapted[name]]));
    },
    normalize: (parameters, x) => {
      const [latents, terms] = [[], []];
      let inside;
      forEach(x, (name, value) => {
        const { z, logDet } = parts[name].normalize(parameters[name], value);
        if (name.startsWith("scale")) inside = logDet;
        else {
          latents.push(z);
          terms.push({ logDet: add(inside, logDet), prior: standardNormalLogDensity(z, parts[name].outputShape) });
        }
        return z;
      });
      return { latents, terms };
    },
  };
}

/**
 * What is changed of Glow: `components` of the mixtures in a coupling, by scale; `couplings` a scale; `prior` for latents that the rest of the channels tells of;
 * `level` components that make grey levels even before the flow, half of whose mass is far beyond all levels with `wide`: the ends are not stretched then.
 */
export const variants = {
  glow: {},
  mixture: { components: [4, 4, 4] },
  "mixture-late": { components: [0, 4, 4] },
  prior: { prior: true },
  coarse: { couplings: [3, 6, 12] },
  level: { level: 8 },
  even: { level: 8, wide: true },
};

/** A flow of a variant, of three scales and depth 6, for images whose grey levels are counted. */
export function flowOf(name, size, counts) {
  if (name === "glow") return makeFlow({ architecture: "glow", ...size });
  const { components = [0, 0, 0], couplings = [6, 6, 6], level = 0, wide = false, prior = false } = variants[name];
  const { depth, hidden, scales } = size;
  const fitted = level > 0 ? mixtureOfLevels(counts, level) : [];
  const half = fitted.map((component) => ({ ...component, weight: component.weight / 2 }));
  const mixture = wide ? [{ weight: 0.5, mean: 0, scale: 0.5 }, ...half] : fitted;
  const makeStep = (shape, scale, step) => {
    const parts = {};
    if (scale === 0 && step === 0 && level > 0) parts.level = levelling(shape, mixture);
    const [first, next] = [step, step + 1].map((at) => Math.floor((at * couplings[scale]) / depth));
    for (let coupling = first; coupling < next; coupling++) {
      parts[`mixing${coupling}`] = channelMixing(shape);
      parts[`coupling${coupling}`] = studiedCoupling(shape, { hidden, components: components[scale] });
    }
    // A chain has at least one part.
    if (first === next) parts.mixing = channelMixing(shape);
    const ends = step === depth - 1 && scale < scales - 1;
    if (ends && prior) parts.prior = studiedCoupling(shape, { hidden: 0, swap: true });
    return chain("step", parts);
  };
  return multiScale(size, makeStep);
}
