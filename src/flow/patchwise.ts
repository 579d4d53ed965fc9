/**
 * A bijector applied to every patch of an image with the same parameters (Schirrmeister et al. 2020, authors' code,
 * invglow/models/patch_glow.py). The tensor [C, H, W, N] is cut into non-overlapping patches, which the inner bijector sees as one larger batch [C, h, w, patches * N]; what comes out stands where the
 * patches stood. log-det(image) = sum over its patches of log-det(patch).
 */
import { ConfigError, type ImageShape, multiplyDimensions } from "../base/index.ts";
import { broadcastLike, multiply, reduceSum, reshape, transpose, type Value } from "../graph/index.ts";
import type { ParameterTree, ValuesOf } from "../nn/index.ts";
import { type Bijector, eventShape } from "./bijector.ts";

/**
 * `inner`, whose input shape is that of a patch, over all patches of a tensor.
 * Throws ConfigError where the patches do not fill the tensor.
 */
export function patchwise<P extends ParameterTree>(inner: Bijector<P>, inputShape: ImageShape): Bijector<P> {
  const { channels, height, width } = inputShape;
  const patch = inner.inputShape;
  if (channels !== patch.channels || height % patch.height !== 0 || width % patch.width !== 0) {
    throw new ConfigError({
      code: "out-of-range",
      subject: "patchwise",
      expected: `${patch.channels} channels and a size divisible by ${patch.height}x${patch.width}`,
      got: `${channels} channels of ${height}x${width}`,
      remedy: { key: "other", text: "choose another size of images or patches" },
    });
  }
  const [rows, columns] = [height / patch.height, width / patch.width];
  const count = rows * columns;
  const outputPatch = inner.outputShape;
  const outputShape = { ...outputPatch, height: rows * outputPatch.height, width: columns * outputPatch.width };

  const cut = (x: Value, piece: ImageShape): Value => {
    const grid = reshape(x, [piece.channels, rows, piece.height, columns, piece.width, x.shape[3]!]);
    const batch = multiplyDimensions(count, x.shape[3]!);
    return reshape(transpose(grid, [0, 2, 4, 1, 3, 5]), [piece.channels, piece.height, piece.width, batch]);
  };
  const join = (pieces: Value, piece: ImageShape, whole: ImageShape, like: Value): Value => {
    const grid = reshape(pieces, [piece.channels, piece.height, piece.width, rows, columns, like.shape[3]!]);
    return reshape(transpose(grid, [0, 3, 1, 4, 2, 5]), eventShape(whole, like));
  };
  const sumOverPatches = (logDet: Value, like: Value): Value =>
    logDet.shape.length === 0 ? multiply(logDet, count) : reduceSum(reshape(logDet, [count, like.shape[3]!]), [0]);

  const placesOfWhole = (logDet: Value, pieces: Value, like: Value): Value => {
    const ofPieces = broadcastLike(logDet, reduceSum(pieces, [0]));
    const piece = { ...outputPatch, channels: 1 };
    const whole = join(ofPieces, piece, { ...outputShape, channels: 1 }, like);
    return reshape(whole, [outputShape.height, outputShape.width, like.shape[3]!]);
  };

  return {
    name: "patchwise",
    inputShape,
    outputShape,
    parameters: inner.parameters,
    createParameters: (key) => inner.createParameters(key),
    adapt: (parameters, x) => {
      const adapted = inner.adapt(parameters, cut(x, patch));
      return { parameters: adapted.parameters, z: join(adapted.z, outputPatch, outputShape, x) };
    },
    normalize: (parameters, x) => {
      const { z, logDet } = inner.normalize(parameters, cut(x, patch));
      return { z: join(z, outputPatch, outputShape, x), logDet: sumOverPatches(logDet, x) };
    },
    ...(inner.normalizeByPlace && {
      normalizeByPlace: (parameters: ValuesOf<P>, x: Value) => {
        const { z, logDet } = inner.normalizeByPlace!(parameters, cut(x, patch));
        return { z: join(z, outputPatch, outputShape, x), logDet: placesOfWhole(logDet, z, x) };
      },
    }),
    generate: (parameters, z) => {
      const { x, logDet } = inner.generate(parameters, cut(z, outputPatch));
      return { x: join(x, patch, inputShape, z), logDet: sumOverPatches(logDet, z) };
    },
  };
}
