/** The ends of a model that the graph has no operators for: bytes out of numbers, and images of any size in. */
import type { ImageShape } from "../base/index.ts";
import type { OnnxModel, OnnxNode, OnnxTensor } from "../onnx/index.ts";

const float = (name: string, ...values: number[]): OnnxTensor => ({
  name,
  elementType: "float32",
  shape: values.length === 1 ? [] : [values.length],
  data: new Uint8Array(Float32Array.from(values).buffer),
});

const node = (
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode["attributes"] = {},
): OnnxNode => ({ name: `border/${operator}_${output}`, operator, inputs, outputs: [output], attributes });

const uint8 = 2;

/** The same model with an output of levels as bytes: the whole number below each, from 0 to 255. */
export function asPixels(model: OnnxModel, output: string): OnnxModel {
  const inner = `${output}/levels`;
  const renamed = (name: string): string => (name === output ? inner : name);
  return {
    ...model,
    outputs: model.outputs.map((value) => (value.name === output ? { ...value, elementType: "uint8" } : value)),
    initializers: [...model.initializers, float("border/least", 0), float("border/most", 255)],
    nodes: [
      ...model.nodes.map((one) => ({ ...one, inputs: one.inputs.map(renamed), outputs: one.outputs.map(renamed) })),
      node("Floor", [inner], `${output}/whole`),
      node("Clip", [`${output}/whole`, "border/least", "border/most"], `${output}/clipped`),
      node("Cast", [`${output}/clipped`], output, { to: uint8 }),
    ],
  };
}

/**
 * The same model for images of any size, which it brings to its own with ONNX's `Resize`: the triangle kernel, antialiased where it shrinks. That is not to the
 * last level what this program does (libvips' kernel with its rounding), so `resizeDifference` measures by how much.
 */
export function withResize(model: OnnxModel, { channels, height, width }: ImageShape): OnnxModel {
  const prepared = "prepared";
  const renamed = (name: string): string => (name === "images" ? prepared : name);
  const sides: OnnxTensor = {
    name: "border/sides",
    elementType: "int64",
    shape: [2],
    data: new Uint8Array(BigInt64Array.of(BigInt(height), BigInt(width)).buffer),
  };
  return {
    ...model,
    inputs: [{ name: "images", elementType: "uint8", shape: ["N", channels, "height", "width"] }],
    outputs: [...model.outputs, { name: prepared, elementType: "uint8", shape: ["N", channels, height, width] }],
    initializers: [
      ...model.initializers,
      sides,
      float("border/half", 0.5),
      float("border/least", 0),
      float("border/most", 255),
    ],
    nodes: [
      node("Cast", ["images"], "images/numbers", { to: 1 }),
      node("Shape", ["images"], "images/batch", { start: 0, end: 2 }),
      node("Concat", ["images/batch", "border/sides"], "images/sizes", { axis: 0 }),
      node("Resize", ["images/numbers", "", "", "images/sizes"], "images/resized", {
        mode: { text: "linear" },
        antialias: 1,
      }),
      node("Add", ["images/resized", "border/half"], "images/raised"),
      node("Floor", ["images/raised"], "images/whole"),
      node("Clip", ["images/whole", "border/least", "border/most"], "images/clipped"),
      node("Cast", ["images/clipped"], prepared, { to: uint8 }),
      ...model.nodes.map((one) => ({ ...one, inputs: one.inputs.map(renamed) })),
    ],
  };
}

/** The same model with a score [N]: the mean of the highest `count` numbers of a map [N, H, W]. */
export function withTopMean(model: OnnxModel, map: string, score: string, count: number): OnnxModel {
  const integers = (name: string, value: number): OnnxTensor => ({
    name,
    elementType: "int64",
    shape: [1],
    data: new Uint8Array(BigInt64Array.of(BigInt(value)).buffer),
  });
  const [top, places] = [`${score}/top`, `${score}/places`];
  return {
    ...model,
    outputs: [{ name: score, elementType: "float32", shape: ["N"] }, ...model.outputs],
    initializers: [...model.initializers, integers("border/count", count), integers("border/last", -1)],
    nodes: [
      ...model.nodes,
      node("Flatten", [map], `${score}/cells`, { axis: 1 }),
      { ...node("TopK", [`${score}/cells`, "border/count"], top), outputs: [top, places] },
      node("ReduceMean", [top, "border/last"], score, { keepdims: 0 }),
    ],
  };
}
