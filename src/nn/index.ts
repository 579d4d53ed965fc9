/** Parameters as data, layers as functions. Pure. */
export {
  crossEntropy,
  labelledNegativeLogLikelihood,
  ofLabels,
  outlierExposureWeight,
  uniformCrossEntropy,
  wrongClassLoss,
} from "./class-losses.ts";
export { averagePool, globalAverage, neighbourhoods, scatteringConvolution } from "./convolution.ts";
export { readingConvolution, writingConvolution } from "./image-convolution.ts";
export { type LuFactors, normal, orthogonal, orthogonalLu, uniform, zeros } from "./initial.ts";
export {
  type AffineNormParameters,
  affineNorm,
  asColumn,
  fitAffineNorm,
  invertUnitTriangular,
  keepingLast,
  matrixMask,
  normalizedConvolution,
  normalizedLinear,
  normalizedMatrix,
  toColumns,
} from "./layers.ts";
export { type DifferenceLossOptions, outlierPenalty } from "./outlier-penalty.ts";
export { parametersFrom, parameterTensors } from "./parameter-tensors.ts";
export {
  type ArraysOf,
  constantValues,
  fixed,
  type LayoutEntry,
  layoutOf,
  leavesOf,
  mapLeaves,
  type ParameterLayout,
  type ParameterSpecification,
  type ParameterTree,
  type ParameterVectors,
  packArrays,
  parameterData,
  parameterInputs,
  type TreeOf,
  trainable,
  unpackValues,
  type ValuesOf,
} from "./parameters.ts";
export {
  blockScopes,
  type Classifier,
  type ResidualNetworkConfiguration,
  residualNetwork,
} from "./residual-network.ts";
export { readTensors, type StoredTensor, type TensorFile, writeTensors } from "./safetensors.ts";
export { logSoftmax, logSumExp, softmax } from "./softmax.ts";
