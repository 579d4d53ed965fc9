/** `toBeAllclose`: the one comparison of number sequences, within a tolerance of the table. */
import type { Tolerance } from "./tolerances.ts";

declare module "vitest" {
  interface Matchers<T> {
    /** Every number within the tolerance of the expected one, and as many of them. NaN is close to nothing. */
    toBeAllclose(expected: ArrayLike<number>, tolerance: Tolerance): T;
  }
}

interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The matcher's implementation, registered in test/setup.ts. */
export function toBeAllclose(got: unknown, expected: ArrayLike<number>, tolerance: Tolerance): Verdict {
  if (!isSequence(got)) {
    return { pass: false, message: () => `allclose: expected a sequence of numbers, got ${String(got)}` };
  }
  if (got.length !== expected.length) {
    return { pass: false, message: () => `allclose: expected ${expected.length} numbers, got ${got.length}` };
  }
  const far: number[] = [];
  for (let index = 0; index < got.length; index++) {
    if (!isClose(got[index]!, expected[index]!, tolerance)) far.push(index);
  }
  const first = far[0];
  if (first === undefined) {
    return { pass: true, message: () => `allclose: expected numbers that differ, got ${got.length} that are close` };
  }
  const { relative, absolute } = tolerance;
  return {
    pass: false,
    message: () =>
      `allclose: expected ${expected[first]} at ${first} (relative ${relative}, absolute ${absolute}), got ${got[first]}; ` +
      `${far.length} of ${got.length} differ`,
  };
}

function isSequence(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** Infinities are close to themselves only. Comparisons are written so that NaN fails them. */
function isClose(got: number, expected: number, { relative, absolute }: Tolerance): boolean {
  if (!Number.isFinite(expected) || !Number.isFinite(got)) return got === expected;
  return Math.abs(got - expected) <= absolute + relative * Math.abs(expected);
}
