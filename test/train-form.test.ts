/** The form of a training: every setting has a field, and what is typed becomes the request and the command line that the schema and the parser take. */
import { expect, test } from "vitest";
import { trainCommand } from "../src/cli/train-command.ts";
import { trainCommandLine } from "../src/studio/routes/train-command-line.ts";
import { durations, trainFields } from "../src/studio/routes/train-form.ts";
import { readTrainRequest, type TrainRequest } from "../src/workflow/index.ts";
import { requestOf } from "../web/pages/train-values.ts";

const fields = trainFields();

test("every setting but the one for going on has one field, of the schema's kind, bounds and default", () => {
  const { out: _, ...defaults } = readTrainRequest({ out: "d" });
  const names = fields.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const [name, value] of Object.entries(defaults)) {
    if (name !== "resume") expect(fields.find((field) => field.name === name)?.usual, name).toEqual(value);
  }
  const kindOf = (name: string) => fields.find((field) => field.name === name)!;
  expect(kindOf("steps")).toMatchObject({ kind: "whole", least: 1, usual: null });
  expect(kindOf("translate")).toMatchObject({ kind: "number", least: 0, most: 0.5, usual: 0 });
  expect(kindOf("time").kind).toBe("seconds");
  expect(kindOf("fineTune").kind).toBe("numbers");
  expect(kindOf("faults")).toMatchObject({ kind: "switch", usual: false });
  expect(kindOf("objective")).toMatchObject({ kind: "choice", choices: ["nll", "outlier", "margin"], usual: "nll" });
  expect(
    fields
      .filter(({ first }) => first)
      .map(({ name }) => name)
      .slice(0, 3),
  ).toEqual(["normal", "general", "out"]);
});

test("what is typed is a request; what is usual or empty is left out, and what is no number is objected to", () => {
  const typed = {
    normal: " good ",
    out: "d",
    time: "1.5h",
    generalTime: "20",
    size: "32",
    fineTune: "1, 2",
    faults: true,
    local: false,
    general: "",
  };
  expect(requestOf(typed, fields)).toEqual({
    normal: "good",
    out: "d",
    time: 5400,
    faults: true,
    fineTune: [1, 2],
    generalTime: 20,
  });
  expect(requestOf({ out: "d", size: "x", time: "soon" }, fields)).toEqual({ out: "d", size: "x", time: "soon" });
});

test("the command line says the same to the parser", async () => {
  const request: TrainRequest = {
    ...{
      normal: "my images/good#limit=9",
      out: "it's",
      time: 90,
      checkpointEvery: 2.5,
      fineTune: [1, 2],
      learningRate: 0.002,
    },
    ...{ faults: true, objective: "outlier", group: "part\\d+", background: "#000000", steps: 7 },
  };
  const line = trainCommandLine(request, durations);
  expect(line.startsWith("outglow train --normal 'my images/good#limit=9' --out 'it'\\''s' --time 90s")).toBe(true);
  const command = trainCommand()
    .action(() => undefined)
    .exitOverride();
  await command.parseAsync(wordsOf(line).slice(2), { from: "user" });
  const typed = Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === "cli");
  expect(Object.fromEntries(typed)).toEqual(request);
});

/** The words of a line as a shell takes them: quoted and plain parts next to each other are one word. */
function wordsOf(line: string): string[] {
  return Array.from(line.matchAll(/(?:'[^']*'|\\.|[^\s'\\])+/g), ([word]) =>
    word.replaceAll(
      /'([^']*)'|\\(.)/g,
      (_, quoted: string | undefined, one: string | undefined) => quoted ?? one ?? "",
    ),
  );
}
