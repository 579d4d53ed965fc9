/** Parameters as data, layers as functions. Pure. */
export { type LuFactors, normal, orthogonal, orthogonalLu, uniform, zeros } from "./initial.ts";
export {
  type AffineNormParameters,
  affineNorm,
  asColumn,
  fitAffineNorm,
  invertUnitTriangular,
  matrixMask,
  normalizedLinear,
  toColumns,
} from "./layers.ts";
export {
  type ArraysOf,
  constantValues,
  fixed,
  type LayoutEntry,
  layoutOf,
  leavesOf,
  type ParameterLayout,
  type ParameterSpecification,
  type ParameterTree,
  type ParameterVectors,
  packArrays,
  parameterData,
  type TreeOf,
  trainable,
  unpackValues,
  type ValuesOf,
} from "./parameters.ts";
export { readTensors, type StoredTensor, type TensorFile, writeTensors } from "./safetensors.ts";
