/** For every test: the matcher toBeAllclose, quick comparison of typed arrays, and failure of a test that writes to the console: a warning nobody reads is a defect nobody fixes. */
import { afterEach, beforeEach, expect, vi } from "vitest";
import { equalArrays } from "./reference/array-equality.ts";
import { toBeAllclose } from "./reference/matcher.ts";

expect.extend({ toBeAllclose });
expect.addEqualityTesters([equalArrays]);

const methods = ["log", "info", "warn", "error", "debug"] as const;

beforeEach(() => {
  for (const method of methods) vi.spyOn(console, method);
});

afterEach(() => {
  for (const method of methods) {
    expect(vi.mocked(console[method]).mock.calls, `console.${method} was called`).toEqual([]);
  }
  vi.restoreAllMocks();
});
