/** A graph under construction: nodes in topological order, equal ones made only once. */
import { GraphError } from "../base/index.ts";
import type { OpAttributes, OpName } from "./ops/attributes.ts";
import type { OpDefinition } from "./ops/definition.ts";
import { opTable } from "./ops/table.ts";
import type { GraphHandle, Inverse, Node, Value } from "./value.ts";

/** A differentiable graph of tensors whose shapes are known, up to the batch size, while it is built. */
export interface Graph extends GraphHandle {
  /** All nodes made so far; every node comes after its inputs. */
  readonly nodes: readonly Node[];
}

const nothing: ReadonlySet<Value> = new Set();

/** An empty graph. With `inverses`, parts note how to go back, so that a gradient need not keep what came into them. */
export function makeGraph({ inverses: wantsInverses = false } = {}): Graph {
  const nodes: Node[] = [];
  const known = new Map<string, Node>();
  const bypasses = new Map<Value, ReadonlySet<Value>>();
  const inverses = new Map<string, Inverse>();
  const inputNames = new Set<string>();
  let scope = "";

  const graph: Graph = {
    nodes,
    wantsInverses,
    get scope() {
      return scope;
    },
    inScope(inner, build) {
      const outer = scope;
      scope = inner;
      try {
        return build();
      } finally {
        scope = outer;
      }
    },
    apply(op, inputs, attributes) {
      const foreign = inputs.findIndex((value) => value.graph !== graph);
      if (foreign >= 0) throw new GraphError(`${op}: expected values of one graph, got input ${foreign} of another`);
      let key = `${op}(${inputs.map((value) => `${value.node.id}.${value.output}`).join(",")})${attributeKey(op, attributes)}`;
      for (let equal = known.get(key); equal; equal = known.get(key)) {
        if (sameContent(op, equal, attributes)) return equal.outputs;
        key += "'";
      }
      if (op === "input") registerInput(inputNames, (attributes as OpAttributes["input"]).name);
      const node = makeNode(graph, nodes.length, op, inputs, attributes);
      nodes.push(node);
      known.set(key, node);
      return node.outputs;
    },
    noteBypass(result, skipped) {
      const all = new Set([...skipped, ...skipped.flatMap((value) => [...(bypasses.get(value) ?? [])])]);
      for (const value of bypasses.get(result) ?? []) all.add(value);
      // A rewrite may lead back to a value that an earlier one bypassed: here that value is used.
      all.delete(result);
      bypasses.set(result, all);
    },
    noteInverse(inverse) {
      if (!inverses.has(scope)) inverses.set(scope, { ...inverse, scope });
    },
    inverseAt: (part) => inverses.get(part),
    bypassed: (result) => bypasses.get(result) ?? nothing,
  };
  return graph;
}

function makeNode<K extends OpName>(
  graph: GraphHandle,
  id: number,
  op: K,
  inputs: readonly Value[],
  attributes: OpAttributes[K],
): Node {
  const definition: OpDefinition<K> = opTable[op];
  const types = definition.infer(inputs, attributes);
  const outputs: Value[] = [];
  const { scope } = graph;
  const node = Object.freeze({ id, op, inputs: Object.freeze([...inputs]), attributes, outputs, scope }) as Node;
  for (const [output, type] of types.entries()) outputs.push(Object.freeze({ ...type, graph, node, output }));
  Object.freeze(outputs);
  return node;
}

function registerInput(names: Set<string>, name: string): void {
  if (names.has(name)) throw new GraphError(`input: expected a new name, got '${name}' again with another type`);
  names.add(name);
}

function attributeKey<K extends OpName>(op: K, attributes: OpAttributes[K]): string {
  return op === "constant" ? (attributes as OpAttributes["constant"]).key : JSON.stringify(attributes);
}

/** Whether a node of the same key has the same attributes. The key of a constant is a hash of its numbers; other keys hold all attributes. */
function sameContent<K extends OpName>(op: K, known: Node, attributes: OpAttributes[K]): boolean {
  if (op !== "constant") return true;
  const [a, b] = [known.attributes, attributes].map((given) => bitsOf((given as OpAttributes["constant"]).values));
  return a!.length === b!.length && a!.every((word, index) => word === b![index]);
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** Builds a named part of a model within the scope that is open: `scale0`, then `scale0/step3`. */
export function within<T>(graph: GraphHandle, name: string, build: () => T): T {
  return graph.inScope(graph.scope === "" ? name : `${graph.scope}/${name}`, build);
}

/** The nodes that some values need, in topological order. */
export function reachableNodes(values: readonly Value[]): Node[] {
  const seen = new Set<Node>();
  const pending = values.map((value) => value.node);
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const value of node.inputs) pending.push(value.node);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
