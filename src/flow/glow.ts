/**
 * Glow, as the paper uses it (section 1.1): per scale squeeze, then `depth` steps of ActNorm, invertible 1x1 convolution and affine
 * coupling, then the first half of the channels is this scale's latent and the second half goes on. The last scale keeps everything.
 *
 * The log-likelihood is a sum of one term a scale, each the scale's own log-det plus its prior's: log p(x) = sum_s (logDet_s + prior_s).
 */
import { ConfigError, type RandomKey } from "../base/index.ts";
import { add, concatenate, split, type Value, within } from "../graph/index.ts";
import type { ArraysOf, ParameterTree, ValuesOf } from "../nn/index.ts";
import { affineCoupling } from "./affine-coupling.ts";
import type { Bijector, EventShape } from "./bijector.ts";
import { chain } from "./chain.ts";
import { channelMixing } from "./channel-mixing.ts";
import { dimensionNorm, standardNormalLogDensity } from "./prior.ts";
import { squeeze } from "./squeeze.ts";

/** The size of a Glow. */
export interface GlowConfiguration extends EventShape {
  /** Number of scales; height and width must be divisible by 2^scales. */
  readonly scales: number;
  /** Flow steps a scale. */
  readonly depth: number;
  /** Hidden channels of the coupling networks. */
  readonly hidden: number;
}

/** What a flow says of a batch at one scale, both [N] in nats. */
export interface ScaleTerm {
  readonly logDet: Value;
  readonly prior: Value;
}

/** A normalizing flow with one log-likelihood term a scale. */
export interface Flow {
  readonly inputShape: EventShape;
  /** Shapes of the latents, first scale first. */
  readonly latentShapes: readonly EventShape[];
  readonly parameters: ParameterTree;
  createParameters(key: RandomKey): ArraysOf<ParameterTree>;
  /** Parameters fitted to a batch x [C, H, W, N] of known size. */
  adapt(parameters: ValuesOf<ParameterTree>, x: Value): ValuesOf<ParameterTree>;
  /** Latents, standard normal under the model, and terms of x [C, H, W, N]. */
  normalize(
    parameters: ValuesOf<ParameterTree>,
    x: Value,
  ): { readonly latents: readonly Value[]; readonly terms: readonly ScaleTerm[] };
  /** Data from latents. */
  generate(parameters: ValuesOf<ParameterTree>, latents: readonly Value[]): Value;
}

interface Scale {
  readonly name: string;
  readonly steps: Bijector;
  readonly priorName: string;
  readonly prior: Bijector;
  readonly latent: EventShape;
  readonly last: boolean;
}

/** A Glow. Throws ConfigError for sizes that cannot be. */
export function makeGlow(configuration: GlowConfiguration): Flow {
  const scales = makeScales(configuration);
  const inner = (parameters: ValuesOf<ParameterTree>, name: string) => parameters[name] as ValuesOf<ParameterTree>;
  const cut = ({ latent, last }: Scale, y: Value): readonly [Value, Value | undefined] => {
    if (last) return [y, undefined];
    const [z, rest] = split(y, 0, [latent.channels, latent.channels]);
    return [z!, rest];
  };

  return {
    inputShape: configuration,
    latentShapes: scales.map((scale) => scale.latent),
    parameters: Object.fromEntries([
      ...scales.map((scale) => [scale.name, scale.steps.parameters]),
      ...scales.map((scale) => [scale.priorName, scale.prior.parameters]),
    ]),
    createParameters: (key) =>
      Object.fromEntries([
        ...scales.map((scale) => [scale.name, scale.steps.createParameters(key.fold(scale.name))]),
        ...scales.map((scale) => [scale.priorName, scale.prior.createParameters(key.fold(scale.priorName))]),
      ]),
    adapt: (parameters, x) => {
      const adapted: Record<string, ValuesOf<ParameterTree>> = {};
      let rest: Value | undefined = x;
      for (const scale of scales) {
        const steps = scale.steps.adapt(inner(parameters, scale.name), rest!);
        const [z, onward] = cut(scale, steps.z);
        adapted[scale.name] = steps.parameters;
        adapted[scale.priorName] = scale.prior.adapt(inner(parameters, scale.priorName), z).parameters;
        rest = onward;
      }
      return adapted;
    },
    normalize: (parameters, x) => {
      const latents: Value[] = [];
      const terms: ScaleTerm[] = [];
      let rest: Value | undefined = x;
      for (const scale of scales) {
        const y: Value = rest!;
        const steps = within(x.graph, scale.name, () => scale.steps.normalize(inner(parameters, scale.name), y));
        const [z, onward] = cut(scale, steps.z);
        const prior = within(x.graph, scale.priorName, () =>
          scale.prior.normalize(inner(parameters, scale.priorName), z),
        );
        latents.push(prior.z);
        terms.push({
          logDet: add(steps.logDet, prior.logDet),
          prior: standardNormalLogDensity(prior.z, scale.latent),
        });
        rest = onward;
      }
      return { latents, terms };
    },
    generate: (parameters, latents) => {
      let rest: Value | undefined;
      for (const [index, scale] of [...scales.entries()].reverse()) {
        const { x: z } = scale.prior.generate(inner(parameters, scale.priorName), latents[index]!);
        const y: Value = rest ? concatenate([z, rest], 0) : z;
        rest = scale.steps.generate(inner(parameters, scale.name), y).x;
      }
      return rest!;
    },
  };
}

function makeScales({ channels, height, width, scales, depth, hidden }: GlowConfiguration): Scale[] {
  for (const [name, value] of Object.entries({ channels, height, width, scales, depth, hidden })) {
    if (!Number.isInteger(value) || value < 1) throw new ConfigError(`glow: expected a positive ${name}, got ${value}`);
  }
  const block = 2 ** scales;
  if (height % block !== 0 || width % block !== 0) {
    throw new ConfigError(
      `glow: expected a size divisible by ${block} for ${scales} scales, got ${height}x${width}; choose fewer scales or another size`,
    );
  }
  const result: Scale[] = [];
  let shape: EventShape = { channels, height, width };
  for (let index = 0; index < scales; index++) {
    const last = index === scales - 1;
    const squeezed = squeeze(shape);
    const step = squeezed.outputShape;
    const steps = Array.from({ length: depth }, (_, number) => [
      `step${number}`,
      chain("step", { mixing: channelMixing(step), coupling: affineCoupling(step, hidden) }),
    ]);
    const latent = last ? step : { ...step, channels: step.channels / 2 };
    result.push({
      name: `scale${index}`,
      steps: chain(`scale${index}`, { squeeze: squeezed, ...Object.fromEntries(steps) }),
      priorName: `prior${index}`,
      prior: dimensionNorm(latent),
      latent,
      last,
    });
    shape = latent;
  }
  return result;
}
