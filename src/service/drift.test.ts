/** Drift of served images: what is counted, what it begins anew with, and that memory does not grow. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import type { Manifest } from "../detector/index.ts";
import type { ServedDetector } from "./catalogue.ts";
import { openDriftBook } from "./drift.ts";
import type { JudgedImage } from "./scoring.ts";

const draw = randomKey(5).stream();
const normal = (): number => draw.normal();

function detectorWith(count: number, change: object = {}): ServedDetector {
  const column = (): number[] => Array.from({ length: count }, normal).sort((a, b) => a - b);
  const scores = { likelihood: column(), "scale-0": column(), "scale-1": column() };
  const manifest = {
    defaultScore: "likelihood",
    training: { seed: 1, model: { scales: 2 } },
    calibration: { count, scores, hierarchy: {} },
    files: {},
    ...change,
  } as unknown as Manifest;
  return { id: "parts", version: "1", key: "parts@1/0", manifest, files: "" };
}

const imageOf = (scores: Record<string, number>): JudgedImage => ({ score: 0, pValue: 1, anomalous: false, scores });
const images = (count: number, shift: number): JudgedImage[] =>
  Array.from({ length: count }, () =>
    imageOf({ likelihood: normal(), "scale-0": normal(), "scale-1": normal() + shift }),
  );

test("images like those of the calibration are no drift, and a scale that changed is named", () => {
  const book = openDriftBook(() => new Date(0));
  const detector = detectorWith(300);
  book.count(detector, images(400, 0));
  const quiet = book.state(detector, 0.01);
  expect(quiet).toMatchObject({ since: "1970-01-01T00:00:00.000Z", images: 400, watched: true, drifted: false });
  for (let batch = 0; batch < 40; batch++) book.count(detector, images(10, 1.5));
  const { drifted, columns } = book.state(detector, 0.01);
  expect(drifted).toBe(true);
  expect(columns.filter((one) => one.drifted)).toEqual([
    expect.objectContaining({
      column: "scale-1",
      about: "coarse content",
      words: "scale-1 (coarse content) became higher than in the calibration",
      threshold: 300,
    }),
  ]);
  const windows = book.window(detector, ["likelihood", "scale-0", "scale-1"]);
  expect(windows["scale-1"]).toMatchObject({ images: 256, signedDistance: expect.any(Number) });
  expect(windows["scale-1"]!.pValue).toBeLessThan(1e-9);
  expect(windows["scale-0"]!.pValue).toBeGreaterThan(0.01);
});

test("another threshold goes on, another calibration begins anew, and late answers of the former do not count", () => {
  let hour = 0;
  const book = openDriftBook(() => new Date(hour++ * 3_600_000));
  const first = detectorWith(40);
  book.count(first, images(30, 0));
  const decision = { kind: "score", above: 3 } as const;
  const rethought = { ...first, version: "2", manifest: { ...first.manifest, decision } };
  book.count(rethought, images(5, 0));
  expect(book.state(rethought, 0.01)).toMatchObject({
    detector: { version: "2" },
    images: 35,
    since: "1970-01-01T00:00:00.000Z",
  });
  const trained = { ...detectorWith(40), version: "3" };
  expect(book.state(trained, 0.01)).toMatchObject({ images: 0, since: "1970-01-01T01:00:00.000Z" });
  book.count(first, images(7, 0));
  expect(book.state(trained, 0.01).images).toBe(0);
});

test("images without a score that is watched are not counted, and their number is said", () => {
  const book = openDriftBook();
  const detector = detectorWith(40);
  book.count(detector, [imageOf({ "scale-0": 0, "scale-1": 0 }), ...images(2, 0)]);
  expect(book.state(detector, 0.01)).toMatchObject({ images: 2, uncounted: 1 });
});

test("a calibration that is too small is said, not judged", () => {
  const book = openDriftBook();
  const detector = detectorWith(19);
  book.count(detector, images(3, 9));
  const state = book.state(detector, 0.01);
  expect(state).toMatchObject({ watched: false, drifted: false, images: 3, columns: [] });
  expect(state.reason).toContain("at least 20 images, and this one has 19");
  expect(book.window(detector, [])).toEqual({});
});

test("infinite scores are the highest there are", () => {
  const book = openDriftBook();
  const detector = detectorWith(100);
  const broken = imageOf({ likelihood: Number.POSITIVE_INFINITY, "scale-0": 0, "scale-1": 0 });
  for (let image = 0; image < 60; image++) book.count(detector, [broken]);
  expect(book.state(detector, 0.01).columns.find(({ column }) => column === "likelihood")).toMatchObject({
    drifted: true,
    direction: "higher",
  });
});
