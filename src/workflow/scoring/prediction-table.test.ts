/** Tests of the table of predictions: what a spreadsheet may do with names from data. */
import { expect, test } from "vitest";
import { csvFormat } from "./prediction-table.ts";

const row = { score: -1.5, pValue: 0.5, anomalous: false, scores: { likelihood: -1.5 } };
const line = (file: string, predictedClass?: string): string =>
  csvFormat({ rule: { kind: "false-alarm", rate: 0.01 } }).rows(
    [{ ...row, file, ...(predictedClass === undefined ? {} : { predictedClass, classProbability: 1 }) }],
    0,
  )[0]!;

test.each([
  ["=cmd|' /C calc'!A0.png", "./=cmd|' /C calc'!A0.png,-1.5,0.5,false,false-alarm 0.01,-1.5"],
  ["+1/a.png", "./+1/a.png,-1.5,0.5,false,false-alarm 0.01,-1.5"],
  ["-x.png", "./-x.png,-1.5,0.5,false,false-alarm 0.01,-1.5"],
  ["@a,b.png", '"./@a,b.png",-1.5,0.5,false,false-alarm 0.01,-1.5'],
  ["\ta.png", "./\ta.png,-1.5,0.5,false,false-alarm 0.01,-1.5"],
  ["\ra.png", '"./\ra.png",-1.5,0.5,false,false-alarm 0.01,-1.5'],
  ["a=1.png", "a=1.png,-1.5,0.5,false,false-alarm 0.01,-1.5"],
])("the path %j is no formula", (file, expected) => {
  expect(line(file)).toBe(expected);
});

test("a class is no formula", () => {
  expect(line("a.png", "=1+1")).toBe("a.png,-1.5,0.5,false,false-alarm 0.01,'=1+1,1,-1.5");
  expect(line("a.png", '-"x",y')).toBe('a.png,-1.5,0.5,false,false-alarm 0.01,"\'-""x"",y",1,-1.5');
  expect(line("a.png", "plain")).toBe("a.png,-1.5,0.5,false,false-alarm 0.01,plain,1,-1.5");
});

test("the columns of a list come last, under names of their own, and none is a formula", () => {
  const format = csvFormat({ rule: { kind: "false-alarm", rate: 0.01 } });
  const listed = { ...row, file: "a.png", columns: { camera: "-4", score: "=1+1", "=x": "a,b" } };
  expect(format.head(listed)).toEqual(["file,score,p_value,anomalous,rule,likelihood,camera,list_score,'=x"]);
  expect(format.rows([listed], 0)).toEqual(['a.png,-1.5,0.5,false,false-alarm 0.01,-1.5,-4,\'=1+1,"a,b"']);
});
