/** What Try makes of scores: the decisions of the command line, and a table that no spreadsheet runs. */
import { expect, test } from "vitest";
import { type Calibration, decide, pValues } from "../src/score/index.ts";
import { csvOf, judgeRows, ratesFor } from "../web/try/scored-rows.ts";

/** Nine normal images, with two scores. */
const calibration = {
  count: 9,
  fits: {},
  scores: { ratio: [1, 2, 3, 4, 5, 6, 7, 8, 9], likelihood: [-9, -8, -7, -6, -5, -4, -3, -2, -1] },
} as unknown as Calibration;

const scored = (name: string, ratio: number) => ({
  ...{ name, score: ratio, pValue: 0, thumbnail: undefined },
  scores: { ratio, likelihood: -ratio },
});
const files = [
  scored("low", 0.5),
  scored("=cmd()", 9.5),
  { name: "bad", reason: "broken, quite" },
  scored("high", Infinity),
];

test("rows are sorted by the score that is chosen and decided as the library decides", () => {
  for (const rate of [0.1, 0.2, 0.5]) {
    for (const name of ["ratio", "likelihood"]) {
      const { rows, refused, marked } = judgeRows(files, calibration, name, rate);
      expect(rows.map(({ score }) => score)).toEqual(
        rows.map(({ score }) => score).sort((a, b) => (a === b ? 0 : a > b ? -1 : 1)),
      );
      const expected = pValues(
        calibration,
        name,
        rows.map(({ score }) => score),
      );
      expect(rows.map(({ pValue }) => pValue)).toEqual([...expected]);
      expect(rows.map(({ anomalous }) => anomalous)).toEqual(Array.from(expected, (p) => decide(p, rate)));
      expect(marked).toBe(rows.filter(({ anomalous }) => anomalous).length);
      expect(refused).toEqual([{ name: "bad", reason: "broken, quite" }]);
    }
  }
});

test("the table has every file, and no cell that a spreadsheet would run", () => {
  expect(csvOf(judgeRows(files, calibration, "ratio", 0.1), 0.1)).toBe(
    [
      "file,score,p_value,anomalous,rule,ratio,likelihood",
      "high,Infinity,0.1,true,false-alarm 0.1,Infinity,-Infinity",
      "./=cmd(),9.5,0.1,true,false-alarm 0.1,9.5,-9.5",
      "low,0.5,1,false,false-alarm 0.1,0.5,-0.5",
      'bad,,,,"broken, quite",,',
      "",
    ].join("\n"),
  );
});

test("rates begin where the calibration does", () => {
  expect(ratesFor(9)).toEqual([0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5]);
  expect(ratesFor(0)).toEqual([0.5]);
  expect(ratesFor(400)[0]).toBe(0.0025);
});
