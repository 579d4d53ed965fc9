/** Output widths from a configuration: those of the models that it describes. */
import { describe, expect, test } from "vitest";
import { architectures } from "../base/index.ts";
import { defaultSizes, type Flow } from "../flow/index.ts";
import { type Model, modelOf, outputWidths, type PhaseName, parseConfiguration } from "./index.ts";

const phase = { steps: 1, seconds: null, learningRate: 1e-3, warmup: 0, milestones: [], factor: 1 };
const base = {
  input: { channels: 1, height: 16, width: 16 },
  model: { architecture: "glow", scales: 3, depth: 1, hidden: 4 },
  batchSize: 4,
  optimizer: "adamax",
  weightDecay: 0,
  clipNorm: null,
  augmentation: { flip: false, translate: 0 },
  heldOut: 0.1,
  evaluateEvery: 5,
  patience: 5,
  seed: 0,
  threads: 1,
  device: "cpu",
  normal: phase,
  general: phase,
  local: phase,
  classifier: { ...phase, hidden: 4, blocks: 1, exposed: false },
  classes: ["a", "b", "c"],
};

function widthsOf(model: Model) {
  const terms = ({ latentShapes }: Flow): number => 2 * Math.max(1, latentShapes.length);
  switch (model.kind) {
    case "flow":
      return { terms: terms(model.flow) };
    case "class-conditional":
      return { terms: terms(model.top.flow), classes: model.top.classCount };
    case "classifier":
      return { logits: model.classifier.classCount };
  }
}

describe.each(architectures)("%s", (architecture) => {
  const { scales } = defaultSizes(architecture);
  // Classes are told by latents.
  const tops = scales > 0 ? [true, false] : [false];
  const names: readonly PhaseName[] = ["general", "normal", "local", "classifier"];
  test.each(names.flatMap((name) => tops.map((classConditional) => ({ name, classConditional }))))(
    "$name, with a class-conditional top: $classConditional",
    ({ name, classConditional }) => {
      const model = { ...base.model, architecture, scales };
      const configuration = parseConfiguration({ ...base, model, classConditional }, "test");
      expect(outputWidths(configuration, name)).toEqual(widthsOf(modelOf(configuration, name)));
    },
  );
});
