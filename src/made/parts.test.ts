/** Made parts: repeatable, and faulty where their masks say. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { makeParts } from "./parts.ts";

const side = 64;
const make = (kind: "good" | "scratch" | "dent", seed = 0) =>
  makeParts({ kind, count: 3, side, key: randomKey(seed).fold("parts") });

test("a key gives the same parts, another one others", () => {
  expect(make("scratch")).toEqual(make("scratch"));
  expect(make("scratch", 1).pixels).not.toEqual(make("scratch").pixels);
});

test("good parts have no mask, faulty ones a small one", () => {
  expect(make("good").masks.every((value) => value === 0)).toBe(true);
  for (const kind of ["scratch", "dent"] as const) {
    const { masks, names } = make(kind);
    expect(names[2]).toBe(`${kind}-2`);
    for (let part = 0; part < 3; part++) {
      const own = masks.subarray(part * side * side, (part + 1) * side * side);
      const share = own.filter((value) => value === 255).length / own.length;
      expect(share).toBeGreaterThan(0.001);
      expect(share).toBeLessThan(0.1);
    }
  }
});
