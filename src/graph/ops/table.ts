/** The table of all ops: a missing record does not compile. */
import type { OpName } from "./attributes.ts";
import { convolutionOps } from "./convolution.ts";
import type { OpDefinition } from "./definition.ts";
import { elementwiseOps } from "./elementwise.ts";
import { eluOps } from "./elu.ts";
import { imageConvolutionOps } from "./image-convolution.ts";
import { linearAlgebraOps } from "./linear-algebra.ts";
import { maskedConvolutionOps } from "./masked-convolution.ts";
import { movementOps } from "./movement.ts";
import { reduceOps } from "./reduce.ts";
import { selectOps } from "./select.ts";
import { sourceOps } from "./source.ts";

export const opTable: { readonly [K in OpName]: OpDefinition<K> } = {
  ...sourceOps,
  ...elementwiseOps,
  ...eluOps,
  ...selectOps,
  ...reduceOps,
  ...movementOps,
  ...linearAlgebraOps,
  ...convolutionOps,
  ...maskedConvolutionOps,
  ...imageConvolutionOps,
};
