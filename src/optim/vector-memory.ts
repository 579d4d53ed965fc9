/**
 * Vectors that lie beside each other in a memory of WebAssembly, where updates take two numbers at a time: a quarter of the time of a loop in
 * JavaScript, and the same bits, as either computes in float64, operation by operation.
 */
import type { OptimizerName } from "../base/index.ts";
import { absolute, add, divide, larger, loopModule, multiply, squareRoot, stride, subtract } from "./instructions.ts";
import { epsilon, firstDecay, type Optimizer, secondDecay } from "./optimizer.ts";

declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

/** Vectors of one length, zeros at first. */
export interface VectorMemory {
  readonly vectors: readonly Float32Array[];
  /** An optimiser that updates these vectors faster, and others as it always did. Numbers that are not finite may become others than these. */
  faster(optimizer: Optimizer): Optimizer;
}

/** Shorter vectors are not worth a memory of their own. */
const leastLength = 2 ** 16;
const pageBytes = 2 ** 16;

/** Vectors in one memory; apart from each other where they are short, or where there is no such memory. */
export function vectorMemory(count: number, length: number): VectorMemory {
  const padded = Math.ceil(length / stride) * stride;
  const memory = length < leastLength ? undefined : memoryOf(4 * padded * count);
  if (!memory) {
    return { vectors: Array.from({ length: count }, () => new Float32Array(length)), faster: (optimizer) => optimizer };
  }
  const { buffer } = memory;
  return {
    vectors: Array.from({ length: count }, (_, index) => new Float32Array(buffer, 4 * padded * index, length)),
    faster: (optimizer) => {
      const run = compiled(updateModules[optimizer.name](), memory);
      if (!run) return optimizer;
      return {
        ...optimizer,
        update: (parameters, gradient, state, change, scalars) => {
          const all = [parameters, gradient, ...state];
          if (all.some((vector) => vector.buffer !== buffer || vector.length !== length)) {
            optimizer.update(parameters, gradient, state, change, scalars);
          } else {
            const addresses = all.map(({ byteOffset }) => byteOffset);
            run(...addresses, 4 * padded, change.clip, change.weightDecay, ...scalars);
          }
        },
      };
    },
  };
}

/** A memory of so many bytes; undefined where the machine, or a limit on addresses, has none. */
function memoryOf(bytes: number) {
  try {
    return new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
  } catch {
    return undefined;
  }
}

/** The module's function; undefined where no WebAssembly may be compiled, or none with vectors. */
function compiled(module: Uint8Array, memory: object): ((...operands: number[]) => void) | undefined {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } });
    return exports.run as (...operands: number[]) => void;
  } catch {
    return undefined;
  }
}

/** What `Optimizer.update` does, over p, gradient and two state vectors, with the scalars clip, weightDecay and the optimiser's own. */
const updateModules: { readonly [Name in OptimizerName]: () => Uint8Array } = {
  adamax: () =>
    loopModule(4, 3, ({ load, store, scalar, number, keep }, emit) => {
      const p = keep(load(0));
      const g = keep(add(multiply(scalar(0), load(1)), multiply(scalar(1), p)));
      const m = keep(add(multiply(number(firstDecay), load(2)), multiply(number(1 - firstDecay), g)));
      const u = keep(larger(multiply(number(secondDecay), load(3)), add(absolute(g), number(epsilon))));
      emit(store(2, m));
      emit(store(3, u));
      emit(store(0, subtract(p, divide(multiply(scalar(2), m), u))));
    }),
  adam: () =>
    loopModule(4, 4, ({ load, store, scalar, number, keep }, emit) => {
      const p = keep(load(0));
      const g = keep(add(multiply(scalar(0), load(1)), multiply(scalar(1), p)));
      const m = keep(add(multiply(number(firstDecay), load(2)), multiply(number(1 - firstDecay), g)));
      const square = multiply(multiply(number(1 - secondDecay), g), g);
      const v = keep(add(multiply(number(secondDecay), load(3)), square));
      emit(store(2, m));
      emit(store(3, v));
      const root = add(multiply(squareRoot(v), scalar(3)), number(epsilon));
      emit(store(0, subtract(p, divide(multiply(scalar(2), m), root))));
    }),
};
