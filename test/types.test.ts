/** What the door's types say to those who build on it: compiling this file is the test. */
import { expectTypeOf, test } from "vitest";
import {
  type Detector,
  type EvaluationReport,
  type ExportOutcome,
  evaluate,
  exportDetector,
  type Fault,
  isUserError,
  type LoadedDetector,
  loadDetector,
  type PredictedImage,
  type Prediction,
  predict,
  type TrainRequest,
  train,
  type Verification,
  verifyDetector,
  type WorkflowEvent,
} from "../src/index.ts";

test("training takes settings as data, and tells of an outcome", () => {
  expectTypeOf<TrainRequest>().toExtend<Parameters<typeof train>[0]>();
  expectTypeOf<{ normal: string; out: string; time: number }>().toExtend<TrainRequest>();
  expectTypeOf<TrainRequest["faults"]>().toExtend<boolean | undefined>();
  // @ts-expect-error a setting that there is not
  void ((): TrainRequest => ({ normal: "good", steeps: 3 }));
  expectTypeOf(train).returns.resolves.toHaveProperty("outcome").toExtend<string>();
});

test("a loaded detector scores files as a series and memory as an array, and fits wherever a detector is asked for", () => {
  expectTypeOf(loadDetector).returns.resolves.toEqualTypeOf<LoadedDetector>();
  expectTypeOf<LoadedDetector>().toExtend<Detector>();
  expectTypeOf(predict).returns.toEqualTypeOf<AsyncGenerator<PredictedImage, void, void>>();
  expectTypeOf<LoadedDetector["score"]>().returns.resolves.toEqualTypeOf<readonly Prediction[]>();
  expectTypeOf<Prediction>().not.toHaveProperty("pixels");
  expectTypeOf<PredictedImage["pixels"]>().toEqualTypeOf<Uint8Array>();
});

test("everything long can be watched and called off", () => {
  expectTypeOf(predict).parameter(3).toEqualTypeOf<Parameters<typeof train>[1]>();
  expectTypeOf(evaluate).returns.resolves.toExtend<EvaluationReport>();
  expectTypeOf(exportDetector).returns.resolves.toEqualTypeOf<ExportOutcome>();
  expectTypeOf(verifyDetector).returns.resolves.toEqualTypeOf<Verification>();
  expectTypeOf<Extract<WorkflowEvent, { kind: "progress" }>["done"]>().toBeNumber();
});

test("an error that a person can mend holds its parts", () => {
  const error: unknown = undefined;
  if (isUserError(error)) expectTypeOf(error.fault).toEqualTypeOf<Fault | undefined>();
  expectTypeOf(isUserError).guards.toExtend<Error>();
});
