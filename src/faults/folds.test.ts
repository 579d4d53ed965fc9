/** Folds: whole groups, balanced sizes, the same for a key. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError, randomKey } from "../base/index.ts";
import { assignFolds, kindsLeftOut } from "./folds.ts";

test("groups stay whole and no fold is larger than another by more than the largest group (seed 3)", () => {
  const property = fc.property(
    fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 5, maxLength: 40 }),
    fc.integer({ min: 2, max: 5 }),
    fc.nat(),
    (sizes, folds, seed) => {
      const groups = Uint32Array.from(sizes.flatMap((size, group) => new Array<number>(size).fill(group)));
      const foldOf = assignFolds(groups, folds, randomKey(seed));
      const counts = new Array<number>(folds).fill(0);
      const foldsOfGroups = new Map<number, Set<number>>();
      for (const [index, fold] of foldOf.entries()) {
        counts[fold]!++;
        foldsOfGroups.set(groups[index]!, (foldsOfGroups.get(groups[index]!) ?? new Set()).add(fold));
      }
      expect([...foldsOfGroups.values()].every((own) => own.size === 1)).toBe(true);
      expect(Math.min(...counts)).toBeGreaterThan(0);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(Math.max(...sizes));
    },
  );
  fc.assert(property, { seed: 3, numRuns: 100 });
});

test("the same key gives the same folds, another one others", () => {
  const groups = Uint32Array.from({ length: 30 }, (_, index) => index);
  const first = assignFolds(groups, 5, randomKey(1));
  expect(assignFolds(groups, 5, randomKey(1))).toEqual(first);
  expect(assignFolds(groups, 5, randomKey(2))).not.toEqual(first);
});

test("fewer things than folds are refused, with what there is", () => {
  const groups = Uint32Array.of(0, 0, 1, 1, 1, 2);
  expect(() => assignFolds(groups, 4, randomKey(0))).toThrow(ConfigError);
  expect(() => assignFolds(groups, 4, randomKey(0))).toThrow("at least 4 different things, got 6 images of 3");
});

test("every fold leaves out one kind, another one as far as there are kinds", () => {
  const kinds = ["a", "b", "c", "d", "e", "f"];
  const all = (folds: number) => Array.from({ length: folds }, (_, fold) => kindsLeftOut(kinds, fold, folds).join(" "));
  expect(all(2)).toEqual(["a", "d"]);
  expect(all(3)).toEqual(["a", "c", "e"]);
  expect(all(5)).toEqual(["a", "b", "c", "d", "e"]);
  expect(all(8)).toEqual(["a", "b", "c", "d", "e", "f", "a", "b"]);
  expect(kindsLeftOut(["a"], 0, 2)).toEqual([]);
});
