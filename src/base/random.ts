/**
 * Seeded, splittable random numbers: a key names a stream, folding a label into a key names an independent one.
 *
 * Nothing has hidden state, so the noise of training step 1,234 is `key.fold("noise").fold(1234)` whether the run was stopped
 * before or not. Keys are mixed with the 64-bit finaliser of MurmurHash3; streams are xoshiro128** (Blackman and Vigna, 2018).
 */
import { internalError } from "./errors.ts";

/** A name for a stream of random numbers. Keys are values: folding and streaming never change them. */
export interface RandomKey {
  /** The key of an independent stream, named by a label. Equal labels give equal keys. */
  fold(label: string | number): RandomKey;
  /** A fresh stream of this key: two streams of one key give the same numbers. */
  stream(): RandomStream;
}

/** A sequence of random numbers. */
export interface RandomStream {
  /** Uniform integer in [0, 2^32). */
  uint32(): number;
  /** Uniform number in [0, 1) with 24 bits, exactly representable in float32. */
  uniform(): number;
  /** Standard normal number (Box-Muller). */
  normal(): number;
  /** Uniform integer in [0, bound), without bias. The bound is an integer from 1 to 2^32. */
  integer(bound: number): number;
}

/** The root key of a seed. Any safe integer or text is a seed. */
export function randomKey(seed: number | string): RandomKey {
  return makeKey(0x9e3779b97f4a7c15n).fold(seed);
}

const mask = 0xffffffffffffffffn;

function mix(value: bigint): bigint {
  let v = value & mask;
  v = ((v ^ (v >> 33n)) * 0xff51afd7ed558ccdn) & mask;
  v = ((v ^ (v >> 33n)) * 0xc4ceb9fe1a85ec53n) & mask;
  return v ^ (v >> 33n);
}

function makeKey(state: bigint): RandomKey {
  return {
    fold(label) {
      let hash = mix(state + (typeof label === "number" ? 1n : 2n));
      for (const byte of new TextEncoder().encode(String(label))) hash = mix(hash + 0x9e3779b97f4a7c15n + BigInt(byte));
      return makeKey(hash);
    },
    stream: () => makeStream(state),
  };
}

function makeStream(seed: bigint): RandomStream {
  const first = mix(seed + 1n);
  const second = mix(seed + 2n);
  let a = Number(first & 0xffffffffn) | 1;
  let b = Number(first >> 32n) | 0;
  let c = Number(second & 0xffffffffn) | 0;
  let d = Number(second >> 32n) | 0;
  let spare: number | undefined;

  const uint32 = (): number => {
    const five = Math.imul(b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = (): number => (uint32() >>> 8) / 16777216;

  return {
    uint32,
    uniform,
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      // 1 - uniform lies in (0, 1], so the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    integer(bound) {
      if (!(Number.isInteger(bound) && bound >= 1 && bound <= 4294967296)) {
        throw internalError(`random: expected a bound from 1 to 2^32, got ${bound}`);
      }
      // Rejecting the tail that does not divide evenly keeps every value equally likely.
      const limit = 4294967296 - (4294967296 % bound);
      let value = uint32();
      while (value >= limit) value = uint32();
      return value % bound;
    },
  };
}

/** The numbers 0..length-1 in a random order (Fisher-Yates). */
export function permutation(length: number, stream: RandomStream): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = stream.integer(last + 1);
    const value = order[last]!;
    order[last] = order[other]!;
    order[other] = value;
  }
  return order;
}
