/** How exported files lie in a folder: side by side, or as Triton and KServe's Open Inference Protocol runtimes look for them. */
import type { OnnxModel, OnnxValue } from "../onnx/index.ts";

/** Plain: files side by side. Triton: a model repository, one folder a model with `config.pbtxt` and a version. */
export const layouts = ["plain", "triton"] as const;

/** One of the layouts. */
export type Layout = (typeof layouts)[number];

/** A file of an export: its path, with slashes, and its content. */
export interface ExportedFile {
  readonly path: string;
  readonly content: Uint8Array | string;
}

/** A model, its bytes, and what it is called. */
export interface NamedModel {
  readonly name: string;
  readonly model: OnnxModel;
  readonly bytes: Uint8Array;
}

/** The files of some models, the first of which has a description beside it. */
export function layFiles(layout: Layout, models: readonly NamedModel[], metadata: object): ExportedFile[] {
  const text = `${JSON.stringify(metadata, null, 2)}\n`;
  if (layout === "plain") {
    return [
      ...models.map(({ name, bytes }) => ({ path: `${name}.onnx`, content: bytes })),
      { path: "metadata.json", content: text },
    ];
  }
  return models.flatMap(({ name, model, bytes }, index) => [
    { path: `${name}/1/model.onnx`, content: bytes },
    { path: `${name}/config.pbtxt`, content: tritonConfig(name, model) },
    ...(index === 0 ? [{ path: `${name}/metadata.json`, content: text }] : []),
  ]);
}

/** Images that a server may put into one batch. */
const mostBatch = 64;

const tritonTypes = { float32: "TYPE_FP32", uint8: "TYPE_UINT8", int64: "TYPE_INT64", bool: "TYPE_BOOL" } as const;

/** `config.pbtxt` of a model whose first dimension is the batch: requests of several callers become one batch. */
function tritonConfig(name: string, { inputs, outputs }: Pick<OnnxModel, "inputs" | "outputs">): string {
  const tensor = ({ name: tensorName, elementType, shape }: OnnxValue): string => {
    const dimensions = shape.slice(1).map((size) => (typeof size === "number" ? size : -1));
    // A number an image has no dimension of its own, which Triton asks for all the same.
    const dims =
      dimensions.length > 0 ? `    dims: [ ${dimensions.join(", ")} ]` : "    dims: [ 1 ]\n    reshape { shape: [ ] }";
    return `  {\n    name: "${tensorName}"\n    data_type: ${tritonTypes[elementType]}\n${dims}\n  }`;
  };
  const list = (values: readonly OnnxValue[]): string => values.map(tensor).join(",\n");
  return [
    `name: "${name}"`,
    'platform: "onnxruntime_onnx"',
    `max_batch_size: ${mostBatch}`,
    `input [\n${list(inputs)}\n]`,
    `output [\n${list(outputs)}\n]`,
    "dynamic_batching { }",
    "",
  ].join("\n");
}
