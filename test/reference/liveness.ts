/** How much a program holds at once, told from its graph: values live from when the engine makes them to when the last of their readers has run. */
import { type OpName, reachableNodes, type Value } from "../../src/graph/index.ts";
import { lowerGraph, type OnnxNode } from "../../src/onnx/index.ts";

/**
 * The most bytes that values depending on some inputs hold at once while the outputs are computed. Outputs themselves do not count, nor what ops make inside
 * themselves. What only waits for such a value (`after`) does not depend on it.
 */
export function peakBytes(outputs: Readonly<Record<string, Value>>, inputs: readonly Value[]): number {
  const nodes = reachableNodes(Object.values(outputs));
  const moments = momentsOf(lowerGraph(outputs, { name: "liveness" }).nodes);
  const order = nodes.toSorted((a, b) => (moments.get(a.id) ?? -1) - (moments.get(b.id) ?? -1) || a.id - b.id);
  const depending = new Set(inputs);
  for (const { op, inputs: read, outputs: made } of nodes) {
    if (read.slice(0, op === "after" ? 1 : undefined).some((value) => depending.has(value))) {
      for (const value of made) depending.add(value);
    }
  }
  const last = new Map<Value, number>();
  for (const [moment, node] of order.entries()) for (const value of node.inputs) last.set(numbersOf(value), moment);
  const kept = new Set(Object.values(outputs).map(numbersOf));
  const freed = new Map<number, number>();
  let [held, most] = [0, 0];
  for (const [moment, node] of order.entries()) {
    for (const value of node.outputs) {
      if (!depending.has(value) || kept.has(value) || numbersOf(value) !== value || node.op === "input") continue;
      const bytes = value.shape.reduce<number>((product, size) => product * (size as number), 4);
      const end = last.get(value) ?? moment;
      held += bytes;
      freed.set(end, (freed.get(end) ?? 0) + bytes);
    }
    most = Math.max(most, held);
    held -= freed.get(moment) ?? 0;
  }
  return most;
}

/** Ops whose result lies where their operand does. */
const views: readonly OpName[] = ["reshape", "stopGradient"];

function numbersOf(value: Value): Value {
  return views.includes(value.node.op) ? numbersOf(value.node.inputs[0]!) : value;
}

/** When the last operator of every node of the graph runs: ONNX Runtime goes depth first from the last leaf, to the operand that stands last in the file. */
function momentsOf(operators: readonly OnnxNode[]): Map<number, number> {
  const makers = new Map(operators.flatMap(({ outputs }, index) => outputs.map((name) => [name, index] as const)));
  const read = new Set(operators.flatMap(({ inputs }) => inputs));
  const leaves = operators.flatMap(({ outputs }, index) => (outputs.some((name) => read.has(name)) ? [] : [index]));
  const pending = leaves.map((index) => ({ index, leaving: false }));
  const seen = new Set<number>();
  const moments = new Map<number, number>();
  let moment = 0;
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { index, leaving } = next;
    const { name, inputs } = operators[index]!;
    if (leaving) {
      const [, node] = /_(\d+)\/[^/]+$/.exec(name) ?? [];
      if (node !== undefined) moments.set(Number(node), moment);
      moment++;
    } else if (!seen.has(index)) {
      seen.add(index);
      pending.push({ index, leaving: true });
      const operands = [...new Set(inputs.flatMap((input) => makers.get(input) ?? []))].sort((a, b) => a - b);
      for (const operand of operands) pending.push({ index: operand, leaving: false });
    }
  }
  return moments;
}
