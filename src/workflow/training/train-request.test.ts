import { expect, test } from "vitest";
import { defaultOf, readTrainRequest, type TrainRequest } from "./train-request.ts";
import { imageLocations } from "./train-rules.ts";
import { configurationOf } from "./training-configuration.ts";

const input = { channels: 3, height: 16, width: 16, background: "#ffffff", sampleBits: null, sampleRange: null };
const request: TrainRequest = { out: "detector", normal: "good", size: 16, scales: 2, threads: 1 };
const configure = (more: Partial<TrainRequest>) => {
  const settings = readTrainRequest({ ...request, ...more });
  return configurationOf(settings, input, imageLocations(settings).general !== undefined);
};

test.each<[Partial<TrainRequest>, number | null, number | null]>([
  [{}, 600, null],
  [{ general: "all" }, 200, 400],
  [{ time: 90 }, 90, null],
  [{ general: "all", time: 90 }, 30, 60],
  [{ general: "all", time: 90, generalTime: 5 }, 30, 5],
  [{ time: 90, faults: true }, 30, null],
  // A quarter is the encoder's.
  [{ time: 120, encoder: "backbone.onnx" }, 90, null],
  [{ time: 120, faults: true, encoder: "backbone.onnx" }, 30, null],
  [{ steps: 10 }, null, null],
  [{ general: "all", steps: 10 }, null, null],
])("%j: the normal model is trained for %d s, the general one for %d s", (more, normal, general) => {
  const configuration = configure(more);
  expect([configuration.normal.seconds, configuration.general?.seconds ?? null]).toEqual([normal, general]);
});

test.each<[Partial<TrainRequest>, number | null, number | null]>([
  [{ steps: 10 }, 10, null],
  [{ steps: 10, general: "all" }, 10, 20],
  [{ steps: 10, general: "all", generalSteps: 7 }, 10, 7],
  [{ steps: 10, general: "all", generalTime: 7 }, 10, null],
  [{ general: "all", generalSteps: 7 }, null, 7],
])("%j: the normal model is trained for %d steps, the general one for %d", (more, normal, general) => {
  const configuration = configure(more);
  expect([configuration.normal.steps, configuration.general?.steps ?? null]).toEqual([normal, general]);
});

test.each<[Partial<TrainRequest>, number, string]>([
  [{}, 1e-3, "fresh"],
  [{ general: "all" }, 5e-4, "general"],
  [{ general: "all", init: "fresh" }, 1e-3, "fresh"],
  [{ init: "folder" }, 5e-4, "detector"],
  [{ generalDetector: "folder", learningRate: 4e-3 }, 2e-3, "general"],
  [{ generalDetector: "folder", fineTuningRate: 3e-3 }, 3e-3, "general"],
])("%j: the normal model learns at %d from a start that is %s", (more, rate, start) => {
  const { normal, start: begun } = configure(more);
  expect([normal.learningRate, begun]).toEqual([rate, start]);
});

test("the weights of the outlier losses grow with the dimensions", () => {
  const share = 768 / 3072;
  expect(configure({ objective: "outlier", general: "all" }).objective).toEqual({
    loss: "outlier",
    weight: 6000 * share,
    temperature: 1000 * share,
  });
  expect(configure({ objective: "margin" }).objective).toEqual({ loss: "margin", weight: 1, margin: 768 });
});

test("a classifier with steps of its own takes none of the time", () => {
  expect(configure({ classifier: "plain", time: 60 }).classifier).toMatchObject({ steps: null, seconds: 60 });
  expect(configure({ classifier: "plain", time: 60, classifierSteps: 5 }).classifier).toMatchObject({
    steps: 5,
    seconds: null,
  });
});

test.each<[object, RegExp]>([
  [{ out: "d", steps: 0 }, /^steps: expected a whole number from 1, got 0$/],
  [{ out: "d", steps: 1.5 }, /^steps: expected a whole number from 1, got 1\.5$/],
  [{ out: "d", learningRate: 0 }, /^learningRate: expected a number between 0 and 10, got 0$/],
  [{ out: "d", translate: 0.6 }, /^translate: expected a number from 0 to 0\.5, got 0\.6$/],
  [{ out: "d", objective: "loss" }, /^objective: expected nll, outlier, margin, got "loss"$/],
  [{ out: "d", fineTune: [0, -1] }, /^fineTune: expected a whole number from 0, got \[0,-1\]$/],
  [{ normal: "good" }, /^out: expected a location, got none$/],
  [{ out: "d", lerningRate: 1 }, /^training request: expected known settings, got 'lerningRate'; did you mean 'learn/],
  [{ out: "d", resume: true, depth: 3, size: 8 }, /^resume: expected no other settings .*, got size, depth; leave/],
])("%j is refused in the library's words", (wrong, message) => {
  expect(() => readTrainRequest(wrong as TrainRequest)).toThrow(message);
});

test("errors carry what is wrong as data", () => {
  expect(() => readTrainRequest({ out: "d", steps: 0 })).toThrowError(
    expect.objectContaining({ fault: expect.objectContaining({ code: "out-of-range", got: "0" }) }),
  );
});

test("defaults can be shown without a request", () => {
  expect([defaultOf("size"), defaultOf("learningRate"), defaultOf("steps")]).toEqual([32, 1e-3, undefined]);
});
