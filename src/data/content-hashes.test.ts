/** Tests of hashes of pixels and of what sets share. */
import { expect, test } from "vitest";
import { contentHashes, overlapsOf } from "./content-hashes.ts";

test("equal pixels have equal hashes, others not", () => {
  const [a, b, c, d] = contentHashes(Uint8Array.of(1, 2, 1, 3, 1, 2, 2, 1), 4);
  expect([a === c, a === b, a === d, a!.length]).toEqual([true, false, false, 8]);
  expect(contentHashes(new Uint8Array(0), 0)).toEqual([]);
});

test("every two sets that share images are named once, with how many images of the later one", () => {
  const set = (name: string, ...hashes: string[]) => ({ name, hashes });
  expect(overlapsOf([set("normal", "a", "b"), set("x", "b", "b", "c"), set("y", "c", "d"), set("z", "e")])).toEqual([
    { sets: ["normal", "x"], count: 2 },
    { sets: ["x", "y"], count: 1 },
  ]);
});
