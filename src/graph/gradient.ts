/**
 * Reverse-mode differentiation: one walk against topological order that knows no op by name.
 * It skips what the targets do not need, sums gradients over broadcast axes in one place, and adds where paths meet.
 */
import { broadcastAxes, type Dimension, GraphError } from "../base/index.ts";
import { reachableNodes } from "./graph.ts";
import type { OpName } from "./ops/attributes.ts";
import { constant } from "./ops/constant.ts";
import type { OpDefinition } from "./ops/definition.ts";
import { add, broadcastLike, multiply, reduceSum, reshape, sumTo } from "./ops/functions.ts";
import { opTable } from "./ops/table.ts";
import { keepEverything, type Recomputation, type Recomputer, recomputer } from "./recomputation.ts";
import { type Node, showType, type Value } from "./value.ts";

/**
 * The gradients of a scalar with respect to some values, as values of the same graph and of the targets' shapes.
 * A target that the scalar does not depend on has gradient zero. With a recomputation, values are made again instead of kept.
 * Throws GraphError where the scalar has axes, where a target is not a float32 value of its graph, where a path crosses an op without a
 * gradient, or where a rewrite bypassed a target (two reshapes that became one, say), so that part of its gradient would be missing.
 */
export function gradients(scalar: Value, targets: readonly Value[], recomputation?: Recomputation): Value[] {
  if (scalar.shape.length !== 0 || scalar.dataType !== "float32") {
    throw new GraphError(`gradients: expected a float32 scalar to differentiate, got ${showType(scalar)}`);
  }
  for (const target of targets) {
    if (target.dataType !== "float32" || target.graph !== scalar.graph) {
      const whose = target.graph === scalar.graph ? "" : " of another graph";
      throw new GraphError(
        `gradients: expected float32 targets of the scalar's graph, got ${showType(target)}${whose}`,
      );
    }
  }
  const order = reachableNodes([scalar]);
  refuseBypassed(order, targets);
  const needed = nodesDependingOn(order, targets);
  const arrived = new Map<Value, Value>([[scalar, constant(scalar.graph, 1)]]);
  const kept = recomputation ? recomputer(order, recomputation, (value) => arrived.get(value)) : keepEverything;

  for (const node of order.reverse()) {
    // What a target is made from matters only where another target lies behind it.
    if (!node.inputs.some((value) => isNeeded(value, needed))) continue;
    const incoming = node.outputs.map((output) => arrived.get(output));
    if (incoming.every((gradient) => gradient === undefined)) continue;
    scalar.graph.inScope(gradientScope(node), () => {
      for (const [index, gradient] of differentiate(node, incoming, kept).entries()) {
        const value = node.inputs[index]!;
        if (!gradient || !isNeeded(value, needed)) continue;
        const summed = isElementwise(node) ? sumRepeated(gradient, value, node.outputs[0]!) : gradient;
        const sofar = arrived.get(value);
        arrived.set(value, sofar ? add(sofar, summed) : summed);
      }
    });
  }
  return targets.map((target) => {
    return broadcastLike(arrived.get(target) ?? constant(target.graph, 0), target);
  });
}

function refuseBypassed(order: readonly Node[], targets: readonly Value[]): void {
  const wanted = new Set(targets);
  for (const result of order.flatMap(({ outputs }) => outputs)) {
    const target = [...result.graph.bypassed(result)].find((value) => wanted.has(value));
    if (target === undefined) continue;
    throw new GraphError(
      `gradients: expected targets that the scalar is made from, got ${showType(target)} of '${target.node.op}', which a rewrite of '${result.node.op}' bypassed; differentiate with respect to what it is made from`,
    );
  }
}

/** Gradients bear the scope of what they differentiate, marked so that a profile tells the two apart. */
function gradientScope({ scope }: Node): string {
  return scope === "" ? "gradient" : `${scope}/gradient`;
}

function isElementwise(node: Node): boolean {
  return opTable[node.op].elementwise === true;
}

/**
 * The gradient of an operand from a gradient that stands for the result of an element-wise op: summed over the axes along which the
 * operand was repeated. Where the gradient itself is not repeated yet, the sum is a multiple.
 */
function sumRepeated(gradient: Value, operand: Value, result: Value): Value {
  const rank = result.shape.length;
  const dimension = (value: Value, axis: number): Dimension => value.shape[axis - rank + value.shape.length] ?? 1;
  let repeats = 1;
  for (const axis of broadcastAxes(operand.shape, result.shape)) {
    const size = dimension(result, axis);
    if (dimension(gradient, axis) !== 1) continue;
    if (typeof size !== "number") return sumTo(broadcastLike(gradient, result), operand.shape);
    repeats *= size;
  }
  const kept = broadcastAxes(operand.shape, result.shape).filter((axis) => dimension(gradient, axis) !== 1);
  const aligned = kept.map((axis) => axis - rank + gradient.shape.length);
  const summed = reduceSum(gradient, aligned, true);
  const shape = summed.shape.slice(Math.max(0, summed.shape.length - operand.shape.length));
  const reshaped = reshape(summed, shape);
  return repeats === 1 ? reshaped : multiply(reshaped, repeats);
}

function differentiate(
  node: Node,
  incoming: readonly (Value | undefined)[],
  kept: Recomputer,
): readonly (Value | undefined)[] {
  const definition = opTable[node.op] as OpDefinition<OpName>;
  if (typeof definition.gradient !== "function") {
    throw new GraphError(
      `gradients: expected a differentiable path, got '${node.op}' on it: ${definition.gradient.reason}`,
    );
  }
  const whole = (gradient: Value | undefined, index: number) =>
    gradient && !definition.elementwise ? broadcastLike(gradient, node.outputs[index]!) : gradient;
  const again = (value: Value): Value => kept.again(node, value);
  const context = { ...node, inputs: node.inputs.map(again), outputs: node.outputs.map(again) };
  const result = definition.gradient(context, incoming.map(whole));
  if (result.length !== node.inputs.length) {
    throw new GraphError(`internal: ${node.op} has ${node.inputs.length} inputs but gives ${result.length} gradients`);
  }
  return result;
}

/** The nodes between targets and scalar. A mask cuts the way: its inputs get no gradient. */
function nodesDependingOn(order: readonly Node[], targets: readonly Value[]): Set<Node> {
  const needed = new Set(targets.map((target) => target.node));
  for (const node of order) {
    if (node.inputs.some((value) => isNeeded(value, needed))) needed.add(node);
  }
  return needed;
}

function isNeeded(value: Value, needed: ReadonlySet<Node>): boolean {
  return value.dataType === "float32" && needed.has(value.node);
}
