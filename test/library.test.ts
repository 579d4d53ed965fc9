/** The package as a library: what its door offers, the examples in its documentation, several runs in one process. */
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  evaluate,
  isUserError,
  loadDetector,
  type PredictedImage,
  predict,
  type TrainRequest,
  train,
  type WorkflowEvent,
} from "../src/index.ts";
import { loadCheckpoint } from "../src/train/index.ts";
import { temporaryFolder, writeMadeImages } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);

/** A training of less than a second. */
const quick = (out: string, more: Partial<TrainRequest> = {}): TrainRequest => ({
  ...{ normal: at("good"), out: at(out), size: 16, scales: 2, depth: 1, width: 8, batch: 16, steps: 30 },
  ...{ evaluateEvery: 10, threads: 1, heldOut: 0.4, ...more },
});

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeMadeImages(at("good"), "normal", 100);
  await writeMadeImages(at("new"), "normal", 12, "new");
  await writeMadeImages(at("bad"), "crosses", 12);
  await train(quick("detector"));
});

afterAll(() => folder.dispose());

/** The examples in a text, as TypeScript that is JavaScript as well. */
function examplesIn(text: string): string[] {
  return Array.from(text.matchAll(/```ts\n(.*?)```/gs), ([, code]) => code!.replaceAll(/^ \* ?/gm, ""));
}

/** The same example with a training that is as short as the steps or seconds allow, of a model that is small. */
function shortened(code: string): string {
  const short = code.replace(
    /\b(steps|time): \d+/,
    (_, limit) => `${limit}: ${limit === "steps" ? 5 : 0.2}, depth: 1, width: 8`,
  );
  expect(short === code).toBe(!code.includes("await train("));
  return short;
}

/** Runs a program in a folder of its own that has images and a detector. */
async function runProgram(code: string, name: string): Promise<string> {
  await mkdir(at(name));
  for (const part of ["good", "new", "bad", "detector"]) await cp(at(part), at(name, part), { recursive: true });
  const door = new URL("../dist/index.js", import.meta.url).href;
  await writeFile(at(name, "example.mjs"), code.replaceAll('"outglow"', JSON.stringify(door)));
  const { stdout } = await promisify(execFile)(process.execPath, ["example.mjs"], { cwd: at(name) });
  return stdout;
}

test.each([
  ["src/index.ts", 1],
  ["src/workflow/training/training.ts", 1],
  ["src/workflow/scoring/prediction.ts", 1],
  ["src/workflow/judging/evaluation.ts", 1],
])("the examples in %s run", async (path, count) => {
  const examples = examplesIn(await readFile(new URL(`../${path}`, import.meta.url), "utf8"));
  expect(examples).toHaveLength(count);
  for (const [index, code] of examples.entries()) {
    const stdout = await runProgram(shortened(code), `${path.replaceAll(/\W/g, "-")}-${index}`);
    if (path === "src/index.ts") expect(stdout.match(/^new\/.*\.png [\d.]+ (true|false)$/gm)).toHaveLength(12);
  }
});

test("the shorter examples run, one after another", async () => {
  const paths = ["scoring/loaded-detector", "exporting", "verifying"].map((name) => `src/workflow/${name}.ts`);
  const examples = await Promise.all(
    paths.map(async (path) => examplesIn(await readFile(new URL(`../${path}`, import.meta.url), "utf8"))),
  );
  expect(examples.map((list) => list.length)).toEqual([1, 1, 1]);
  const shown = "console.log(verdict, paths.length, largest <= 1, trusted.join());";
  const stdout = await runProgram([...examples.flat(), shown].join("\n"), "shorter");
  expect(stdout).toMatch(/^(fine|odd, p = [\d.]+) 3 true cpu$/m);
});

test("the README's library example runs", async () => {
  const [example] = examplesIn(await readFile(new URL("../README.md", import.meta.url), "utf8"));
  const stdout = await runProgram(shortened(example!).replace("time:", "size: 16, time:"), "readme");
  expect(stdout.match(/^new\/.*\.png -?[\d.]+ [\d.]+ (true|false)$/gm)).toHaveLength(12);
});

