/** A training configuration for tests that train nothing: small, complete, and with what a test changes of it. */
import { parseConfiguration, type TrainingConfiguration } from "../../src/model/index.ts";

/** A phase of one step. */
export const onePhase = { steps: 1, seconds: null, learningRate: 1e-3, warmup: 0, milestones: [], factor: 1 };

/** The configuration with some fields changed; the flow is fresh and alone. */
export function trainingWith(changes: Readonly<Record<string, unknown>>): TrainingConfiguration {
  const usual = {
    batchSize: 8,
    optimizer: "adamax",
    weightDecay: 0,
    clipNorm: null,
    augmentation: { flip: false, translate: 0 },
    heldOut: 0.2,
    evaluateEvery: 10,
    patience: 10,
    seed: 0,
    threads: 1,
    device: "cpu",
    normal: onePhase,
    general: null,
  };
  return parseConfiguration({ ...usual, ...changes }, "test");
}
