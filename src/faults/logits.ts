/** A trained fault network at work: logits of every cell of an image at one level. Portable. */
import type { ParameterVectors } from "../nn/index.ts";
import type { Engine } from "../runtime/index.ts";
import type { PixelScale } from "./batches.ts";
import { type CellLogits, openCells } from "./cell-windows.ts";
import { type FaultNetwork, visibleMargin } from "./network.ts";

/** Opens a trained network. Sides above `longest` pixels are looked at through windows, with the same logits. */
export function openLogits(
  network: FaultNetwork,
  parameters: ParameterVectors,
  scale: PixelScale,
  engine: Engine,
  longest?: number,
): CellLogits {
  return openCells(
    {
      channels: network.size.channels,
      margin: visibleMargin,
      cells: (graph, x) => network.scoringLogits(graph, parameters, x),
    },
    scale,
    engine,
    longest,
  );
}
