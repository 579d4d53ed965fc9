/** A pair of trained flows at work: how much less likely each cell is under the one that has seen synthetic faults. Portable. */
import { type CellLogits, type CellMap, cellSide, mirrored, openCells, type PixelScale } from "../faults/portable.ts";
import { add, subtract, transpose } from "../graph/index.ts";
import { constantValues, type ParameterVectors } from "../nn/index.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Engine } from "../runtime/index.ts";
import { type CellFlowSize, cellFlow, cellTerms, visibleMargin } from "./flow.ts";
import type { CellSettings } from "./settings.ts";

/** A fold's flows: of normal images alone, and what the outlier loss has made of it. */
export interface CellFlows {
  readonly plain: ParameterVectors;
  readonly outlier: ParameterVectors;
}

/** How a pair is opened. */
export interface RatioOptions {
  /** Which scales a cell's ratio is of. */
  readonly scales: CellSettings["scales"];
  /** Sides above so many pixels, a multiple of 8, are looked at through windows. */
  readonly longest?: number | undefined;
}

/**
 * Opens a pair: -(log p - log p_plain) of every cell, of all scales or the final one, in nats. Beyond its right and lower border an image goes on mirrored to
 * the next multiple of 64 pixels.
 */
export function openRatios(
  size: CellFlowSize,
  { plain, outlier }: CellFlows,
  scale: PixelScale,
  engine: Engine,
  { scales, longest }: RatioOptions,
): CellLogits {
  const opened = openCells(
    {
      channels: size.channels,
      margin: visibleMargin(size),
      cells: (graph, x, sides) => {
        const flow = cellFlow(size, sides, "convolutions");
        const data = transpose(x, [1, 2, 3, 0]);
        const [own, other] = [plain, outlier].map((vectors) => {
          const terms = cellTerms(flow, constantValues(graph, flow.parameters, vectors), data);
          return scales === "final" ? terms.at(-1)! : terms.reduce((sum, term) => add(sum, term));
        });
        return transpose(subtract(own!, other!), [2, 0, 1]);
      },
    },
    scale,
    engine,
    longest,
  );
  return { run: async (image) => corner(await opened.run(mirroredOn(image)), image), dispose: opened.dispose };
}

/** Sides are rounded up to multiples of this many pixels: a flow takes long to compile, and images have many sizes. */
const sideStep = 64;

/** An image that goes on mirrored until its sides are such multiples. */
function mirroredOn(image: RawImage): RawImage {
  const { channels, pixels } = image;
  const [height, width] = [image.height, image.width].map((side) => Math.ceil(side / sideStep) * sideStep) as [
    number,
    number,
  ];
  if (height === image.height && width === image.width) return image;
  const columns = Array.from({ length: width }, (_, x) => mirrored(x, image.width));
  const result = new Uint8Array(channels * height * width);
  for (let row = 0; row < channels * height; row++) {
    const channel = Math.floor(row / height);
    const source = (channel * image.height + mirrored(row % height, image.height)) * image.width;
    for (let x = 0; x < width; x++) result[row * width + x] = pixels[source + columns[x]!]!;
  }
  return { ...image, pixels: result, height, width };
}

/** Of a map of cells those that are an image's. */
function corner({ columns: stride, values }: CellMap, { height, width }: RawImage): CellMap {
  const [rows, columns] = [height / cellSide, width / cellSide];
  const own = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) own.set(values.subarray(row * stride, row * stride + columns), row * columns);
  return { rows, columns, values: own };
}
