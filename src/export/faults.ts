/**
 * What looks for local faults, as one ONNX model a level: a square image of the level's side in, a map of cells and its score out. The score `faults` joins levels at
 * the image's own size, which no single graph does; how, stands in the description.
 */
import { imageSizeOf, randomKey } from "../base/index.ts";
import type { Detector } from "../detector/portable.ts";
import { cellSide, type FaultDetector, faultLevelGraph } from "../faults/portable.ts";
import { makeImages } from "../made/index.ts";
import { lowerGraph, type OnnxModel, writeModel } from "../onnx/index.ts";
import type { Engine } from "../runtime/index.ts";
import type { ExportDifference } from "./checking.ts";
import { compareNumbers } from "./checking.ts";
import { withTopMean } from "./pixels.ts";

/** A level and its model. */
export interface LevelModel {
  readonly level: number;
  readonly model: OnnxModel;
}

/** The models of all levels, the largest first. */
export function faultModels(detector: FaultDetector): readonly LevelModel[] {
  const { channels, settings } = detector.record;
  const metadata = {
    input: `images: uint8 [N, ${channels}, side, side], the image at this level`,
    output: `score: float32 [N], map: float32 [N, side / ${cellSide}, side / ${cellSide}], in deviations of normal images; higher is more anomalous`,
  };
  return [...settings.levels]
    .sort((a, b) => b - a)
    .flatMap((level) => {
      const graph = faultLevelGraph(detector, level);
      if (!graph) return [];
      const model = lowerGraph({ map: graph.map }, { name: `outglow faults ${level}`, metadata });
      return [{ level, model: withTopMean(model, "map", "score", graph.top) }];
    });
}

/** What has to be known of these models. */
export function describeFaultModels({ record }: FaultDetector, models: readonly LevelModel[]) {
  return {
    levels: models.map(({ level }) => level),
    channels: record.channels,
    cell: cellSide,
    unit: "deviations",
    combine:
      "the score faults: bring the image to as many pixels as each level's square has (those that it has itself), run each, take the mean of the maps on the largest grid, each weighted by its level, and of that the mean of the highest 1 % of cells",
  };
}

/** Deviations: sums in another order. */
const tolerance = { absolute: 1e-3, relative: 1e-4 };

/** Runs the models beside the detector, on square images that the program makes. */
export async function checkFaultModels(
  detector: Detector,
  models: readonly LevelModel[],
  channels: number,
  engine: Engine,
): Promise<readonly ExportDifference[]> {
  const differences: ExportDifference[] = [];
  for (const { level, model } of models) {
    const shape = { channels, height: level, width: level };
    const { pixels } = makeImages({ kind: "normal", count: 2, specification: shape, key: randomKey("export faults") });
    const program = await engine.load(writeModel(model), { weights: "constant" });
    const images = { data: pixels, shape: [2, channels, level, level] };
    const { map } = await program.run({ images }).finally(() => program.dispose());
    const cells = map!.data.length / 2;
    for (const image of [0, 1]) {
      const own = {
        kind: "raw" as const,
        ...shape,
        pixels: pixels.subarray(image * imageSizeOf(shape), (image + 1) * imageSizeOf(shape)),
      };
      const { levels } = await detector.faults!.score(own);
      const expected = levels.find((entry) => entry.level === level)!.map.values;
      const got = map!.data.subarray(image * cells, (image + 1) * cells);
      differences.push(compareNumbers(`faults-${level}`, got, expected, tolerance));
    }
  }
  return differences;
}
