/** Strangers made of a pile, and who is heard by them. */
import { expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import type { ImageSet } from "../../data/index.ts";
import { makeImages, strangerKinds } from "../../made/index.ts";
import { strangersOf, weighFlowScores } from "./find-trials.ts";

const specification = { channels: 1, height: 16, width: 16 };
const { pixels } = makeImages({ kind: "normal", count: 6, specification, key: randomKey("pile") });
const set: ImageSet = {
  pixels,
  specification,
  count: 6,
  names: [],
  classNames: [],
  indices: [0, 1, 2, 3, 4, 5],
  fingerprint: "",
  found: { count: 6, grey: 6, smallest: undefined, largest: undefined, remarks: [] },
  problems: [],
};

test("as many strangers of every kind, the same for the same key, and none of images of two channels", () => {
  const strangers = strangersOf(set, [0, 2, 4], randomKey("a"));
  expect(strangers.kinds).toHaveLength(20 * strangerKinds.length);
  expect(strangers.pixels).toHaveLength(20 * strangerKinds.length * 256);
  expect(strangersOf(set, [0, 2, 4], randomKey("a"))).toEqual(strangers);
  // What is made of some images does not depend on the others.
  const others = { ...set, pixels: pixels.map((value, at) => (Math.floor(at / 256) % 2 === 0 ? value : 255 - value)) };
  expect(strangersOf(others, [0, 2, 4], randomKey("a"))).toEqual(strangers);
  expect(
    strangersOf({ ...set, specification: { ...specification, channels: 2 } }, [0, 1], randomKey("a")).kinds,
  ).toEqual([]);
});

test("a score that errs on strangers of both halves is not heard, of one half by half, and all count once", () => {
  const stream = randomKey("experts").stream();
  const noise = (count: number, shift: number) => Float64Array.from({ length: count }, () => shift + stream.normal());
  const kinds = Array.from({ length: 60 }, (_, at) => ({ kind: `kind ${at % 3}`, family: "stranger" }));
  const half = (shifts: Readonly<Record<string, number>>, known = kinds) => ({
    flow: new Map(
      Object.entries(shifts).map(([name, shift]) => [name, { images: noise(200, 0), strangers: noise(60, shift) }]),
    ),
    kinds: known,
  });
  const [first, second] = [half({ sees: 2, errs: -3, turns: -3 }), half({ sees: 2, errs: -3, turns: 2 })];
  expect(Object.fromEntries(weighFlowScores([first, second]))).toEqual({ sees: 2 / 3, errs: 0, turns: 1 / 3 });
  const untried = half({ sees: 0, errs: 0, turns: 0 }, []);
  expect(Object.fromEntries(weighFlowScores([untried, untried]))).toEqual({ sees: 1 / 3, errs: 1 / 3, turns: 1 / 3 });
});
