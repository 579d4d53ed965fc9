/**
 * A small flow on whitened features, which says how they deviate from the Gaussian that whitened them. It is one for all cells:
 *
 *   (a, b) = halves of y      b' = (b + t(a)) e^s(a)      the halves change places, four times
 *   s = 2 sigmoid(r) - 1, (r, t) = W2 relu(W1 a + b1) + b2, W2 = b2 = 0 at first
 *   distance = sqrt(max(0, |z|^2 - 2 sum s))
 *
 * (Real NVP: Dinh et al. 2017, section 3). At first it changes nothing: the distance is Mahalanobis's to the bit. After training -distance^2 / 2
 * is the log-likelihood but for a constant, so distances of both are on one scale.
 */
import { freeBatch, type RandomKey } from "../base/index.ts";
import {
  add,
  concatenate,
  exponential,
  gemm,
  input,
  makeGraph,
  maximum,
  multiply,
  reduceSum,
  relu,
  sigmoid,
  split,
  squareRoot,
  subtract,
  transpose,
  type Value,
} from "../graph/index.ts";
import {
  type ArraysOf,
  asColumn,
  constantValues,
  layoutOf,
  normal,
  type ParameterSpecification,
  type ParameterVectors,
  trainable,
  type ValuesOf,
  zeros,
} from "../nn/index.ts";
import type { Engine } from "../runtime/index.ts";

/** One coupling: W1 [width, from], W2 [2 to, width], columns being vectors. */
type CouplingParameters = {
  readonly weight1: ParameterSpecification;
  readonly bias1: ParameterSpecification;
  readonly weight2: ParameterSpecification;
  readonly bias2: ParameterSpecification;
};

type FlowParameters = { readonly [Name in (typeof couplingNames)[number]]: CouplingParameters };

const couplingNames = ["coupling0", "coupling1", "coupling2", "coupling3"] as const;

/** Hidden units of a coupling's network. */
const hidden = 64;

/** The flow's parameters as a tree, for vectors of some dimension. */
export function flowParameters(dimension: number): FlowParameters {
  const entries = couplingNames.map((name, index) => {
    const { from, to } = halves(dimension, index);
    const coupling: CouplingParameters = {
      weight1: trainable(hidden, from),
      bias1: trainable(hidden),
      weight2: trainable(2 * to, hidden),
      bias2: trainable(2 * to),
    };
    return [name, coupling] as const;
  });
  return Object.fromEntries(entries) as FlowParameters;
}

/** Parameters under which the flow changes nothing. */
export function freshFlow(dimension: number, key: RandomKey): ArraysOf<FlowParameters> {
  const arrays = couplingNames.map((name, index): [string, ArraysOf<CouplingParameters>] => {
    const { from, to } = halves(dimension, index);
    return [
      name,
      {
        weight1: normal(hidden * from, Math.sqrt(1 / from), key.fold(name)),
        ...{ bias1: zeros(hidden), weight2: zeros(2 * to * hidden), bias2: zeros(2 * to) },
      },
    ];
  });
  return Object.fromEntries(arrays) as ArraysOf<FlowParameters>;
}

/** How many numbers a coupling reads and how many it changes. They change places from one to the next, so odd dimensions take turns. */
function halves(dimension: number, index: number): { readonly from: number; readonly to: number } {
  const [small, large] = [Math.floor(dimension / 2), Math.ceil(dimension / 2)];
  return index % 2 === 0 ? { from: small, to: large } : { from: large, to: small };
}

/** |z|^2 - 2 log |dz/dy|, [1, N], of whitened vectors y [dimension, N]: twice the negative log-likelihood but for a constant. */
export function flowSquares(parameters: ValuesOf<FlowParameters>, y: Value): Value {
  const dimension = y.shape[0] as number;
  let x = y;
  let logDet: Value | undefined;
  for (const [index, name] of couplingNames.entries()) {
    const { weight1, bias1, weight2, bias2 } = parameters[name];
    const { from, to } = halves(dimension, index);
    const [a, b] = split(x, 0, [from, to]) as [Value, Value];
    const inner = relu(gemm(weight1, a, { bias: asColumn(bias1, 2) }));
    const [raw, shift] = split(gemm(weight2, inner, { bias: asColumn(bias2, 2) }), 0, [to, to]) as [Value, Value];
    const scale = subtract(multiply(sigmoid(raw), 2), 1);
    const own = reduceSum(scale, [0], true);
    logDet = logDet ? add(logDet, own) : own;
    x = concatenate([multiply(add(b, shift), exponential(scale)), a], 0);
  }
  return subtract(reduceSum(multiply(x, x), [0], true), multiply(logDet!, 2));
}

/** A flow at work. */
export interface OpenFlow {
  /** Distances of whitened vectors [count, dimension], one after another. */
  distances(vectors: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Opens a flow on the engine. Throws RunError where that fails. */
export async function openFlow(engine: Engine, dimension: number, parameters: ParameterVectors): Promise<OpenFlow> {
  const graph = makeGraph();
  const rows = input(graph, "y", [freeBatch, dimension]);
  const squares = flowSquares(constantValues(graph, flowParameters(dimension), parameters), transpose(rows, [1, 0]));
  const program = await engine.compile({ distances: squareRoot(maximum(squares, 0)) }, { weights: "constant" });
  return {
    async distances(vectors) {
      const { distances } = await program.run({ y: { data: vectors, shape: [vectors.length / dimension, dimension] } });
      return Float32Array.from(distances!.data);
    },
    dispose: () => program.dispose(),
  };
}

/** What the flow's numbers are called in a file, for a dimension. */
export function flowLayout(dimension: number) {
  return layoutOf(flowParameters(dimension));
}
