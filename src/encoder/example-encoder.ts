/** Tiny encoders for tests: random filters, convolutions at strides 4, 8 and 16 with clipped activations, as ONNX bytes. */
import { randomKey } from "../base/index.ts";
import { type OnnxModel, type OnnxNode, type OnnxTensor, type OnnxValue, writeModel } from "../onnx/index.ts";

/** Nodes and tensors that follow one another. */
interface Layers {
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
}

/** How a tiny encoder differs from the usual one. */
export interface ExampleOptions {
  /** Mean and deviation of the pixels that it is made for. Default 0 and 1. */
  readonly pixels?: readonly [number, number];
  /** The only side that it takes. Default: it takes every side. */
  readonly side?: number;
  /** Whether it gives classes alone, features being inside. */
  readonly classifier?: boolean;
}

/** A float32 tensor. */
export function floats(name: string, shape: readonly number[], values: Float32Array): OnnxTensor {
  return { name, elementType: "float32", shape, data: new Uint8Array(values.buffer) };
}

/** A node of one result. */
export function node(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode["attributes"] = {},
): OnnxNode {
  return { name: output, operator, inputs, outputs: [output], attributes };
}

/** A model of float32 values around nodes. */
export function modelOf(layers: Layers, inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): OnnxModel {
  return {
    producer: "test",
    opset: 17,
    name: "tiny",
    inputs,
    outputs,
    initializers: layers.tensors,
    nodes: layers.nodes,
    metadata: {},
  };
}

/** An encoder of images [1, 3, h, w] with maps `f4` of 8, `f8` of 12 and `f16` of 16 channels. */
export function exampleEncoder({ pixels = [0, 1], side, classifier = false }: ExampleOptions = {}): Uint8Array {
  const clip = [floats("zero", [], Float32Array.of(0)), floats("six", [], Float32Array.of(1.5))];
  const first = convolution("x", "f4", [8, 3, 4, 4], 4, pixels);
  const second = convolution("f4", "f8", [12, 8, 3, 3], 2);
  const third = convolution("f8", "f16", [16, 12, 3, 3], 2);
  const classes = node("GlobalAveragePool", ["f16"], "classes");
  const layers: Layers = {
    nodes: [...first.nodes, ...second.nodes, ...third.nodes, ...(classifier ? [classes] : [])],
    tensors: [...clip, ...first.tensors, ...second.tensors, ...third.tensors],
  };
  const free = (name: string, channels: number): OnnxValue => ({
    name,
    elementType: "float32",
    shape: [
      "n",
      channels,
      side ? side / Number(name.slice(1)) : `${name}h`,
      side ? side / Number(name.slice(1)) : `${name}w`,
    ],
  });
  const input: OnnxValue = { name: "x", elementType: "float32", shape: ["n", 3, side ?? "h", side ?? "w"] };
  const outputs = classifier
    ? [{ name: "classes", elementType: "float32" as const, shape: ["n", 16, 1, 1] }]
    : [free("f4", 8), free("f8", 12), free("f16", 16)];
  return writeModel(modelOf(layers, [input], outputs));
}

function convolution(
  from: string,
  to: string,
  shape: readonly [number, number, number, number],
  stride: number,
  [mean, scale]: readonly [number, number] = [0, 1],
): Layers {
  const stream = randomKey("tiny").fold(to).stream();
  const [channels, inputs, height, width] = shape;
  const size = inputs * height * width;
  const deviation = Math.sqrt(2 / size) / scale;
  const weights = Float32Array.from({ length: channels * size }, () => deviation * stream.normal());
  const biases = Float32Array.from({ length: channels }, (_, channel) => {
    const sum = weights.subarray(channel * size, (channel + 1) * size).reduce((total, weight) => total + weight, 0);
    return 0.3 * stream.normal() - mean * sum;
  });
  const pad = height === stride ? 0 : 1;
  return {
    tensors: [floats(`${to}w`, shape, weights), floats(`${to}b`, [channels], biases)],
    nodes: [
      node("Conv", [from, `${to}w`, `${to}b`], `${to}c`, {
        kernel_shape: [height, width],
        strides: [stride, stride],
        pads: [pad, pad, pad, pad],
      }),
      node("Clip", [`${to}c`, "zero", "six"], to),
    ],
  };
}

/** A stand-in for a vision transformer: patches of 16 pixels as tokens [n, 1 + h w / 256, 8] after one for the class. Side 64 only. */
export function exampleTokens(): Uint8Array {
  const patches = convolution("x", "p", [8, 3, 16, 16], 16);
  const shape = (name: string, values: readonly number[]): OnnxTensor => ({
    name,
    elementType: "int64",
    shape: [values.length],
    data: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  });
  const layers: Layers = {
    tensors: [
      ...patches.tensors,
      ...[floats("zero", [], Float32Array.of(0)), floats("six", [], Float32Array.of(6))],
      shape("flat", [1, 8, 16]),
      floats("class", [1, 1, 8], new Float32Array(8).fill(0.5)),
    ],
    nodes: [
      ...patches.nodes,
      node("Reshape", ["p", "flat"], "rows"),
      node("Transpose", ["rows"], "places", { perm: [0, 2, 1] }),
      node("Concat", ["class", "places"], "tokens", { axis: 1 }),
    ],
  };
  const input: OnnxValue = { name: "x", elementType: "float32", shape: [1, 3, 64, 64] };
  return writeModel(modelOf(layers, [input], [{ name: "tokens", elementType: "float32", shape: [1, 17, 8] }]));
}
