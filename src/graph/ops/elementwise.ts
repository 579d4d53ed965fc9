/** Element-wise ops with NumPy broadcasting. Gradients may come back broadcast: the walk in gradient.ts sums them. */
import { broadcastShapes } from "../../base/index.ts";
import type { Value } from "../value.ts";
import type { OpName } from "./attributes.ts";
import { expectFloats, type GradientRule, type OpDefinition, type OpFamily } from "./definition.ts";
import { divide, greater, lessOrEqual, multiply, negate, positive, select, sigmoid, subtract } from "./functions.ts";

type Unary =
  | "negate"
  | "exponential"
  | "logarithm"
  | "squareRoot"
  | "absolute"
  | "relu"
  | "sigmoid"
  | "gate"
  | "logSigmoid";
type Binary = "add" | "subtract" | "multiply" | "divide" | "maximum" | "minimum";

function unary<K extends Unary & OpName>(
  op: K,
  operator: string,
  derivative: (dy: Value, x: Value, y: Value) => Value,
): OpDefinition<K> {
  const gradient: GradientRule<K> = ({ inputs: [x], outputs: [y] }, [dy]) => [derivative(dy!, x!, y!)];
  return {
    elementwise: true,
    infer: (inputs) => {
      expectFloats(op, inputs, 1);
      return [{ dataType: "float32", shape: inputs[0]!.shape }];
    },
    gradient,
    emit: (emitter, names) => emitter.node(operator, names),
  };
}

function binary<K extends Binary & OpName>(
  op: K,
  operator: string,
  derivatives: (dy: Value, a: Value, b: Value, y: Value) => readonly [Value, Value],
): OpDefinition<K> {
  const gradient: GradientRule<K> = ({ inputs: [a, b], outputs: [y] }, [dy]) => derivatives(dy!, a!, b!, y!);
  return {
    elementwise: true,
    infer: (inputs) => {
      expectFloats(op, inputs, 2);
      return [{ dataType: "float32", shape: broadcastShapes(inputs[0]!.shape, inputs[1]!.shape, op) }];
    },
    gradient,
    emit: (emitter, names) => emitter.node(operator, names),
  };
}

/** e^-9: from here down a sigmoid is an exponential. */
const leastSigmoid = Math.fround(Math.exp(-9));

export const elementwiseOps: OpFamily<Unary | Binary> = {
  // d(a + b) = da + db
  add: binary("add", "Add", (dy) => [dy, dy]),
  // d(a - b) = da - db
  subtract: binary("subtract", "Sub", (dy) => [dy, negate(dy)]),
  // d(a b) = b da + a db
  multiply: binary("multiply", "Mul", (dy, a, b) => [multiply(dy, b), multiply(dy, a)]),
  // d(a / b) = da / b - (a / b) db / b
  divide: binary("divide", "Div", (dy, _a, b, y) => {
    const da = divide(dy, b);
    return [da, negate(multiply(da, y))];
  }),
  // d max(a, b) = da where a >= b, else db; a tie counts for a
  maximum: binary("maximum", "Max", (dy, a, b) => {
    const first = lessOrEqual(b, a);
    return [select(first, dy, 0), select(first, 0, dy)];
  }),
  // d min(a, b) = da where a <= b, else db; a tie counts for a
  minimum: binary("minimum", "Min", (dy, a, b) => {
    const first = lessOrEqual(a, b);
    return [select(first, dy, 0), select(first, 0, dy)];
  }),
  // d(-x) = -dx
  negate: unary("negate", "Neg", (dy) => negate(dy)),
  // d e^x = e^x dx
  exponential: unary("exponential", "Exp", (dy, _x, y) => multiply(dy, y)),
  // d log x = dx / x
  logarithm: unary("logarithm", "Log", (dy, x) => divide(dy, x)),
  // d sqrt(x) = dx / (2 sqrt(x))
  squareRoot: unary("squareRoot", "Sqrt", (dy, _x, y) => divide(multiply(dy, 0.5), y)),
  // d |x| = sign(x) dx; 0 counts as negative
  absolute: unary("absolute", "Abs", (dy, x) => select(greater(x, 0), dy, negate(dy))),
  // d relu(x) = dx where relu(x) > 0. The output is kept rather than the input, so that the input's memory is free; a product with a
  // mask of 0 and 1 takes a quarter of the time of a selection in ONNX Runtime.
  relu: unary("relu", "Relu", (dy, _x, y) => multiply(dy, positive(y))),
  sigmoid: {
    // d sigmoid(x) = s (1 - s) dx
    ...unary("sigmoid", "", (dy, _x, y) => multiply(dy, multiply(y, subtract(1, y)))),
    // The absolute error of the engine's Sigmoid is 6e-8: four in ten thousand at -9, half of the number at -16, and all of it from -18 down,
    // where the engine's is 0. From -9 down e^x is closer, so that a sigmoid can be divided by and has the logarithm that `logSigmoid` says.
    // The larger of the two, each cut off at e^-9, takes less time than a mask and a selection.
    emit: (emitter, [x]) => {
      const [sigmoid] = emitter.node("Sigmoid", [x!]);
      const [large] = emitter.node("ThresholdedRelu", [sigmoid!], { alpha: { float: leastSigmoid } });
      const [power] = emitter.node("Exp", [x!]);
      const [small] = emitter.node("Min", [power!, emitter.float32(Float32Array.of(leastSigmoid), [])]);
      return emitter.node("Max", [large!, small!]);
    },
  },
  // d gate(x) = s (1 - s) dx
  gate: unary("gate", "Sigmoid", (dy, _x, y) => multiply(dy, multiply(y, subtract(1, y)))),
  logSigmoid: {
    // d log sigmoid(x) = (1 - sigmoid(x)) dx
    ...unary("logSigmoid", "", (dy, x) => multiply(dy, subtract(1, sigmoid(x)))),
    // min(x, 0) - log(1 + e^-|x|): seven vectorised passes are faster than ONNX's Softplus, which is computed number by number (10 ms of a
    // step of colour 32x32, depth 8, width 128, batch 64; 4 now). The logarithm of `sigmoid` has fewer digits near 0 and
    // none below -104.
    emit: (emitter, [x]) => {
      const [magnitude] = emitter.node("Abs", [x!]);
      const [exponent] = emitter.node("Neg", [magnitude!]);
      const [power] = emitter.node("Exp", [exponent!]);
      const [sum] = emitter.node("Add", [power!, emitter.float32(Float32Array.of(1), [])]);
      const [log] = emitter.node("Log", [sum!]);
      const [smaller] = emitter.node("Min", [x!, emitter.float32(Float32Array.of(0), [])]);
      return emitter.node("Sub", [smaller!, log!]);
    },
  },
};
