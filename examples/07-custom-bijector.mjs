// A bijector of your own: z = asinh(x), which pulls in far values. It is a forward map, its inverse, and a log-determinant.
import { add, exponential, input, logarithm, makeGraph, multiply, negate, reduceSum, squareRoot } from "outglow/graph";
import { nodeEngine } from "outglow/runtime";

/** log sqrt(1 + x^2), and asinh(x) = log(x + sqrt(1 + x^2)). */
const root = (x) => squareRoot(add(multiply(x, x), 1));

export const asinhBijector = (shape) => ({
  name: "asinh",
  inputShape: shape,
  outputShape: shape,
  parameters: {},
  createParameters: () => ({}),
  adapt: (parameters, x) => ({ parameters, z: logarithm(add(x, root(x))) }),
  // dz/dx = 1 / sqrt(1 + x^2)
  normalize: (_, x) => ({ z: logarithm(add(x, root(x))), logDet: negate(reduceSum(logarithm(root(x)), [0, 1, 2])) }),
  generate: (_, z) => {
    const x = multiply(add(exponential(z), negate(exponential(negate(z)))), 0.5);
    return { x, logDet: reduceSum(logarithm(root(x)), [0, 1, 2]) };
  },
});

const bijector = asinhBijector({ channels: 1, height: 2, width: 2 });
const x = input(makeGraph(), "x", [1, 2, 2, 3]);
const { z, logDet } = bijector.normalize({}, x);
const program = await nodeEngine({ threads: 1 }).compile({ z, logDet, back: bijector.generate({}, z).x });
const data = Float32Array.from({ length: 12 }, (_, index) => index / 4 - 1);
const outputs = await program.run({ x: { data, shape: [1, 2, 2, 3] } });
const error = Math.max(...data.map((value, index) => Math.abs(value - outputs.back.data[index])));
console.log(
  "log-det of the first image",
  outputs.logDet.data[0].toFixed(3),
  "there and back within",
  error < 1e-5 ? "1e-5" : error,
);
await program.dispose();
