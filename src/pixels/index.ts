/** Arithmetic on stored pixels: from what a decoder gives to what a model takes. Pure, the same in Node and in a browser. */
export { type Background, flattenAlpha } from "./alpha.ts";
export { enlargeBilinear } from "./bilinear.ts";
export { bitsFor, greatestOf, readDeep } from "./deep-samples.ts";
export { fittedForm, isFitted, placeFitted, refuseFit, unlikeProportions } from "./fitting.ts";
export { type ImageHeader, jpegHeader, pngHeader } from "./image-header.ts";
export { type JpegDecoder, jpegDecoder } from "./jpeg.ts";
export type { NumberRange } from "./number-levels.ts";
export { prepareNumbers, rangeOf } from "./numbers.ts";
export { swapsSides, turnUpright } from "./orientation.ts";
export { decodePng, type Inflate } from "./png.ts";
export {
  type DecodedImage,
  finishImage,
  type ImageDecoder,
  type ImageRefusal,
  isSmall,
  jpegReduction,
  type PreparedImage,
  prepareDecoded,
  prepareEncoded,
  prepareRaw,
  refuseSmall,
} from "./preparation.ts";
export type { NumberImage, Planes, RawImage, Samples } from "./raw-image.ts";
export { averagesBlocks, shrinkTriangle, type Tiles, tilesOf } from "./reduction.ts";
export { planesOf, toEightBits } from "./samples.ts";
export {
  checkSpecification,
  defaultBackground,
  type InputForm,
  refuseChannels,
} from "./specification.ts";
export { type PixelStatistics, statisticsOf } from "./statistics.ts";
