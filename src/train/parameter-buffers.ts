/** Parameters at the border to the engine: every tensor of a tree where it lies in the flat vectors, without a copy. */
import { GraphError } from "../base/index.ts";
import { layoutOf, type ParameterTree, type ParameterVectors, parameterData } from "../nn/index.ts";
import type { Buffer } from "../runtime/index.ts";

/**
 * Buffers for the inputs that `parameterInputs` declares: views, so that they follow what is written to the vectors.
 * Throws GraphError where the vectors have another length than the tree asks for.
 */
export function parameterBuffers(tree: ParameterTree, vectors: ParameterVectors): Record<string, Buffer> {
  const { entries, trainableSize, fixedSize } = layoutOf(tree);
  const { trainable, fixed } = vectors;
  if (trainable.length !== trainableSize || fixed.length !== fixedSize) {
    const got = `${trainable.length} and ${fixed.length}`;
    throw new GraphError(`parameters: expected ${trainableSize} trained and ${fixedSize} fixed numbers, got ${got}`);
  }
  return Object.fromEntries(
    entries.map((entry) => [entry.name, { data: parameterData(entry, vectors), shape: entry.shape }]),
  );
}
