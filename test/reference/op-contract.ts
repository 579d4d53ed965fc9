/**
 * Runs an op's samples: all of them in one engine session, and each through the float64 evaluator, for several batch sizes.
 * The gradient of a sample is that of a random projection of its results.
 */
import { bindShape, type RandomKey, randomKey, type Shape } from "../../src/base/index.ts";
import {
  add,
  type DataType,
  gradients,
  input,
  makeGraph,
  multiply,
  type OpName,
  opTable,
  reduceSum,
  type Value,
} from "../../src/graph/index.ts";
import { type Buffer, compileGraph, type ProgramOptions } from "../../src/runtime/index.ts";
import { evaluate } from "./evaluator.ts";
import type { OpSample } from "./sample-kinds.ts";
import { samples } from "./samples.ts";

/** N takes each of these values. */
export const batches = [1, 3] as const;

/** Step of central differences in float64: truncation and cancellation are both about 1e-10 there. */
const step = 1e-5;
const directions = 3;

/** One sample at one batch size. */
export interface SampleRun {
  readonly title: string;
  readonly results: readonly {
    readonly declared: readonly number[];
    readonly engine: Buffer;
    readonly reference: Float64Array;
  }[];
  readonly gradients: readonly { readonly name: string; readonly engine: Buffer; readonly reference: Float64Array }[];
  /** Derivatives along random directions, by finite differences and by the evaluated gradient. */
  readonly derivatives: { readonly expected: readonly number[]; readonly got: readonly number[] };
  /** Whether a second run gave the same bits. */
  readonly repeats: boolean;
}

interface Given {
  readonly name: string;
  readonly shape: Shape;
  readonly dataType: DataType;
  readonly numbers: (batch: number) => Float64Array;
}

interface BuiltSample {
  readonly sample: OpSample;
  readonly results: readonly Value[];
  readonly given: readonly Given[];
  /** Absent where the sample has no gradient. */
  readonly loss?: Value;
  readonly targets: readonly Given[];
  readonly gradients: readonly Value[];
}

/** Whether the contract asks a sample for a gradient. */
export function hasGradient(op: OpName, sample: OpSample): boolean {
  const floats = Object.values(sample.inputs).some(({ dataType }) => dataType === "float32");
  return typeof opTable[op].gradient === "function" && !sample.withoutGradient && floats;
}

/** What is run of an op's samples, and on what. */
export interface SampleOptions {
  readonly engine?: ProgramOptions;
  readonly choose?: (sample: OpSample) => boolean;
  /** Whether gradients are compared with finite differences too. */
  readonly differences?: boolean;
}

/** Runs every sample of an op, or the chosen ones, at every batch size. */
export async function runSamples(
  op: OpName,
  { engine = { threads: 1 }, choose = () => true, differences = true }: SampleOptions = {},
): Promise<Map<string, SampleRun>> {
  const graph = makeGraph();
  const built = samples[op].filter(choose).map((sample, index) => buildSample(graph, op, sample, `${index}.`));
  const outputs: Record<string, Value> = {};
  for (const [index, { results, gradients }] of built.entries()) {
    for (const [result, value] of results.entries()) outputs[`${index}.result${result}`] = value;
    for (const [target, value] of gradients.entries()) outputs[`${index}.gradient${target}`] = value;
  }
  const program = await compileGraph(outputs, engine);
  const runs = new Map<string, SampleRun>();
  for (const batch of batches) {
    const feeds = Object.fromEntries(
      built.flatMap(({ given }) => given).map((one) => [one.name, toBuffer(one, batch)]),
    );
    const [first, second] = [await program.run(feeds), await program.run(feeds)];
    for (const [index, sample] of built.entries()) {
      const own = Object.keys(outputs).filter((name) => name.startsWith(`${index}.`));
      const repeats = own.every((name) => sameBits(first[name]!, second[name]!));
      runs.set(`${sample.sample.name}, N = ${batch}`, {
        ...compareSample(sample, first, `${index}.`, batch, differences),
        repeats,
      });
    }
  }
  await program.dispose();
  return runs;
}

