/** Kept terms: every number as it was, and what is damaged is refused. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FormatError } from "../base/index.ts";
import { type ModelTerms, makeClassTable, makeTermTable } from "../score/index.ts";
import { readTerms, writeTerms } from "./kept-terms.ts";

let root: string;
const path = (): string => join(root, "seed-0", "terms.json");

const sets = [{ name: "normal", images: { fingerprint: "0123" } }];
const terms: ModelTerms = {
  dimensions: 12,
  normal: makeTermTable(1, 2, Float32Array.of(0.1, -1e30, Number.NaN, Number.NEGATIVE_INFINITY)),
  local: makeTermTable(1, 1, Float32Array.of(-0, 1e-40)),
  classifier: makeClassTable(1, ["a", "__proto__"], Float32Array.of(3, Number.POSITIVE_INFINITY)),
  coders: { png: Float64Array.of(7), webp: Float64Array.of(8) },
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "outglow-terms-"));
});

afterAll(() => rm(root, { recursive: true, force: true }));

test("terms come back bit for bit, but for the coders' sizes, which are measured anew", async () => {
  expect(await readTerms(path(), sets)).toBeUndefined();
  await writeTerms(path(), sets, [terms]);
  const { coders: _, ...kept } = terms;
  expect(await readTerms(path(), sets)).toEqual([kept]);
});

test("terms of other images are not taken", async () => {
  await writeTerms(path(), sets, [terms]);
  expect(await readTerms(path(), [{ name: "normal", images: { fingerprint: "4567" } }])).toBeUndefined();
  expect(await readTerms(path(), [...sets, ...sets])).toBeUndefined();
});

test("what is damaged is refused with a way out", async () => {
  await writeTerms(path(), sets, [terms]);
  const text = await readFile(path(), "utf8");
  const damages: readonly [string, RegExp][] = [
    [text.slice(0, -9), /expected JSON, got .*; remove it to score again/],
    [text.replace('"dimensions":12', '"dimensions":"x"'), /expected number as sets\.0\.dimensions, got "x"; remove it/],
    [
      text.replace('"scales":2', '"scales":3'),
      /expected as many values as count and shape say as sets\.0\.normal, got/,
    ],
    [text.replace('"scales":1', '"scales":3'), /expected as many values .* as local of 'normal', got an object/],
    [text.replace('["a",', '["a",7,'), /expected string as classifier of 'normal', names\.1, got 7/],
  ];
  for (const [damaged, message] of damages) {
    expect(damaged).not.toBe(text);
    await writeFile(path(), damaged);
    const reading = readTerms(path(), sets);
    await expect(reading).rejects.toBeInstanceOf(FormatError);
    await expect(reading).rejects.toThrow(message);
  }
});
