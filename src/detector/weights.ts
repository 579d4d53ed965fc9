/** Weights of a model as safetensors, one tensor a parameter. Portable. */
import { FormatError } from "../base/index.ts";
import {
  layoutOf,
  type ParameterTree,
  type ParameterVectors,
  parameterData,
  readTensors,
  type StoredTensor,
  writeTensors,
} from "../nn/index.ts";

/** The bytes of a weights file. */
export function writeWeights(tree: ParameterTree, parameters: ParameterVectors): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, StoredTensor> = {};
  for (const entry of layoutOf(tree).entries) {
    tensors[entry.name] = { shape: entry.shape, data: parameterData(entry, parameters) };
  }
  return writeTensors({ tensors, metadata: { format: "outglow glow weights" } });
}

/** The weights of a model from the bytes of its file. Throws FormatError where a tensor is missing or of another size. */
export function readWeights(tree: ParameterTree, bytes: Uint8Array, where: string): ParameterVectors {
  const { tensors } = readTensors(bytes, where);
  const layout = layoutOf(tree);
  const vectors = { trainable: new Float32Array(layout.trainableSize), fixed: new Float32Array(layout.fixedSize) };
  for (const entry of layout.entries) {
    const data = tensors[entry.name]?.data;
    if (!(data instanceof Float32Array) || data.length !== entry.size) {
      throw new FormatError({
        code: "damaged",
        subject: where,
        expected: `${entry.size} numbers for '${entry.name}'`,
        got: String(data?.length ?? "none"),
        remedy: { key: "copy-detector-again" },
      });
    }
    parameterData(entry, vectors).set(data);
  }
  return vectors;
}
