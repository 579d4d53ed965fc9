/** The text of a graph: one node a line with the type of every result. */
import { reachableNodes } from "./graph.ts";
import { type Node, showType, type Value } from "./value.ts";

/** The nodes that some values need, renumbered from %0, e.g. `%2: f32[3,4N] = gemm(%0, %1) {"transposeA":true}`. */
export function printGraph(values: readonly Value[]): string {
  const numbers = new Map<Value, number>();
  const lines = reachableNodes(values).map((node) => {
    for (const output of node.outputs) numbers.set(output, numbers.size);
    const results = node.outputs.map((output) => `%${numbers.get(output)}: ${showType(output)}`).join(", ");
    const inputs = node.inputs.map((value) => `%${numbers.get(value)}`).join(", ");
    return `${results} = ${node.op}(${inputs})${showAttributes(node)}`;
  });
  return [...lines, `return ${values.map((value) => `%${numbers.get(value)}`).join(", ")}`].join("\n");
}

function showAttributes(node: Node): string {
  if (node.op === "constant") {
    const { values } = node.attributes as { values: Float32Array };
    return values.length <= 4 ? ` ${JSON.stringify(Array.from(values))}` : " [...]";
  }
  if (node.op === "input") return ` '${(node.attributes as { name: string }).name}'`;
  const text = JSON.stringify(node.attributes);
  return text === "{}" ? "" : ` ${text}`;
}
