/**
 * What a flow is, and a flow made of scales: each runs its steps, keeps one part as its latent and hands the rest on.
 *
 * The log-likelihood is a sum of one term a scale, each the scale's own log-det plus its prior's: log p(x) = sum_s (logDet_s + prior_s).
 */
import { ConfigError, type ImageShape, type RandomKey } from "../base/index.ts";
import { add, broadcastLike, concatenate, split, type Value, within } from "../graph/index.ts";
import type { ArraysOf, ParameterTree, ValuesOf } from "../nn/index.ts";
import type { Bijector } from "./bijector.ts";
import { standardNormalLogDensity, standardNormalLogDensityByPlace } from "./prior.ts";

/** The size of a flow. */
export interface FlowSize extends ImageShape {
  /** Number of scales; height and width must be divisible by 2^scales. None for a model that has no scales. */
  readonly scales: number;
  /** Flow steps a scale. */
  readonly depth: number;
  /** Hidden channels, or features, of the coupling networks. */
  readonly hidden: number;
}

/** What a flow says of a batch at one scale, in nats: both [N], or [h, w, N] by place. */
export interface ScaleTerm {
  readonly logDet: Value;
  readonly prior: Value;
}

/** A normalizing flow with one log-likelihood term a scale, or another model with a likelihood: one term and no latents. */
export interface Flow {
  readonly inputShape: ImageShape;
  /** Shapes of the latents, first scale first; none where it has no latents. */
  readonly latentShapes: readonly ImageShape[];
  /** Whether its likelihood is of whole levels: x is the middle of a level's interval then, and never noise inside it. */
  readonly discrete?: true;
  readonly parameters: ParameterTree;
  createParameters(key: RandomKey): ArraysOf<ParameterTree>;
  /** Parameters fitted to a batch x [C, H, W, N] of known size. */
  adapt(parameters: ValuesOf<ParameterTree>, x: Value): ValuesOf<ParameterTree>;
  /** Latents, standard normal under the model, and terms of x [C, H, W, N]. */
  normalize(
    parameters: ValuesOf<ParameterTree>,
    x: Value,
  ): { readonly latents: readonly Value[]; readonly terms: readonly ScaleTerm[] };
  /**
   * The terms of x [C, H, W, N] by place, one a scale: [h, w, N] each, at the size of the scale's latents or pixel by pixel, whose sum over places is the
   * term of `normalize`. Absent where latents have no place, as in a flow that mixes all features of an image.
   */
  termsByPlace?(parameters: ValuesOf<ParameterTree>, x: Value): readonly ScaleTerm[];
  /** Data from latents. Absent where it has none. */
  generate?(parameters: ValuesOf<ParameterTree>, latents: readonly Value[]): Value;
}

/** One scale of a flow. */
export interface Scale {
  readonly name: string;
  /** From what the scale before handed on to this scale's latent and the rest. */
  readonly steps: Bijector;
  readonly priorName: string;
  /** From the latent to numbers that are standard normal under the model. */
  readonly prior: Bijector;
  readonly latent: ImageShape;
  /** The last scale keeps everything; the others hand on as many channels as their latent has. */
  readonly last: boolean;
}

/** Throws ConfigError unless every number of a size is a positive integer. `name` is the architecture's. */
export function checkSize(name: string, { channels, height, width, scales, depth, hidden }: FlowSize): void {
  for (const [field, value] of Object.entries({ channels, height, width, scales, depth, hidden })) {
    if (!Number.isInteger(value) || value < 1)
      throw new ConfigError({
        code: "out-of-range",
        subject: name,
        expected: `a positive ${field}`,
        got: String(value),
      });
  }
}

/** The flow of some scales, first to last. */
export function flowOfScales(inputShape: ImageShape, scales: readonly Scale[]): Flow {
  const inner = (parameters: ValuesOf<ParameterTree>, name: string) => parameters[name] as ValuesOf<ParameterTree>;
  const cut = ({ latent, last }: Scale, y: Value): readonly [Value, Value | undefined] => {
    if (last) return [y, undefined];
    const [z, rest] = split(y, 0, [latent.channels, latent.channels]);
    return [z!, rest];
  };

  const placed = scales.every(({ steps, prior }) => steps.normalizeByPlace && prior.normalizeByPlace);
  const termsByPlace: NonNullable<Flow["termsByPlace"]> = (parameters, x) => {
    let rest: Value | undefined = x;
    return scales.map((scale) => {
      const y: Value = rest!;
      const steps = within(x.graph, scale.name, () => scale.steps.normalizeByPlace!(inner(parameters, scale.name), y));
      const [z, onward] = cut(scale, steps.z);
      const prior = within(x.graph, scale.priorName, () =>
        scale.prior.normalizeByPlace!(inner(parameters, scale.priorName), z),
      );
      rest = onward;
      const density = standardNormalLogDensityByPlace(prior.z, scale.latent);
      return { logDet: broadcastLike(add(steps.logDet, prior.logDet), density), prior: density };
    });
  };

  return {
    inputShape,
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
    ...(placed && { termsByPlace }),
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
