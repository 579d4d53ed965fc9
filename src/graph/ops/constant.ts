/** Constants, keyed by a hash of their content so that the graph finds equal ones, which it compares and makes one node. */
import { ShapeError } from "../../base/index.ts";
import type { GraphHandle, Value } from "../value.ts";

/**
 * A float32 constant: a number for a scalar, or values with a shape.
 * Throws ShapeError where the values do not fill the shape.
 */
export function constant(graph: GraphHandle, values: number | Float32Array, shape: readonly number[] = []): Value {
  // A copy, as equal constants are found by content: the caller's array may change later.
  const data = typeof values === "number" ? Float32Array.of(values) : values.slice();
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (data.length !== size) {
    throw new ShapeError(`constant: expected ${size} values for shape [${shape.join(",")}], got ${data.length}`);
  }
  return graph.apply("constant", [], { values: data, shape, key: contentKey(data, shape) })[0]!;
}

/** Shape, and the bits themselves where they are few, else two independent 32-bit hashes of them. */
function contentKey(data: Float32Array, shape: readonly number[]): string {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  if (bits.length <= 4) return `${shape.join(",")}:${Array.from(bits).join(",")}`;
  let first = 0x811c9dc5;
  let second = 0x9747b28c;
  for (const word of bits) {
    first = Math.imul(first ^ word, 0x01000193);
    first ^= first >>> 15;
    second = Math.imul(second + word, 0x85ebca6b);
    second = (second << 13) | (second >>> 19);
  }
  return `${shape.join(",")}#${first >>> 0},${second >>> 0}`;
}
