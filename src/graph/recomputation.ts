/**
 * Less memory for more arithmetic: the backward walk computes parts of the forward pass again instead of keeping them.
 *
 * A model is cut into regions, such as the steps of a flow. A region keeps the values that are at most as large as its largest input. It
 * computes the others (hidden activations, unfolded neighbourhoods, composed weights) again from these, with the same ops on the same numbers,
 * so the gradient is the same, bit for bit.
 *
 * A part whose inverse the graph knows (`noteInverse`) is a region of its own and keeps nothing: it computes its input again from its output, which the part behind
 * it has computed again in the same way (Gomez et al. 2017, section 3.2). So as many parts as you like keep what one does, and the gradient is off by what
 * inverses round.
 */
import { type Shape, sizeOf } from "../base/index.ts";
import type { OpAttributes } from "./ops/attributes.ts";
import { after, reshape } from "./ops/functions.ts";
import type { Inverse, Node, Value } from "./value.ts";

/** What is recomputed. */
export interface Recomputation {
  /** The region of a scope, or undefined where nothing is recomputed. Regions follow one another in the order of making. */
  readonly regionOf: (scope: string) => string | undefined;
  /** Told of every input that an inverse makes again, and what stands for it. */
  readonly onInverted?: (input: Value, again: Value) => void;
}

/** The recomputation of one backward walk. */
export interface Recomputer {
  /** The value that a gradient rule of `node` should use in place of one of the node's inputs or outputs. */
  again(node: Node, value: Value): Value;
}

/** No recomputation: every value is kept. */
export const keepEverything: Recomputer = { again: (_, value) => value };

interface Region {
  readonly inverse: Inverse | undefined;
  /** Size of its largest input, in numbers: the region keeps values up to this size. */
  largest: number;
  /** Values that other regions read. When the largest of their gradients is known, this region is recomputed. */
  readonly exits: Value[];
  /** What stands for values of the region, for its input and for what is given. */
  readonly copies: Map<Value, Value>;
  turn: Value | undefined;
}

/**
 * Prepares the recomputation of the nodes between batch and scalar. `arrived` returns the gradient of a value once it is known. A walk against
 * the order knows the gradients of all values that leave a region before it reaches the region.
 */
export function recomputer(
  order: readonly Node[],
  { regionOf, onInverted }: Recomputation,
  arrived: (value: Value) => Value | undefined,
): Recomputer {
  const regions = new Map<string, Region>();
  /** The regions that have an inverse, by their inputs. */
  const inverted = new Map<Value, Region>();
  const regionOfNode = ({ scope, outputs }: Node): Region | undefined => {
    const inverse = innermost(scope, outputs[0]!.graph);
    const name = inverse?.scope ?? regionOf(scope);
    if (name === undefined) return undefined;
    const known = regions.get(name);
    if (known) return known;
    const region = { inverse, largest: 0, exits: [], copies: new Map(), turn: undefined };
    regions.set(name, region);
    if (inverse) inverted.set(unshaped(inverse.input), region);
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
    const { inverse, copies } = region;
    if (isGiven(value)) return inverse ? stand(region, value) : value;
    if (inverse && unshaped(value) === unshaped(inverse.input))
      return reshape(inputAgain(region, inverse), value.shape);
    const foreign = regionOfNode(value.node) !== region;
    if (foreign || (!inverse && numbersOf(value.shape) <= region.largest)) return value;
    const known = copies.get(value);
    if (known) return known;
    const { graph, node } = value;
    let inputs = node.inputs.map((operand) => again(region, operand));
    if (!inverse && inputs.every((input, index) => input === node.inputs[index])) inputs = inTurn(region, inputs);
    const outputs = graph.inScope(
      `${node.scope}/again`,
      () => piecesOf(node, inputs) ?? graph.apply(node.op, inputs, node.attributes),
    );
    for (const [index, output] of node.outputs.entries()) copies.set(output, outputs[index]!);
    return copies.get(value)!;
  };

  /** What comes into a region, from what leaves it. */
  const inputAgain = (region: Region, { scope, input, output, invert }: Inverse): Value => {
    const known = region.copies.get(input);
    if (known) return known;
    const next = inverted.get(unshaped(output));
    const left = next?.inverse ? reshape(inputAgain(next, next.inverse), output.shape) : output;
    const made = input.graph.inScope(`${scope}/again`, () =>
      invert(inTurn(region, [left])[0]!, (given) => stand(region, given)),
    );
    region.copies.set(input, made);
    onInverted?.(input, made);
    return made;
  };

  /** A parameter that is larger than the activations waits, too: what is composed of it would be kept otherwise. */
  const stand = (region: Region, given: Value): Value => {
    if (given.node.op !== "input" || numbersOf(given.shape) <= region.largest) return given;
    const known = region.copies.get(given);
    if (known) return known;
    const [late] = inTurn(region, [given]);
    region.copies.set(given, late!);
    return late!;
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

/** The innermost part with an inverse that a scope lies in. */
function innermost(scope: string, graph: Value["graph"]): Inverse | undefined {
  if (!graph.wantsInverses) return undefined;
  for (let part = scope; part !== ""; part = part.slice(0, Math.max(0, part.lastIndexOf("/")))) {
    const inverse = graph.inverseAt(part);
    if (inverse) return inverse;
  }
  return undefined;
}

/** The numbers of a value before they were given another shape: rewrites may reach for them directly. */
function unshaped(value: Value): Value {
  return value.node.op === "reshape" ? unshaped(value.node.inputs[0]!) : value;
}

/** What was just laid together, where a split takes it apart again: so the inverse of a coupling and its recomputation share their network. */
function piecesOf(node: Node, [whole]: readonly Value[]): readonly Value[] | undefined {
  if (node.op !== "split" || whole?.node.op !== "concatenate") return undefined;
  const { axis, sizes } = node.attributes as OpAttributes["split"];
  const pieces = whole.node.inputs;
  const same = (whole.node.attributes as OpAttributes["concatenate"]).axis === axis && pieces.length === sizes.length;
  return same && pieces.every(({ shape }, index) => shape[axis] === sizes[index]) ? pieces : undefined;
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
