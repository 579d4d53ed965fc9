/** Bijectors, priors, and the flows made of them. Pure. */
export { actNorm } from "./act-norm.ts";
export { type AffineCouplingParameters, affineCoupling } from "./affine-coupling.ts";
export {
  type DefaultSizes,
  defaultSizes,
  type FlowConfiguration,
  makeFlow,
  repeatedScopes,
} from "./architecture.ts";
export type { Bijector } from "./bijector.ts";
export { chain } from "./chain.ts";
export { type ChannelMixingParameters, channelMixing } from "./channel-mixing.ts";
export {
  type ClassConditional,
  type ClassConditionalParameters,
  type ClassConditionalResult,
  classConditional,
} from "./class-conditional.ts";
export { type DenseCouplingParameters, denseCoupling } from "./dense-coupling.ts";
export { makeDenseGlow } from "./dense-glow.ts";
export { type FeatureRotationParameters, featureRotation } from "./feature-rotation.ts";
export type { Flow, FlowSize, ScaleTerm } from "./flow.ts";
export { makeGlow, makePlacelessGlow } from "./glow.ts";
export { invertibleConvolution, type LuParameters, luInverse, luMatrix } from "./invertible-convolution.ts";
export { drawLevels, mixtureNumbers } from "./logistic-mixture.ts";
export type { NetworkForm } from "./network-form.ts";
export { makePatchGlow } from "./patch-glow.ts";
export { patchwise } from "./patchwise.ts";
export { halvingsOf, isPixelCnn, makePixelCnn, type PixelCnn } from "./pixelcnn.ts";
export { dimensionNorm, standardNormalLogDensity } from "./prior.ts";
export { imageInput, logLikelihood, pixelsToData, scoreTerms, tableOfTerms } from "./scoring.ts";
export { squeeze } from "./squeeze.ts";
