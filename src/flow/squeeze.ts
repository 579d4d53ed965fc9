/** Squeeze: every 2x2 block of pixels becomes four channels, in the order c * 4 + dy * 2 + dx (Dinh et al. 2017, section 3.6). */
import { type ImageShape, ShapeError } from "../base/index.ts";
import { constant, reshape, transpose } from "../graph/index.ts";
import { type Bijector, evenly, eventShape } from "./bijector.ts";

type NoParameters = Readonly<Record<never, never>>;

/** [C, H, W] to [4C, H/2, W/2], volume preserving. Throws ShapeError for odd sizes. */
export function squeeze(inputShape: ImageShape): Bijector<NoParameters> {
  const { channels, height, width } = inputShape;
  if (height % 2 !== 0 || width % 2 !== 0) {
    throw new ShapeError(`squeeze: expected even height and width, got ${height}x${width}`);
  }
  const outputShape = { channels: 4 * channels, height: height / 2, width: width / 2 };
  const blocks = { rows: height / 2, columns: width / 2 };
  const bijector: Bijector<NoParameters> = {
    name: "squeeze",
    inputShape,
    outputShape,
    parameters: {},
    createParameters: () => ({}),
    adapt: (parameters, x) => ({ parameters, z: bijector.normalize(parameters, x).z }),
    normalize: (_, x) => {
      const cut = reshape(x, [channels, blocks.rows, 2, blocks.columns, 2, x.shape[3]!]);
      const z = reshape(transpose(cut, [0, 2, 4, 1, 3, 5]), eventShape(outputShape, x));
      return { z, logDet: constant(x.graph, 0) };
    },
    normalizeByPlace: (parameters, x) => evenly(bijector, parameters, x),
    generate: (_, z) => {
      const cut = reshape(z, [channels, 2, 2, blocks.rows, blocks.columns, z.shape[3]!]);
      const x = reshape(transpose(cut, [0, 3, 1, 4, 2, 5]), eventShape(inputShape, z));
      return { x, logDet: constant(z.graph, 0) };
    },
  };
  return bijector;
}
