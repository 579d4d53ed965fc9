/** What looking rests on without a page: prints, nearest rows, marks that are kept and undone, files of a scoring. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openMarks } from "./marks.ts";
import { nearestRows, spreadOf } from "./nearest.ts";
import { printsOf } from "./prints.ts";
import { readAbout, readSet, writeAbout, writeSet } from "./scoring-files.ts";
import { imageOf, openScorings, readColumn, readRow, readScores, scoreOf } from "./scorings.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "outglow-looking-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a print is the mean of every block over all channels", () => {
  // Two channels of 2x4 pixels.
  const pixels = Uint8Array.from([0, 10, 20, 30, 0, 10, 20, 30, 100, 110, 120, 130, 100, 110, 120, 130]);
  expect([...printsOf(pixels, { channels: 2, height: 2, width: 4 }, 2)]).toEqual([55, 75, 55, 75]);
  // Smaller than the print: pixels are repeated.
  expect([...printsOf(Uint8Array.from([1, 2, 3, 4]), { channels: 1, height: 2, width: 2 }, 4)].slice(0, 4)).toEqual([
    1, 1, 2, 2,
  ]);
});

test("nearest rows are those of a full sort, without rows that are not finite", () => {
  const values = Float64Array.from([0, 0, 3, 4, 1, 1, Number.NaN, 0, 0, 2, Number.POSITIVE_INFINITY, 1]);
  const found = nearestRows([0, 0], { values, width: 2 }, [1, 2], 3);
  expect(found.map(({ row }) => row)).toEqual([0, 4, 2]);
  // sqrt((1^2 + 0.5^2) / 2)
  expect(found[2]!.distance).toBeCloseTo(Math.sqrt(0.625), 12);
  const { mean, deviation } = spreadOf({ values: [1, 5, 3, 5, 5, 5], width: 2 });
  expect([...mean]).toEqual([3, 5]);
  expect([...deviation]).toEqual([2, 1]);
});

test("marks are kept under any name, undone one change at a time, and a damaged file is refused", async () => {
  const path = join(folder, "marks.json");
  const marks = await openMarks(path);
  await marks.set(
    [
      { location: "a", name: "__proto__" },
      { location: "b", name: "x" },
    ],
    "normal",
  );
  await marks.set([{ location: "a", name: "__proto__" }], "anomalous");
  const again = await openMarks(path);
  expect([...again.of("a")]).toEqual([["__proto__", "anomalous"]]);
  expect((await again.undo())?.images).toEqual([["a", "__proto__", "normal"]]);
  expect([...again.of("a")]).toEqual([["__proto__", "normal"]]);
  await again.undo();
  expect([[...again.of("a")], [...again.of("b")], await again.undo()]).toEqual([[], [], undefined]);
  await writeFile(path, '{"version":1}');
  await expect(openMarks(path)).rejects.toThrow("expected marks of images, got other content");
});

test("the files of a scoring give back what was written, set by set", async () => {
  const about = {
    ...({ version: 1, detector: "d", calibration: "c", defaultScore: "b", scales: 1, general: false } as const),
    scores: [
      { name: "a", unit: "nats" as const },
      { name: "b", unit: "nats" as const },
    ],
    dimensions: 4,
    references: {},
  };
  expect(await readAbout(folder)).toBeUndefined();
  await writeAbout(folder, about);
  const set = (name: string, count: number) => ({
    ...({ version: 1, name, kind: "normal", location: name, total: count, complete: true } as const),
    names: Array.from({ length: count }, (_, index) => `${name}/${index}`),
    indices: Array.from({ length: count }, (_, index) => index),
    classNames: new Array<null>(count).fill(null),
    skipped: [],
    skippedCount: 0,
  });
  const numbers = (scores: number[], terms: number[]) => ({
    scores: Float64Array.from(scores),
    terms: Float32Array.from(terms),
    prints: new Uint8Array((scores.length / 2) * 256),
  });
  await writeSet(folder, 0, set("x", 2), numbers([1, 2, 10, 20], [0, 1, 2, 3]));
  await writeSet(folder, 2, set("y", 1), numbers([3, 30], [4, 5]));
  expect(await readSet(folder, 1)).toBeUndefined();
  const scoring = await openScorings(() => folder).read("any");
  expect([...(await readColumn(folder, scoring, scoreOf(scoring, "b")))]).toEqual([10, 20, 30]);
  const place = imageOf(scoring, "2");
  expect([place.set.names[place.position], await readScores(folder, scoring, place)]).toEqual(["y/0", [3, 30]]);
  const row = await readRow(folder, scoring, imageOf(scoring, "1"), "terms");
  expect([...new Float32Array(row.buffer)]).toEqual([2, 3]);
  for (const wrong of ["3", "-1", "01x", "", "1e0"])
    expect(() => imageOf(scoring, wrong)).toThrow("expected the number");
  expect(() => scoreOf(scoring, "__proto__")).toThrow("expected one of those that were measured");
});
