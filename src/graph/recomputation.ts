/**
 * Less memory for more arithmetic: the backward walk computes parts of the forward pass again instead of keeping them.
 *
 * A model is cut into regions, such as the steps of a flow. A region keeps the values that are at most as large as its largest input. It
 * computes the others (hidden activations, unfolded neighbourhoods, composed weights) again from these, with the same ops on the same numbers,
 * so the gradient is the same, bit for bit.
 */
import { type Shape, sizeOf } from "../base/index.ts";
import { after } from "./ops/functions.ts";
import type { Node, Value } from "./value.ts";

/** What is recomputed. */
export interface Recomputation {
  /** The region of a scope, or undefined where nothing is recomputed. Regions follow one another in the order of making. */
  readonly regionOf: (scope: string) => string | undefined;
}

/** The recomputation of one backward walk. */
export interface Recomputer {
  /** The value that a gradient rule of `node` should use in place of one of the node's inputs or outputs. */
  again(node: Node, value: Value): Value;
}

/** No recomputation: every value is kept. */
export const keepEverything: Recomputer = { again: (_, value) => value };

interface Region {
  /** Size of its largest input, in numbers: the region keeps values up to this size. */
  largest: number;
  /** Values that other regions read. When the largest of their gradients is known, this region is recomputed. */
  readonly exits: Value[];
  readonly copies: Map<Value, Value>;
  turn: Value | undefined;
}

/**
 * Prepares the recomputation of the nodes between batch and scalar. `arrived` returns the gradient of a value once it is known. A walk against
 * the order knows the gradients of all values that leave a region before it reaches the region.
 */
export function recomputer(
  order: readonly Node[],
  { regionOf }: Recomputation,
  arrived: (value: Value) => Value | undefined,
): Recomputer {
  const regions = new Map<string, Region>();
  const regionOfNode = ({ scope }: Node): Region | undefined => {
    const name = regionOf(scope);
    if (name === undefined) return undefined;
    const region = regions.get(name) ?? { largest: 0, exits: [], copies: new Map(), turn: undefined };
    regions.set(name, region);
    return region;
  };
  for (const node of order) {
    const region = regionOfNode(node);
    for (const value of node.inputs) {
      const source = regionOfNode(value.node);
      if (source === region || isGiven(value)) continue;
      source?.exits.push(value);
      if (region) region.largest = Math.max(region.largest, numbersOf(value.shape));
    }
  }

  const again = (region: Region, value: Value): Value => {
    const foreign = isGiven(value) || regionOfNode(value.node) !== region;
    if (foreign || numbersOf(value.shape) <= region.largest) return value;
    const known = region.copies.get(value);
    if (known) return known;
    const { graph, node } = value;
    let inputs = node.inputs.map((operand) => again(region, operand));
    if (inputs.every((input, index) => input === node.inputs[index])) inputs = inTurn(region, inputs);
    const outputs = graph.inScope(`${node.scope}/again`, () => graph.apply(node.op, inputs, node.attributes));
    for (const [index, output] of node.outputs.entries()) region.copies.set(output, outputs[index]!);
    return region.copies.get(value)!;
  };

  /** Kept values, the smallest of which waits for the region's gradient: otherwise the engine would recompute at once and keep the result. */
  const inTurn = (region: Region, values: readonly Value[]): Value[] => {
    region.turn ??= largest(region.exits.flatMap((exit) => arrived(exit) ?? []));
    const { turn } = region;
    const smallest = values.reduce((best, value) => (numbersOf(value.shape) < numbersOf(best.shape) ? value : best));
    return values.map((value) => (turn && value === smallest ? after(value, turn) : value));
  };

  return {
    again(node, value) {
      const region = regionOfNode(node);
      return region ? again(region, value) : value;
    },
  };
}

/** Inputs and constants, parameters among them: they are in memory anyway. */
function isGiven({ node }: Value): boolean {
  return node.op === "input" || node.op === "constant";
}

function largest(values: readonly Value[]): Value | undefined {
  return values.reduce<Value | undefined>(
    (best, value) => (best && numbersOf(best.shape) >= numbersOf(value.shape) ? best : value),
    undefined,
  );
}

/** How many numbers a shape holds, for a batch of one where the batch size is free. */
function numbersOf(shape: Shape): number {
  const size = sizeOf(shape);
  return typeof size === "number" ? size : size.factor;
}