function buildSample(graph: ReturnType<typeof makeGraph>, op: OpName, sample: OpSample, prefix: string): BuiltSample {
  const key = randomKey(1).fold(op).fold(sample.name);
  const given: Given[] = Object.entries(sample.inputs).map(([name, { shape, dataType, domain }]) => ({
    name: `${prefix}${name}`,
    shape,
    dataType,
    numbers: draw(key.fold(name), shape, dataType === "float32" ? (stream) => Math.fround(domain(stream)) : domain),
  }));
  const values = given.map(({ name, shape, dataType }) => input(graph, name, shape, dataType));
  const names = Object.keys(sample.inputs);
  const made = sample.build(Object.fromEntries(names.map((name, index) => [name, values[index]!])), graph);
  const results = Array.isArray(made) ? (made as readonly Value[]) : [made as Value];
  if (!hasGradient(op, sample)) return { sample, results, given, targets: [], gradients: [] };

  const weights: Given[] = results.map(({ shape }, index) => ({
    name: `${prefix}weight${index}`,
    shape,
    dataType: "float32",
    numbers: draw(key.fold("weight").fold(index), shape, (stream) => Math.fround(stream.normal())),
  }));
  const loss = results
    .map((result, index) => reduceSum(multiply(result, input(graph, weights[index]!.name, result.shape))))
    .reduce((sum, term) => add(sum, term));
  const targets = given.filter(({ dataType }) => dataType === "float32");
  const targetValues = values.filter(({ dataType }) => dataType === "float32");
  return { sample, results, given: [...given, ...weights], loss, targets, gradients: gradients(loss, targetValues) };
}

function compareSample(
  { sample, results, given, loss, targets, gradients }: BuiltSample,
  engine: Readonly<Record<string, Buffer>>,
  prefix: string,
  batch: number,
  differences: boolean,
): Omit<SampleRun, "repeats"> {
  const numbers = Object.fromEntries(given.map((one) => [one.name, one.numbers(batch)]));
  const references = evaluate([...results, ...gradients], numbers, batch);
  const slopes = references.slice(results.length);
  return {
    title: sample.name,
    results: results.map((value, index) => ({
      declared: bindShape(value.shape, batch),
      engine: engine[`${prefix}result${index}`]!,
      reference: references[index]!,
    })),
    gradients: targets.map(({ name }, index) => ({
      name,
      engine: engine[`${prefix}gradient${index}`]!,
      reference: slopes[index]!,
    })),
    derivatives:
      loss && differences ? compareDerivatives(loss, targets, slopes, numbers, batch) : { expected: [], got: [] },
  };
}

/** (L(x + h d) - L(x - h d)) / 2h against <gradient, d> for every target and some random directions d. */
function compareDerivatives(
  loss: Value,
  targets: readonly Given[],
  slopes: readonly Float64Array[],
  numbers: Readonly<Record<string, Float64Array>>,
  batch: number,
): SampleRun["derivatives"] {
  const expected: number[] = [];
  const got: number[] = [];
  for (const [index, { name }] of targets.entries()) {
    const at = numbers[name]!;
    for (let count = 0; count < directions; count++) {
      const stream = randomKey("direction").fold(name).fold(count).stream();
      const direction = at.map(() => stream.normal());
      const lossAt = (amount: number): number => {
        const moved = at.map((value, position) => value + amount * direction[position]!);
        return evaluate([loss], { ...numbers, [name]: moved }, batch)[0]![0]!;
      };
      expected.push((lossAt(step) - lossAt(-step)) / (2 * step));
      got.push(slopes[index]!.reduce((sum, slope, position) => sum + slope * direction[position]!, 0));
    }
  }
  return { expected, got };
}

function draw(key: RandomKey, shape: Shape, next: OpSample["inputs"][string]["domain"]) {
  return (batch: number): Float64Array => {
    const stream = key.fold(batch).stream();
    const size = bindShape(shape, batch).reduce((product, dimension) => product * dimension, 1);
    return Float64Array.from({ length: size }, () => next(stream));
  };
}

function toBuffer({ shape, dataType, numbers }: Given, batch: number): Buffer {
  const data = dataType === "float32" ? Float32Array.from(numbers(batch)) : Uint8Array.from(numbers(batch));
  return { data, shape: bindShape(shape, batch) };
}

function sameBits(a: Buffer, b: Buffer): boolean {
  const bytes = ({ data }: Buffer) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const [left, right] = [bytes(a), bytes(b)];
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
