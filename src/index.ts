/**
 * What a program needs: train, load a detector, score images with it, measure it, export it, check it on a device, and tell what went wrong.
 *
 * @example
 * ```ts
 * import { isUserError, loadDetector, predict, train } from "outglow";
 *
 * const stop = new AbortController();
 * process.once("SIGINT", () => stop.abort());
 * const request = { normal: "good", out: "trained", size: 16, steps: 30, heldOut: 0.4 };
 * try {
 *   const { outcome } = await train(request, { signal: stop.signal, onEvent: ({ kind }) => console.error(kind) });
 *   if (outcome === "interrupted") await train({ out: request.out, resume: true });
 *   const detector = await loadDetector(request.out);
 *   for await (const { file, pValue, anomalous } of predict(detector, "new", { falseAlarm: 0.05 })) {
 *     console.log(file, pValue, anomalous);
 *   }
 *   await detector.dispose();
 * } catch (error) {
 *   if (!isUserError(error)) throw error;
 *   console.error(error.fault ?? error.message);
 * }
 * ```
 */
export {
  ConfigError,
  describeFault,
  type Fault,
  type FaultCode,
  FormatError,
  isUserError,
  type Remedy,
  RunError,
} from "./base/index.ts";
export type { NamedLocation } from "./data/index.ts";
export type { Detector, Manifest } from "./detector/index.ts";
export {
  type DeviceVerdict,
  type EngineSettings,
  type EvaluationReport,
  type EvaluationRequest,
  type ExportOutcome,
  type ExportRequest,
  evaluate,
  exportDetector,
  type HeatImage,
  type HeatListener,
  type LoadedDetector,
  loadDetector,
  type MemoryImage,
  type PredictedImage,
  type Prediction,
  type PredictionOptions,
  predict,
  prepareTraining,
  type TrainingOutcome,
  type TrainingPlan,
  type TrainRequest,
  train,
  type Verification,
  type VerifyRequest,
  verifyDetector,
  type Watch,
  type WorkflowEvent,
} from "./workflow/index.ts";
