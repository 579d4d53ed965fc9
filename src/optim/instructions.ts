/**
 * As much WebAssembly as a loop over vectors takes: a module with one function, which runs through float32 vectors in an imported memory, two numbers at a
 * time, computing in float64 (WebAssembly core specification 2.0, chapter 5). Code is a list of bytes that leaves its result on the stack.
 */

/** Instructions. */
export type Code = readonly number[];

/** Numbers in one go: what a vector of 128 bits holds of float64. */
const lanes = 2;
/** Passes of the loop's body in one round, so that the counting is worth little. */
const passes = 4;

/** Vectors are so many numbers long, or a multiple. */
export const stride = lanes * passes;

const bytesOfNumber = 4;
const types = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;

/** An unsigned number in 7 bits a byte. */
function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

const simd = (opcode: number, ...rest: number[]): Code => [0xfd, ...unsigned(opcode), ...rest];
const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, ...simd(opcode)];

export const add = binary(0xf0);
export const subtract = binary(0xf1);
export const multiply = binary(0xf2);
export const divide = binary(0xf3);
/** b where a < b, else a: one instruction, where the maximum that minds NaN and signed zeros takes several. */
export const larger = binary(0xf7);
export const absolute = (x: Code): Code => [...x, ...simd(0xec)];
export const squareRoot = (x: Code): Code => [...x, ...simd(0xef)];

const local = (index: number): Code => [0x20, ...unsigned(index)];
const setLocal = (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)];
const splat = (value: Code): Code => [...value, ...simd(0x14)];

/** What the body of a loop is made of. */
export interface LoopBody {
  /** The next numbers of the vector that is the loop's parameter of some number. */
  load(vector: number): Code;
  /** Writes numbers back to where `load` has them from. */
  store(vector: number, value: Code): Code;
  /** The loop's numeric parameter of some number, the same for every place. */
  scalar(index: number): Code;
  /** A number that is known beforehand. */
  number(value: number): Code;
  /** Keeps a value; what it returns reads it again. */
  keep(value: Code): Code;
}

/**
 * A module that exports `run(vector addresses..., bytes, scalars...)` and imports `env.memory`. `body` is what is done with each pair of numbers: the
 * instructions that it emits, in order. `bytes` is a positive multiple of `stride` numbers.
 */
export function loopModule(
  vectors: number,
  scalars: number,
  body: (loop: LoopBody, emit: (code: Code) => void) => void,
): Uint8Array {
  const parameters = vectors + 1 + scalars;
  const position = parameters;
  const setup: number[] = [];
  const code: number[] = [];
  let locals = position + 1;
  const known = new Map<string, number>();
  const once = (key: string, value: Code): Code => {
    const index = known.get(key) ?? locals++;
    if (!known.has(key)) setup.push(...setLocal(index, splat(value)));
    known.set(key, index);
    return local(index);
  };
  for (let pass = 0; pass < passes; pass++) {
    const offset = unsigned(pass * lanes * bytesOfNumber);
    const address = (vector: number): Code => [...local(vector), ...local(position), 0x6a];
    // Eight bytes at a time, aligned to four.
    body(
      {
        load: (vector) => [...address(vector), ...simd(0x5d, 2, ...offset), ...simd(0x5f)],
        store: (vector, value) => [...address(vector), ...value, ...simd(0x5e), ...simd(0x5b, 2, ...offset, 0)],
        scalar: (index) => once(`scalar ${index}`, local(vectors + 1 + index)),
        number: (value) => once(`number ${value}`, [0x44, ...new Uint8Array(Float64Array.of(value).buffer)]),
        keep: (value) => {
          const index = locals++;
          code.push(...setLocal(index, value));
          return local(index);
        },
      },
      (emitted) => code.push(...emitted),
    );
  }
  // Below 64, and so one byte as a signed number has it.
  const step = [0x41, stride * bytesOfNumber];
  const again = [...local(position), ...step, 0x6a, 0x22, ...unsigned(position), ...local(vectors), 0x49, 0x0d, 0];
  const own = list([
    [1, types.i32],
    [...unsigned(locals - position - 1), types.v128],
  ]);
  const functionBody = [...own, ...setup, 0x03, 0x40, ...code, ...again, 0x0b, 0x0b];
  const parameterTypes = Array.from({ length: parameters }, (_, index) => [index <= vectors ? types.i32 : types.f64]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([[0x60, ...list(parameterTypes), 0]])),
    ...section(2, list([[...text("env"), ...text("memory"), 2, 0, 0]])),
    ...section(3, list([[0]])),
    ...section(7, list([[...text("run"), 0, 0]])),
    ...section(10, list([[...unsigned(functionBody.length), ...functionBody]])),
  ]);
}

const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
const text = (value: string): Code => list([...value].map((letter) => [letter.charCodeAt(0)]));
