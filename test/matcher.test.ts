/** The matcher toBeAllclose, and typed arrays in toEqual: they must fail when they should. */
import { describe, expect, test } from "vitest";
import { tolerances } from "./reference/tolerances.ts";

const exact = { relative: 0, absolute: 0 };
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

describe("close are", () => {
  test.each([
    ["equal numbers", [1, -2], [1, -2], exact],
    ["no numbers", [], [], exact],
    ["0 and -0", [0], [-0], exact],
    ["equal infinities", [infinity, -infinity], [infinity, -infinity], exact],
    ["numbers at the absolute tolerance", [0.5, -0.5], [0, 0], { relative: 0, absolute: 0.5 }],
    ["numbers at the relative tolerance", [150, -50], [100, -100], { relative: 0.5, absolute: 0 }],
    ["numbers at both together", [2.5], [1], { relative: 1, absolute: 0.5 }],
    ["arrays of different types", Float32Array.of(1, 2), Float64Array.of(1, 2), exact],
  ])("%s", (_name, got, expected, tolerance) => {
    expect(got).toBeAllclose(expected, tolerance);
  });
});

describe("not close are", () => {
  const loose = { relative: 0.1, absolute: 0.1 };
  test.each([
    ["one number off among many", [1, 1, 1.5, 1], [1, 1, 1, 1]],
    ["the last number off", [1, 2], [1, 3]],
    ["the first number off", [0, 3], [1, 3]],
    ["opposite signs", [-1], [1]],
    ["fewer numbers", [1], [1, 2]],
    ["more numbers", [1, 2], [1]],
    ["numbers against none", [1], []],
    ["NaN for a number", [nan], [1]],
    ["a number for NaN", [1], [nan]],
    ["NaN for NaN", [nan], [nan]],
    ["infinity for a number", [infinity], [1]],
    ["a number for infinity", [1e308], [infinity]],
    ["opposite infinities", [-infinity], [infinity]],
    ["no sequence", 1, [1]],
    ["nothing", undefined, []],
    ["text", "1", [1]],
  ])("%s", (_name, got, expected) => {
    expect(() => expect(got).toBeAllclose(expected, loose)).toThrow(/^allclose: expected/);
  });

  test("numbers just beyond the tolerance", () => {
    expect([1.5 + 1e-12]).not.toBeAllclose([1], { relative: 0, absolute: 0.5 });
  });

  test("numbers within a relative tolerance of what was got, but not of what was expected", () => {
    expect([100]).not.toBeAllclose([1], { relative: 1, absolute: 0 });
  });
});

test("its message says where, what and how many", () => {
  const compare = () => expect([1, 2, 3]).toBeAllclose([1, 5, 6], { relative: 0.1, absolute: 0.2 });
  expect(compare).toThrow("allclose: expected 5 at 1 (relative 0.1, absolute 0.2), got 2; 2 of 3 differ");
});

test("its negation fails on close numbers", () => {
  expect(() => expect([1]).not.toBeAllclose([1], exact)).toThrow("expected numbers that differ, got 1 that are close");
});

test.each(Object.entries(tolerances))("the tolerance %s is small and not zero", (_kind, { relative, absolute }) => {
  expect(Math.min(relative, absolute)).toBeGreaterThan(0);
  expect(Math.max(relative, absolute)).toBeLessThanOrEqual(1e-3); // beyond it a comparison says little
});

describe("typed arrays in toEqual", () => {
  test.each([
    ["equal numbers", Float32Array.of(1, -2), Float32Array.of(1, -2)],
    ["NaN, whatever its bits", new Float32Array(Uint32Array.of(0x7fc00000).buffer), Float32Array.of(nan)],
    ["no numbers", new Uint8Array(), new Uint8Array()],
    ["parts of buffers", Uint8Array.of(1, 2, 3).subarray(1), Uint8Array.of(2, 3)],
    ["buffers", Buffer.from("ab"), Buffer.from("ab")],
    ["arrays in objects", { a: [Int32Array.of(1)] }, { a: [Int32Array.of(1)] }],
    ["whole numbers of 64 bits", BigInt64Array.of(3n), BigInt64Array.of(3n)],
  ])("are equal: %s", (_name, a, b) => {
    expect(a).toEqual(b);
    expect(a).toStrictEqual(b);
  });

  test.each([
    ["the last number", Float32Array.of(1, 2), Float32Array.of(1, 3)],
    ["0 and -0", Float32Array.of(0), Float32Array.of(-0)],
    ["a prefix", Float32Array.of(1), Float32Array.of(1, 0)],
    ["other kinds", Float32Array.of(1), Float64Array.of(1)],
    ["a plain array", Uint8Array.of(1), [1]],
    ["a buffer and its bytes", Buffer.from("a"), Uint8Array.of(97)],
    ["arrays in objects", { a: [Int32Array.of(1)] }, { a: [Int32Array.of(2)] }],
    ["whole numbers of 64 bits", BigInt64Array.of(3n), BigInt64Array.of(4n)],
  ])("differ: %s", (_name, a, b) => {
    expect(a).not.toEqual(b);
    expect(() => expect(a).toEqual(b)).toThrow(/to deeply equal/);
  });
});
