/** All networks of a fault detector at one level as one graph, for square images. Portable. */
import { add, makeGraph, multiply, subtract, type Value } from "../graph/index.ts";
import { topCount } from "./cell-map.ts";
import { scaledImages } from "./cell-windows.ts";
import { faultNetwork } from "./network.ts";
import type { FaultDetector } from "./record.ts";
import { cellSide } from "./synthetic/cells.ts";

/** A level's map, and how many of its cells make a score. */
export interface LevelGraph {
  /** [N, level / 8, level / 8] of the graph's input `images`, uint8 [N, C, level, level]: logits in deviations of normal images, the mean over networks. */
  readonly map: Value;
  /** The score of a level is the mean of so many of its highest cells. */
  readonly top: number;
}

/** The graph of one of a detector's levels. Undefined where no network knows what is normal there. */
export function faultLevelGraph({ record, networks }: FaultDetector, level: number): LevelGraph | undefined {
  const { channels, pixelScale, settings } = record;
  const network = faultNetwork({ channels, width: settings.width });
  const graph = makeGraph();
  const x = scaledImages(graph, channels, pixelScale, { height: level, width: level });
  const maps = networks.flatMap((parameters, fold) => {
    const moments = record.folds[fold]!.levels.find((entry) => entry.level === level);
    if (!moments) return [];
    const logits = network.scoringLogits(graph, parameters, x);
    return [multiply(subtract(logits, moments.mean), 1 / moments.deviation)];
  });
  if (maps.length === 0) return undefined;
  const map = multiply(
    maps.reduce((sum, one) => add(sum, one)),
    1 / maps.length,
  );
  return { map, top: topCount((level / cellSide) ** 2) };
}
