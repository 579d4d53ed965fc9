/** Array files, byte by byte as NumPy's format has them. */
import { expect, test } from "vitest";
import { writeArray } from "./array-file.ts";

test("a 2x3 array of float32 is header and numbers", () => {
  const bytes = writeArray(Float32Array.of(1, -2, 0.5, 0, 3, 4), [2, 3]);
  expect([...bytes.subarray(0, 10)]).toEqual([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, 118, 0]);
  const header = new TextDecoder().decode(bytes.subarray(10, 128));
  expect(header.trimEnd()).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  expect(header.endsWith("\n")).toBe(true);
  expect(bytes.length).toBe(128 + 24);
  expect([...new Float32Array(bytes.slice(128).buffer)]).toEqual([1, -2, 0.5, 0, 3, 4]);
});

test("one axis is a tuple of one", () => {
  expect(new TextDecoder().decode(writeArray(Float32Array.of(7), [1]))).toContain("'shape': (1,), }");
});

test("bytes are written as they are", () => {
  const bytes = writeArray(Uint8Array.of(1, 2, 255), [3, 1]);
  expect(bytes).toHaveLength(128 + 3);
  expect(new TextDecoder().decode(bytes.subarray(10, 128))).toContain(
    "'descr': '|u1', 'fortran_order': False, 'shape': (3, 1)",
  );
  expect(Array.from(bytes.subarray(128))).toEqual([1, 2, 255]);
});
