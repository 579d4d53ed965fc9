/** Arithmetic on stored pixels: shrinking, enlarging. Pure, the same in Node and in a browser. */
export { enlargeBilinear } from "./bilinear.ts";
export type { RawImage } from "./raw-image.ts";
export { canShrink, shrinkTriangle } from "./reduction.ts";
export { checkSpecification } from "./specification.ts";
