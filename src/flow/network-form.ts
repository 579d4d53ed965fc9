/**
 * How a graph computes what a flow does at every pixel: as matrix products over [C, H, W, N], which can be differentiated, or as
 * convolutions over [N, C, H, W], which the engine runs faster where the weights are constants. Both take the same parameters and mean the
 * same numbers. A bijector takes and gives [C, H, W, N] in either form: between two of them the transpositions cancel.
 */
import { transpose, type Value } from "../graph/index.ts";

/** How convolutional networks are computed: as products to train them, as convolutions with constant weights to score. */
export type NetworkForm = "products" | "convolutions";

/** How tensors lie inside a bijector of some form. */
export interface Layout {
  /** The axis of the channels; height and width follow it. */
  readonly channels: number;
  /** From [C, H, W, N], and back. */
  enter(x: Value): Value;
  leave(y: Value): Value;
}

export const layouts: Readonly<Record<NetworkForm, Layout>> = {
  products: { channels: 0, enter: (x) => x, leave: (y) => y },
  convolutions: {
    channels: 1,
    enter: (x) => transpose(x, [3, 0, 1, 2]),
    leave: (y) => transpose(y, [1, 2, 3, 0]),
  },
};
