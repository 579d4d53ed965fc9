/**
 * The multi-scale skeleton that Glow and the fully-connected Glow share (Dinh et al. 2017, section 3.6): each scale squeezes and runs `depth`
 * steps; then the first half of the channels is this scale's latent and the second half goes on. The last scale keeps everything.
 */
import { ConfigError, type ImageShape } from "../base/index.ts";
import type { Bijector } from "./bijector.ts";
import { chain } from "./chain.ts";
import { checkSize, type Flow, type FlowSize, flowOfScales, type Scale } from "./flow.ts";
import { dimensionNorm } from "./prior.ts";
import { squeeze } from "./squeeze.ts";

/** Makes one flow step over tensors of a shape. */
export type StepMaker = (shape: ImageShape) => Bijector;

/** The scopes of the steps that `squeezedSteps` makes, as a regular expression. */
export const stepScopes = "step\\d+";

/** Squeeze, then `depth` steps, as one bijector. */
export function squeezedSteps(name: string, shape: ImageShape, depth: number, makeStep: StepMaker): Bijector {
  const squeezed = squeeze(shape);
  const steps = Array.from({ length: depth }, (_, number) => [`step${number}`, makeStep(squeezed.outputShape)]);
  return chain(name, { squeeze: squeezed, ...Object.fromEntries(steps) });
}

/**
 * A multi-scale flow of an architecture `name`, with what `makePrior` makes of every scale's latents before they are standard normal. Throws
 * ConfigError for sizes that cannot be.
 */
export function multiScaleFlow(
  name: string,
  size: FlowSize,
  makeStep: StepMaker,
  makePrior: StepMaker = dimensionNorm,
): Flow {
  checkSize(name, size);
  const { channels, height, width, scales, depth } = size;
  const block = 2 ** scales;
  if (height % block !== 0 || width % block !== 0) {
    throw new ConfigError({
      code: "out-of-range",
      subject: name,
      expected: `a size divisible by ${block} for ${scales} scales`,
      got: `${height}x${width}`,
      remedy: { key: "other", text: "choose fewer scales or another size" },
    });
  }
  const made: Scale[] = [];
  let shape: ImageShape = { channels, height, width };
  for (let index = 0; index < scales; index++) {
    const last = index === scales - 1;
    const steps = squeezedSteps(`scale${index}`, shape, depth, makeStep);
    const step = steps.outputShape;
    const latent = last ? step : { ...step, channels: step.channels / 2 };
    made.push({
      name: `scale${index}`,
      steps,
      priorName: `prior${index}`,
      prior: makePrior(latent),
      latent,
      last,
    });
    shape = latent;
  }
  return flowOfScales(size, made);
}
