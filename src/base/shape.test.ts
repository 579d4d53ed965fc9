/** Shapes: broadcasting as NumPy does it, sizes with a free dimension, axes counted from the end. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bindShape,
  broadcastAxes,
  broadcastShapes,
  freeBatch,
  multiplyDimensions,
  normalizeAxis,
  type Shape,
  ShapeError,
  sameDimension,
  sameShape,
  showShape,
  sizeOf,
  staticDimension,
  staticSize,
} from "./index.ts";

const settings = { seed: 20202, numRuns: 300 };
const N = freeBatch;
const free = (factor: number) => ({ factor });

/** A result and two operands that fill it together: each has some axes of size 1 and some leading axes missing. */
const broadcastable = fc
  .array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      left: fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      right: fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      missing: fc.nat({ max: shape.length }),
    }),
  )
  .map(({ shape, left, right, missing }) => {
    // An axis is repeated in one operand at most, or its size would be lost.
    const a = shape.map((size, axis) => (left[axis] ? 1 : size));
    const b = shape.map((size, axis) => (right[axis] && !left[axis] ? 1 : size));
    const cut = a.slice(0, missing).every((size) => size === 1) ? a.slice(missing) : a;
    return { shape, a: cut, b };
  });

const anyShape = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(N, free(2))), { maxLength: 4 });

const attempt = <T>(make: () => T): T | undefined => {
  try {
    return make();
  } catch (error) {
    expect(error).toBeInstanceOf(ShapeError);
    return undefined;
  }
};

describe("broadcasting", () => {
  test("gives the shape that both operands fill", () => {
    fc.assert(
      fc.property(broadcastable, ({ shape, a, b }) => {
        expect(broadcastShapes(a, b, "test")).toEqual(shape);
      }),
      settings,
    );
  });

  test("does not depend on the order of the operands, nor does refusing", () => {
    fc.assert(
      fc.property(anyShape, anyShape, (a, b) => {
        const [left, right] = [attempt(() => broadcastShapes(a, b, "t")), attempt(() => broadcastShapes(b, a, "t"))];
        expect(left).toEqual(right);
      }),
      settings,
    );
  });

  test("leaves a shape with itself, and with a scalar, as it is", () => {
    fc.assert(
      fc.property(anyShape, (shape) => {
        expect(broadcastShapes(shape, shape, "test")).toEqual(shape);
        expect(broadcastShapes([], shape, "test")).toEqual(shape);
      }),
      settings,
    );
  });

  test("of the result changes nothing more", () => {
    fc.assert(
      fc.property(anyShape, anyShape, (a, b) => {
        const both = attempt(() => broadcastShapes(a, b, "test"));
        if (both) expect(broadcastShapes(a, both, "test")).toEqual(both);
      }),
      settings,
    );
  });

  test("is undone by summing over broadcastAxes", () => {
    fc.assert(
      fc.property(broadcastable, ({ shape, a }) => {
        const axes = broadcastAxes(a, shape);
        const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
        expect(kept.slice(shape.length - a.length)).toEqual(a);
        expect(kept.slice(0, shape.length - a.length).every((size) => size === 1)).toBe(true);
      }),
      settings,
    );
  });

  test.each<[Shape, Shape, number[]]>([
    [[1, 3], [1, 3], []],
    [[1, 3], [2, 3], [0]],
    [[3], [1, 3], [0]],
    [[1, N], [2, N], [0]],
    [[2, 1], [2, N], [1]],
    [[], [2, N], [0, 1]],
  ])("of %j to %j repeats the axes %j and no others", (from, to, axes) => {
    expect(broadcastAxes(from, to)).toEqual(axes);
  });

  test.each<[Shape, Shape, Shape]>([
    [[N], [2, 1], [2, N]],
    [[free(4)], [1], [free(4)]],
    [
      [2, N],
      [2, N],
      [2, N],
    ],
    [[0], [1], [0]],
  ])("%j with %j is %j", (a, b, expected) => {
    expect(broadcastShapes(a, b, "test")).toEqual(expected);
  });

  test.each<[Shape, Shape, string]>([
    [[2], [3], "test: expected shapes that broadcast, got [2] and [3]"],
    [[N], [3], "test: expected shapes that broadcast, got [N] and [3]"],
    [[N], [free(2)], "test: expected shapes that broadcast, got [N] and [2N]"],
    [[2, 3], [2, 1, 2], "test: expected shapes that broadcast, got [2,3] and [2,1,2]"],
  ])("%j with %j is refused", (a, b, message) => {
    expect(() => broadcastShapes(a, b, "test")).toThrow(message);
  });
});

describe("sizes", () => {
  test("agree with the bound shape's for every N", () => {
    const shape = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 });
    fc.assert(
      fc.property(shape, shape, fc.integer({ min: 1, max: 4 }), fc.nat({ max: 5 }), (before, after, factor, batch) => {
        const whole = [...before, free(factor), ...after];
        const product = bindShape(whole, batch).reduce((size, dimension) => size * dimension, 1);
        expect(bindShape([sizeOf(whole)], batch)).toEqual([product]);
      }),
      settings,
    );
  });

  test.each<[Shape, ReturnType<typeof sizeOf>]>([
    [[], 1],
    [[2, 3], 6],
    [[0, 3], 0],
    [[N], N],
    [[2, N, 3], free(6)],
  ])("of %j is %j", (shape, expected) => {
    expect(sizeOf(shape)).toEqual(expected);
  });

  test("with N twice are refused", () => {
    expect(() => multiplyDimensions(N, free(2))).toThrow("shape: expected at most one free dimension, got N times 2N");
  });

  test("that must be known are refused with N", () => {
    expect(staticSize([2, 3], "test")).toBe(6);
    expect(() => staticSize([2, N], "test")).toThrow("test: expected a fully known shape, got [2,N]");
    expect(() => staticDimension(free(3), "test")).toThrow("test: expected a known dimension, got 3N");
    expect(() => staticDimension(undefined, "test")).toThrow("test: expected a known dimension, got none");
  });
});

describe("equality", () => {
  test.each([
    [2, 2, true],
    [2, 3, false],
    [N, free(1), true],
    [N, free(2), false],
    [N, 1, false],
  ])("%j and %j: %j", (a, b, expected) => {
    expect(sameDimension(a, b)).toBe(expected);
    expect(sameShape([a], [b])).toBe(expected);
  });

  test("needs equal ranks", () => {
    expect(sameShape([2], [2, 1])).toBe(false);
  });
});

test("shapes are shown with N", () => {
  expect(showShape([2, N, free(256)])).toBe("[2,N,256N]");
});

describe("axes", () => {
  test("count from either end", () => {
    const axis = fc.integer({ min: -4, max: 3 });
    fc.assert(
      fc.property(axis, (given) => {
        expect(normalizeAxis(given, 4, "test")).toBe((given + 4) % 4);
      }),
      settings,
    );
  });

  test.each([4, -5, 0.5, Number.NaN])("%d is none of rank 4", (axis) => {
    expect(() => normalizeAxis(axis, 4, "test")).toThrow(`test: expected an axis within rank 4, got ${axis}`);
  });
});
