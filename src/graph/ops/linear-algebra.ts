/** Matrix multiplication. */
import { broadcastShapes, ShapeError, sameDimension, sameShape, showShape } from "../../base/index.ts";
import { expectFloats, type OpFamily } from "./definition.ts";
import { gemm, sumTo } from "./functions.ts";

export const linearAlgebraOps: OpFamily<"gemm"> = {
  gemm: {
    infer: (inputs, { transposeA, transposeB }) => {
      expectFloats("gemm", inputs, inputs.length === 3 ? 3 : 2);
      const [a, b, bias] = inputs;
      if (a!.shape.length !== 2 || b!.shape.length !== 2) {
        throw new ShapeError(`gemm: expected matrices, got ${showShape(a!.shape)} and ${showShape(b!.shape)}`);
      }
      const [rows, inner] = transposeA ? [a!.shape[1]!, a!.shape[0]!] : [a!.shape[0]!, a!.shape[1]!];
      const [innerB, columns] = transposeB ? [b!.shape[1]!, b!.shape[0]!] : [b!.shape[0]!, b!.shape[1]!];
      if (!sameDimension(inner, innerB)) {
        const shown = `${showShape(a!.shape)}${transposeA ? "^T" : ""} and ${showShape(b!.shape)}${transposeB ? "^T" : ""}`;
        throw new ShapeError(`gemm: expected equal inner dimensions, got ${shown}`);
      }
      const shape = [rows, columns];
      if (bias && !sameShape(broadcastShapes(bias.shape, shape, "gemm"), shape)) {
        throw new ShapeError(`gemm: expected a bias that fills ${showShape(shape)}, got ${showShape(bias.shape)}`);
      }
      return [{ dataType: "float32", shape }];
    },
    // Y = A B + c:  dA = dY B^T,  dB = A^T dY,  dc = dY summed to the shape of c;
    // for a transposed operand both sides of its gradient are transposed
    gradient: ({ inputs: [a, b, bias], attributes: { transposeA, transposeB } }, [dy]) => [
      transposeA
        ? gemm(b!, dy!, { transposeA: transposeB, transposeB: true })
        : gemm(dy!, b!, { transposeB: !transposeB }),
      transposeB
        ? gemm(dy!, a!, { transposeA: true, transposeB: transposeA })
        : gemm(a!, dy!, { transposeA: !transposeA }),
      ...(bias ? [sumTo(dy!, bias.shape)] : []),
    ],
    emit: (emitter, names, { transposeA, transposeB }) =>
      emitter.node("Gemm", names, { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 }),
  },
};
