/** What is decided over a whole job: by counts as by single images. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { discoveries } from "../score/index.ts";
import { keepMost, largestDiscovery } from "./merging.ts";
import { halves } from "./poisoned-shards.ts";
import { unreadableRow } from "./shard-scoring.ts";
import type { JobRow } from "./shard-tables.ts";

test("counts of p-values mark what Benjamini-Hochberg marks of single images", () => {
  const pValue = fc.integer({ min: 1, max: 41 }).map((place) => place / 41);
  fc.assert(
    fc.property(
      fc.array(pValue, { minLength: 1, maxLength: 60 }),
      fc.constantFrom(0.05, 0.2, 0.5, 0.9),
      (all, share) => {
        const counts = new Map<number, number>();
        for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
        const largest = largestDiscovery(counts, share);
        expect(all.map((one) => one <= largest)).toEqual(discoveries(all, share).marked);
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

test("the highest scores are kept over shards as from all rows at once, the earlier image first among equals", () => {
  const row = (score: number | null, image: number): JobRow => ({ ...unreadableRow(image, `${image}`, ""), score });
  const score = fc.option(fc.constantFrom(0, 1, 2, 3, Number.POSITIVE_INFINITY));
  fc.assert(
    fc.property(
      fc.array(fc.array(score, { maxLength: 6 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 5 }),
      (shards, most) => {
        const all = shards.flat().map(row);
        let top: JobRow[] = [];
        let start = 0;
        for (const shard of shards) {
          top = keepMost(top, all.slice(start, start + shard.length), most);
          start += shard.length;
        }
        const sorted = all
          .filter((one) => one.score !== null)
          .sort((a, b) => (a.score === b.score ? a.image - b.image : b.score! > a.score! ? 1 : -1));
        expect(top.map(({ image }) => image)).toEqual(sorted.slice(0, most).map(({ image }) => image));
      },
    ),
    { seed: 2, numRuns: 300 },
  );
});

test("halves of a part are whole passes as long as they can be, and all of it", () => {
  expect(halves({ first: 0, count: 200 })).toEqual([
    { first: 0, count: 128 },
    { first: 128, count: 72 },
  ]);
  expect(halves({ first: 64, count: 3 })).toEqual([
    { first: 64, count: 2 },
    { first: 66, count: 1 },
  ]);
});
