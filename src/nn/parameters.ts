/** Parameters are data: a named tree of tensors, laid out in two flat vectors, one that is trained and one that is fixed. */
import { GraphError, ShapeError } from "../base/index.ts";
import { constant, type Graph, input, reshape, split, type Value } from "../graph/index.ts";

/** What a parameter is before it has numbers. */
export interface ParameterSpecification {
  readonly shape: readonly number[];
  /** Fixed parameters (permutations, signs) are drawn once and never trained. */
  readonly trainable: boolean;
}

/** Parameters by name, in trees. */
export interface ParameterTree {
  readonly [name: string]: ParameterSpecification | ParameterTree;
}

/** A tree of the same form with something else at its leaves. */
export type TreeOf<P, T> = { readonly [K in keyof P]: P[K] extends ParameterSpecification ? T : TreeOf<P[K], T> };
/** The same tree with values of a graph. */
export type ValuesOf<P> = TreeOf<P, Value>;
/** The same tree with numbers. */
export type ArraysOf<P> = TreeOf<P, Float32Array>;

/** One tensor of a layout: where its numbers stand in the flat vector. */
export interface LayoutEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly trainable: boolean;
  readonly offset: number;
  readonly size: number;
}

/** How a tree is laid out in the two flat vectors, in the order of its names. */
export interface ParameterLayout {
  readonly entries: readonly LayoutEntry[];
  readonly trainableSize: number;
  readonly fixedSize: number;
}

/** The numbers of all parameters. */
export interface ParameterVectors {
  readonly trainable: Float32Array;
  readonly fixed: Float32Array;
}

/** A trained parameter of a shape. */
export function trainable(...shape: number[]): ParameterSpecification {
  return { shape, trainable: true };
}

/** A parameter that stays what it was drawn. */
export function fixed(...shape: number[]): ParameterSpecification {
  return { shape, trainable: false };
}

function isSpecification(node: ParameterSpecification | ParameterTree): node is ParameterSpecification {
  return Array.isArray(node.shape);
}

/** The layout of a tree. Names join the path with dots: `scale0.step1.actNorm.bias`. */
export function layoutOf(tree: ParameterTree): ParameterLayout {
  const entries: LayoutEntry[] = [];
  const sizes = { trainable: 0, fixed: 0 };
  const visit = (node: ParameterSpecification | ParameterTree, path: readonly string[]): void => {
    if (!isSpecification(node)) {
      for (const [name, child] of Object.entries(node)) visit(child, [...path, name]);
      return;
    }
    const vector = node.trainable ? "trainable" : "fixed";
    const size = node.shape.reduce((product, dimension) => product * dimension, 1);
    entries.push({ name: path.join("."), shape: node.shape, trainable: node.trainable, offset: sizes[vector], size });
    sizes[vector] += size;
  };
  visit(tree, []);
  return { entries, trainableSize: sizes.trainable, fixedSize: sizes.fixed };
}

/** The numbers of one tensor, as a view into the flat vectors. */
export function parameterData(entry: LayoutEntry, vectors: ParameterVectors): Float32Array {
  const vector = entry.trainable ? vectors.trainable : vectors.fixed;
  return vector.subarray(entry.offset, entry.offset + entry.size);
}

/** Flat vectors from a tree of arrays. Throws ShapeError where an array has another size than its specification. */
export function packArrays<P extends ParameterTree>(tree: P, arrays: ArraysOf<P>): ParameterVectors {
  const layout = layoutOf(tree);
  const vectors = { trainable: new Float32Array(layout.trainableSize), fixed: new Float32Array(layout.fixedSize) };
  for (const entry of layout.entries) {
    const data = leafAt<Float32Array>(arrays, entry.name);
    if (data.length !== entry.size) {
      throw new ShapeError(`parameters: expected ${entry.size} numbers for '${entry.name}', got ${data.length}`);
    }
    parameterData(entry, vectors).set(data);
  }
  return vectors;
}

/** A tree of graph values cut out of the two flat vectors. */
export function unpackValues<P extends ParameterTree>(
  tree: P,
  trainableVector: Value,
  fixedVector: Value,
): ValuesOf<P> {
  const { entries } = layoutOf(tree);
  const cut = (vector: Value, wanted: readonly LayoutEntry[]): Map<string, Value> => {
    const sizes = wanted.map((entry) => entry.size);
    const pieces = wanted.length === 0 ? [] : split(vector, 0, sizes);
    return new Map(wanted.map((entry, index) => [entry.name, reshape(pieces[index]!, entry.shape)]));
  };
  const trained = entries.filter((entry) => entry.trainable);
  const others = entries.filter((entry) => !entry.trainable);
  const values = new Map([...cut(trainableVector, trained), ...cut(fixedVector, others)]);
  return buildTree(tree, (name) => values.get(name)!);
}

/** A tree of graph inputs, one a tensor under its name in the layout: a program reads them where they lie in the flat vectors. */
export function parameterInputs<P extends ParameterTree>(graph: Graph, tree: P): ValuesOf<P> {
  const shapes = new Map(layoutOf(tree).entries.map(({ name, shape }) => [name, shape]));
  return buildTree(tree, (name) => input(graph, name, shapes.get(name)!));
}

/** A tree of graph constants: parameters that a graph carries with it. */
export function constantValues<P extends ParameterTree>(graph: Graph, tree: P, vectors: ParameterVectors): ValuesOf<P> {
  const byName = new Map(layoutOf(tree).entries.map((entry) => [entry.name, entry]));
  return buildTree(tree, (name) => {
    const entry = byName.get(name)!;
    return constant(graph, parameterData(entry, vectors), entry.shape);
  });
}

/** The leaves of a tree of values in the order of the layout. */
export function leavesOf<T>(tree: ParameterTree, leaves: TreeOf<ParameterTree, T>): T[] {
  return layoutOf(tree).entries.map((entry) => leafAt<T>(leaves, entry.name));
}

/** The same tree with other leaves. */
export function mapLeaves<P extends ParameterTree, T, U>(
  tree: P,
  leaves: TreeOf<P, T>,
  change: (leaf: T) => U,
): TreeOf<P, U> {
  return buildTree(tree, (name) => change(leafAt<T>(leaves, name)));
}

/** A tree of the form of `tree` with `leaf(name)` at its leaves. */
function buildTree<P extends ParameterTree, T>(tree: P, leaf: (name: string) => T): TreeOf<P, T> {
  const build = (node: ParameterTree, path: readonly string[]): unknown =>
    Object.fromEntries(
      Object.entries(node).map(([name, child]) => {
        const inner = [...path, name];
        return [name, isSpecification(child) ? leaf(inner.join(".")) : build(child, inner)];
      }),
    );
  return build(tree, []) as TreeOf<P, T>;
}

function leafAt<T>(tree: unknown, name: string): T {
  const leaf = name
    .split(".")
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], tree);
  if (leaf === undefined) throw new GraphError(`parameters: expected '${name}', got a tree without it`);
  return leaf as T;
}