describe("train", () => {
  test("tells of its phases and steps, stops at a signal after the step, and goes on", async () => {
    const events: WorkflowEvent[] = [];
    const stop = new AbortController();
    const onEvent = (event: WorkflowEvent) => {
      events.push(event);
      if (event.kind === "step" && event.report.step === 7) stop.abort();
    };
    expect(await train(quick("stopped"), { onEvent, signal: stop.signal })).toEqual({ outcome: "interrupted" });
    const steps = events.flatMap((event) => (event.kind === "step" ? [event.report.step] : []));
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(events.filter(({ kind }) => kind === "phase")).toEqual([
      expect.objectContaining({ model: "normal", limits: { steps: 30, seconds: null } }),
    ]);
    const saved = await loadCheckpoint(at("stopped", "run", "normal.checkpoint.safetensors"));
    expect(saved?.progress).toMatchObject({ step: 7, finished: false });

    expect(await train({ out: at("stopped"), resume: true })).toMatchObject({ outcome: "finished" });
    const weights = (name: string) => readFile(at(name, "weights.safetensors"));
    expect(await weights("stopped")).toEqual(await weights("detector"));
  });

  test("rejects with the signal's reason where it comes before the first step, and writes nothing", async () => {
    const reason = new Error("enough");
    await expect(train(quick("never"), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(readFile(at("never", "run", "config.json"))).rejects.toThrow("ENOENT");
  });

  test("runs twice at once in one process, each in a folder of its own", async () => {
    const results = await Promise.all([train(quick("one")), train(quick("two", { seed: 1 }))]);
    expect(results.map(({ outcome }) => outcome)).toEqual(["finished", "finished"]);
    const weights = await Promise.all(
      ["detector", "one", "two"].map((name) => readFile(at(name, "weights.safetensors"))),
    );
    expect(weights[1]).toEqual(weights[0]);
    expect(weights[2]).not.toEqual(weights[0]);
  });

  test("refuses a folder that another training of the process works in, and leaves that one alone", async () => {
    let refused: unknown;
    const stop = new AbortController();
    const first = train(quick("busy", { steps: 1_000_000 }), {
      signal: stop.signal,
      onEvent: ({ kind }) => {
        if (kind !== "step" || refused !== undefined) return;
        refused = train(quick("busy", { force: true })).catch((error: unknown) => {
          stop.abort();
          return error;
        });
      },
    });
    expect(await first).toEqual({ outcome: "interrupted" });
    const error = await refused;
    expect(isUserError(error) && error.fault).toMatchObject({ code: "busy" });
    expect(error).toHaveProperty("message", expect.stringContaining("another training of this process"));
  });

  test("goes on with images that have moved, where they are the same, and remembers where", async () => {
    await cp(at("good"), at("before"), { recursive: true });
    const stop = new AbortController();
    const onEvent = ({ kind }: WorkflowEvent) => {
      if (kind === "step") stop.abort();
    };
    const request = quick("moved", { normal: at("before") });
    expect(await train(request, { onEvent, signal: stop.signal })).toEqual({ outcome: "interrupted" });
    await rename(at("before"), at("after"));
    const again = { out: at("moved"), resume: true };
    await expect(train(again)).rejects.toThrow(/before/);
    await expect(train({ ...again, normal: at("bad") })).rejects.toThrow(/^resume: expected the images .* got others/);
    await expect(train({ ...again, general: at("bad") })).rejects.toThrow(
      /^general: expected a run .* got one without/,
    );
    expect(await train({ ...again, normal: at("after") })).toMatchObject({ outcome: "finished" });
    expect(await readFile(at("moved", "weights.safetensors"))).toEqual(
      await readFile(at("detector", "weights.safetensors")),
    );
    const record = JSON.parse(await readFile(at("moved", "run", "config.json"), "utf8"));
    expect(record.normal.location).toBe(at("after"));
  });

  test("refuses what cannot be as data, in its own words", async () => {
    const error = await train(quick("refused", { generalSteps: 3 })).catch((thrown: unknown) => thrown);
    expect(isUserError(error) && error.fault).toMatchObject({ code: "conflicting-settings", got: "none" });
    expect(error).toHaveProperty("message", expect.stringMatching(/^generalSteps: expected .*; give general or leave/));
  });
});

describe("a detector", () => {
  test("scores folders as a series that can be called off", async () => {
    const detector = await loadDetector(at("detector"), { threads: 1 });
    const stop = new AbortController();
    const files: string[] = [];
    const series = predict(detector, [at("new"), at("bad")], { falseAlarm: 0.1 }, { signal: stop.signal });
    const reading = (async () => {
      for await (const { file, pixels, scores } of series) {
        files.push(file);
        expect(pixels).toHaveLength(256);
        expect(Object.keys(scores)).toContain("likelihood");
        if (files.length === 12) stop.abort(new Error("enough"));
      }
    })();
    await expect(reading).rejects.toThrow("enough");
    expect(files).toHaveLength(12);
    await detector.dispose();
  });

  test("scores images in memory as it scores their files, and can be called off", async () => {
    const detector = await loadDetector(at("detector"), { threads: 1 });
    const expected: PredictedImage[] = [];
    for await (const row of predict(detector, at("new"))) expected.push(row);
    const bytes = await Promise.all(expected.map(({ file }) => readFile(file)));
    const rows = await detector.score(bytes);
    expect(rows.map(({ scores, pValue }) => ({ scores, pValue }))).toEqual(
      expected.map(({ scores, pValue }) => ({ scores, pValue })),
    );
    expect(rows[3]).toMatchObject({ file: "image 3" });
    expect(rows[0]).not.toHaveProperty("pixels");
    expect(await detector.score([])).toEqual([]);
    const done: number[] = [];
    const onEvent = (event: WorkflowEvent) => event.kind === "progress" && done.push(event.done);
    await detector.score(bytes, {}, { onEvent });
    expect(done.at(-1)).toBe(12);
    await expect(detector.score([new Uint8Array([1, 2, 3])])).rejects.toThrow(/image 0/);
    const reason = new Error("enough");
    await expect(detector.score(bytes, {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await detector.dispose();
  });

  test("is measured with sets by name", async () => {
    const detector = await loadDetector(at("detector"), { threads: 1 });
    const anomalous = [{ name: "crosses", location: at("bad") }];
    const report = await evaluate(detector, { normal: at("new"), anomalous, coders: false });
    expect(Object.keys(report.sets)).toEqual(["normal", "crosses"]);
    expect(report.evaluations.find(({ score }) => score === report.defaultScore)?.set).toBe("crosses");
    const told: string[] = [];
    const onEvent = (event: WorkflowEvent) => {
      if (event.kind === "warning") told.push(event.text);
    };
    await evaluate(detector, { normal: at("good"), anomalous, coders: false }, { onEvent });
    expect(told).toEqual([
      "sets: 100 images of 'normal' are among the images that the detector was trained on or calibrated with, pixel by pixel",
    ]);
    await expect(evaluate(detector, { normal: at("new"), anomalous: [...anomalous, ...anomalous] })).rejects.toThrow(
      /^anomalous: expected different names, got 'crosses' again/,
    );
    await detector.dispose();
  });
});
