/** Bijectors, priors and Glow. Pure. */
export { actNorm } from "./act-norm.ts";
export { type AffineCouplingParameters, affineCoupling } from "./affine-coupling.ts";
export type { Bijector, EventShape } from "./bijector.ts";
export { chain } from "./chain.ts";
export { type ChannelMixingParameters, channelMixing } from "./channel-mixing.ts";
export {
  type ClassConditional,
  type ClassConditionalParameters,
  type ClassConditionalResult,
  classConditional,
} from "./class-conditional.ts";
export { type Flow, type GlowConfiguration, makeGlow, type ScaleTerm } from "./glow.ts";
export { invertibleConvolution, type LuParameters, luInverse, luMatrix } from "./invertible-convolution.ts";
export { dimensionNorm, standardNormalLogDensity } from "./prior.ts";
export { imageInput, logLikelihood, pixelsToData, scoreTerms } from "./scoring.ts";
export { squeeze } from "./squeeze.ts";
