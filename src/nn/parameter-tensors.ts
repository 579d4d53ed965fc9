/** Parameters as the named tensors of a file, and back. */
import { FormatError } from "../base/index.ts";
import { type ParameterLayout, type ParameterVectors, parameterData } from "./parameters.ts";
import type { StoredTensor } from "./safetensors.ts";

/** The tensors of a model's parameters, each under `prefix` and its name in the tree. Their numbers are views. */
export function parameterTensors(
  { entries }: ParameterLayout,
  vectors: ParameterVectors,
  prefix: string,
): Record<string, StoredTensor> {
  return Object.fromEntries(
    entries.map((entry) => [prefix + entry.name, { shape: entry.shape, data: parameterData(entry, vectors) }]),
  );
}

/** A model's parameters, copied from the tensors under `prefix`. Throws FormatError where one is missing or of another shape; `where` names the file. */
export function parametersFrom(
  { entries, trainableSize, fixedSize }: ParameterLayout,
  tensors: Readonly<Record<string, StoredTensor>>,
  prefix: string,
  where: string,
): ParameterVectors {
  const vectors = { trainable: new Float32Array(trainableSize), fixed: new Float32Array(fixedSize) };
  for (const entry of entries) {
    const name = prefix + entry.name;
    const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (!(tensor?.data instanceof Float32Array) || tensor.shape.join() !== entry.shape.join()) {
      throw new FormatError({
        code: "damaged",
        subject: where,
        expected: `a tensor '${name}' [${entry.shape.join(", ")}]`,
        got: tensor ? `one of [${tensor.shape.join(", ")}]` : "none",
        remedy: { key: "copy-detector-again" },
      });
    }
    parameterData(entry, vectors).set(tensor.data);
  }
  return vectors;
}
