/**
 * The flow that looks at cells of 8x8 pixels: a Glow of three scales with priors that know no place, and its terms cell by cell. A cell's share of a scale
 * is that of the places within it, so that all cells and scales add up to log p(x).
 */
import type { ImageShape } from "../base/index.ts";
import { cellSide } from "../faults/portable.ts";
import { type Flow, makePlacelessGlow, type NetworkForm } from "../flow/index.ts";
import { add, reduceSum, reshape, type Value } from "../graph/index.ts";
import type { ParameterTree, ValuesOf } from "../nn/index.ts";

/** Scales until a place is a cell: 2^3 = 8 pixels. */
const cellScales = 3;

/** What a cell flow is made of, whatever the size of the images. */
export interface CellFlowSize {
  readonly channels: number;
  /** Flow steps a scale. */
  readonly depth: number;
  /** Hidden channels of the coupling networks. */
  readonly hidden: number;
}

/** The flow over images of a size. Throws ConfigError for sides that are no whole cells. */
export function cellFlow(
  { channels, depth, hidden }: CellFlowSize,
  { height, width }: Omit<ImageShape, "channels">,
  form: NetworkForm = "products",
): Flow {
  return makePlacelessGlow({ channels, height, width, depth, hidden, scales: cellScales }, form);
}

/** Numbers of a cell: the dimensions that its likelihood is over. */
export function cellDimensions({ channels }: Pick<CellFlowSize, "channels">): number {
  return channels * cellSide ** 2;
}

/**
 * Half the side of what a cell's terms depend on beyond it, in whole cells, as pixels: each coupling sees two places further, a place being 2, 4 and 8
 * pixels.
 */
export function visibleMargin({ depth }: Pick<CellFlowSize, "depth">): number {
  return Math.ceil((depth * 2 * (2 + 4 + 8)) / cellSide) * cellSide;
}

/** log-det + prior term of every scale of x [C, H, W, N] by cell, in nats: [H/8, W/8, N] each, which add up to log p(x). */
export function cellTerms(flow: Flow, parameters: ValuesOf<ParameterTree>, x: Value): readonly Value[] {
  const { height, width } = flow.inputShape;
  const [rows, columns] = [height / cellSide, width / cellSide];
  return flow.termsByPlace!(parameters, x).map(({ logDet, prior }) => {
    const term = add(logDet, prior);
    const places = (term.shape[0] as number) / rows;
    if (places === 1) return term;
    return reduceSum(reshape(term, [rows, places, columns, places, term.shape[2]!]), [1, 3]);
  });
}
