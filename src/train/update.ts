/**
 * The second half of a training step: from a gradient to new parameters and optimiser state, in place.
 *
 * A small program of its own runs over pieces of the flat vectors that stay in cache: every number of the state is read from memory once,
 * whatever the optimiser computes with it, and no temporary is larger than a piece. The full model has 44 million parameters, and a dozen
 * passes over each.
 */
import { freeBatch, internalError } from "../base/index.ts";
import { type Graph, input, makeGraph, reachableNodes, type Value, within } from "../graph/index.ts";
import { clipFactor, squaredNorm, type UpdateOptions, updateParameters, updateScalarCount } from "../optim/index.ts";
import { type Buffer, compileGraph, type ProgramOptions } from "../runtime/index.ts";

/** How parameters are changed. */
export interface UpdaterOptions extends UpdateOptions {
  /** [trainable numbers], 1 where a number is trained and 0 where it stays; undefined trains all. */
  readonly mask?: Float32Array | undefined;
}

/** What an update says of itself. */
export interface UpdateResult {
  /** Norm of the gradient before clipping and weight decay. */
  readonly gradientNorm: number;
  /** Whether the update took place: false where loss or gradient were not finite, and then nothing has changed. */
  readonly applied: boolean;
}

/** A compiled update. */
export interface Updater {
  /** Updates the vectors, parameters first and then the state, where loss and gradient are finite. All are as long as the gradient. */
  update(
    loss: number,
    gradient: Float32Array,
    vectors: readonly Float32Array[],
    scalars: readonly number[],
  ): Promise<UpdateResult>;
  dispose(): Promise<void>;
}

/** Numbers of one piece: with eight vectors in flight it fills about 4 MB. */
const pieceSize = 2 ** 17;

/** Compiles the update of an optimiser. Its size does not depend on the model's. */
export async function compileUpdate({ mask, ...options }: UpdaterOptions, device: ProgramOptions): Promise<Updater> {
  const names = ["parameters", ...options.optimizer.stateNames];
  const norm = await compileGraph(buildNorm(mask !== undefined), device);
  const update = await compileGraph(buildUpdate(names, options, mask !== undefined), device);

  const measure = async (gradient: Float32Array): Promise<number> => {
    let sum = 0;
    for (const piece of piecesOf(gradient.length)) {
      const { squaredNorm: part } = await norm.run(cut({ gradient, mask }, piece));
      sum += part!.data[0]!;
    }
    return sum;
  };

  return {
    async update(loss, gradient, vectors, rates) {
      const gradientNorm = Math.sqrt(await measure(gradient));
      if (!Number.isFinite(loss + gradientNorm)) return { gradientNorm, applied: false };
      const scalars = vector(Float32Array.of(clipFactor(gradientNorm, options.clipNorm), ...rates));
      const inputs = Object.fromEntries(names.map((name, index) => [name, vectors[index]!]));
      for (const piece of piecesOf(gradient.length)) {
        const given = cut({ ...inputs, gradient, mask }, piece);
        const written = Object.fromEntries(names.map((name) => [next(name), given[name]!]));
        await update.run({ ...given, scalars }, written);
      }
      return { gradientNorm, applied: true };
    },
    async dispose() {
      await norm.dispose();
      await update.dispose();
    },
  };
}

function next(name: string): string {
  return `next_${name}`;
}

function buildNorm(masked: boolean): Record<string, Value> {
  const graph = makeGraph();
  return { squaredNorm: squaredNorm(input(graph, "gradient", [freeBatch]), maskOf(graph, masked)) };
}

function buildUpdate(names: readonly string[], options: UpdateOptions, masked: boolean): Record<string, Value> {
  const graph = makeGraph();
  const [parameters, ...state] = names.map((name) => input(graph, name, [freeBatch]));
  const gradient = input(graph, "gradient", [freeBatch]);
  const scalars = input(graph, "scalars", [updateScalarCount(options.optimizer)]);
  const mask = maskOf(graph, masked);
  const updated = within(graph, "update", () =>
    updateParameters(parameters!, gradient, state, scalars, { ...options, mask }),
  );
  const results = [updated.parameters, ...updated.state];
  expectInPlace([parameters!, ...state], results);
  return Object.fromEntries(results.map((value, index) => [next(names[index]!), value]));
}

/** A vector is written over itself, so whatever reads it must be done by then, and is for certain where its result goes into the new vector. */
function expectInPlace(vectors: readonly Value[], results: readonly Value[]): void {
  for (const [index, old] of vectors.entries()) {
    const before = new Set(reachableNodes([results[index]!]));
    const late = reachableNodes(results).find((node) => node.inputs.includes(old) && !before.has(node));
    if (late) throw internalError(`update: ${late.op} reads a vector that may have been written over by then`);
  }
}

function maskOf(graph: Graph, masked: boolean): Value | undefined {
  return masked ? input(graph, "mask", [freeBatch]) : undefined;
}

interface Piece {
  readonly start: number;
  readonly end: number;
}

function piecesOf(size: number): Piece[] {
  const count = Math.ceil(size / pieceSize);
  return Array.from({ length: count }, (_, index) => ({
    start: index * pieceSize,
    end: Math.min(size, (index + 1) * pieceSize),
  }));
}

/** The same piece of several vectors, as buffers; what is undefined is left out. */
function cut(
  vectors: Readonly<Record<string, Float32Array | undefined>>,
  { start, end }: Piece,
): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(vectors).flatMap(([name, data]) => (data ? [[name, vector(data.subarray(start, end))]] : [])),
  );
}

function vector(data: Float32Array): Buffer {
  return { data, shape: [data.length] };
}
