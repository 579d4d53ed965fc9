/** The training configuration that a request asks for, complete and checked, but for the names of classes, which only the images tell. */
import { availableParallelism } from "node:os";
import { ConfigError, type ImageShape, imageSizeOf, setting } from "../../base/index.ts";
import { defaultSizes } from "../../flow/index.ts";
import {
  flowOf,
  type ObjectiveConfiguration,
  type PhaseConfiguration,
  parseConfiguration,
  type TrainingConfiguration,
} from "../../model/index.ts";
import { paperOutlierLoss, type RunRecord } from "../../train/index.ts";
import type { TrainSettings } from "./train-request.ts";
import { checkLoss, startOf } from "./train-rules.ts";
import { checkTrainingSize } from "./training-size.ts";

/** Seconds of training where neither time nor steps are given. What looks for faults sees enough in half of it. */
export const defaultSeconds = 600;
export const defaultSecondsWithFaults = 300;

/** The share of the time that goes to an expert on an encoder's features and its trials; nothing of it is trained. */
const encoderShare = 1 / 4;

/** The share of the rest that goes to what looks for local faults: it finds more of them than the flows. */
const faultShare = 2 / 3;

/** The same where flows look at cells, too, and their share. */
const faultShareBesideCells = 1 / 2;
const cellShare = 1 / 4;

/** Channels of the first stage and blocks a stage of the classifier: small beside a flow, and enough for a baseline. */
export const classifierSize = { hidden: 16, blocks: 1 } as const;

/**
 * The configuration of a new run on images of a shape, whose general model is trained first where `hasGeneral`. Throws ConfigError for
 * settings that do not fit.
 */
export function configurationOf(
  settings: TrainSettings,
  input: TrainingConfiguration["input"],
  hasGeneral: boolean,
): TrainingConfiguration {
  checkLoss(settings);
  const { normalSeconds, generalSeconds, generalSteps } = splitTime(settings, hasGeneral);
  const phase = (steps: number | undefined, seconds: number | undefined, rate: number): PhaseConfiguration => ({
    steps: steps ?? null,
    seconds: seconds ?? null,
    learningRate: rate,
    warmup: settings.warmup,
    milestones: settings.milestones ?? [],
    factor: 0.1,
  });
  const start = startOf(settings);
  const { learningRate } = settings;
  const usual = defaultSizes(settings.architecture);
  // A flow that starts from trained weights needs smaller steps than a fresh one.
  const rate = start === "fresh" ? learningRate : (settings.fineTuningRate ?? learningRate / 2);
  const configuration = parseConfiguration(
    {
      input,
      model: {
        architecture: settings.architecture,
        scales: settings.scales ?? usual.scales,
        depth: settings.depth ?? usual.depth,
        hidden: settings.width ?? usual.hidden,
      },
      batchSize: settings.batch,
      optimizer: settings.optimizer,
      weightDecay: settings.weightDecay,
      clipNorm: settings.clipNorm ?? null,
      augmentation: { flip: settings.flip, translate: settings.translate },
      heldOut: settings.heldOut,
      ...(settings.splitBy !== "chance" && { splitBy: settings.splitBy }),
      evaluateEvery: settings.evaluateEvery,
      patience: settings.patience,
      seed: settings.seed,
      threads: settings.threads ?? availableParallelism(),
      device: settings.device,
      memory: settings.memory,
      normal: phase(settings.steps, normalSeconds, rate),
      general: hasGeneral ? phase(generalSteps, generalSeconds, learningRate) : null,
      local: settings.local ? phase(settings.steps, normalSeconds, learningRate) : null,
      classifier: settings.classifier
        ? {
            // Steps of its own leave it no time of the normal model's: it would end at whichever comes first.
            ...phase(
              settings.classifierSteps ?? settings.steps,
              settings.classifierSteps === undefined ? normalSeconds : undefined,
              learningRate,
            ),
            ...classifierSize,
            exposed: settings.classifier === "exposed",
          }
        : null,
      classes: null,
      classConditional: settings.classes,
      objective: objectiveOf(settings, input),
      start,
      trainedScales: settings.fineTune ?? null,
    } satisfies TrainingConfiguration,
    "training",
  );
  checkTrainingSize(configuration);
  checkTrainedScales(configuration);
  // Patches have sizes of their own to fit.
  if (configuration.local) flowOf(configuration, "local");
  return configuration;
}

/** Seconds of training in all; undefined where only steps are counted. */
function totalSeconds({ time, steps, faults }: TrainSettings): number | undefined {
  return time ?? (steps === undefined ? (faults ? defaultSecondsWithFaults : defaultSeconds) : undefined);
}

/** How long an expert on an encoder's features may take to be fitted and tried; null where there is none or no time counts. */
export function encoderSecondsOf(settings: TrainSettings): number | null {
  const total = totalSeconds(settings);
  return settings.encoder === undefined || total === undefined ? null : total * encoderShare;
}

/** Seconds that flows and what looks for faults have, undefined where only steps are counted. */
function trainedSeconds(settings: TrainSettings): number | undefined {
  const total = totalSeconds(settings);
  return total === undefined ? undefined : total - (encoderSecondsOf(settings) ?? 0);
}

/** How long the networks that look for local faults are trained, null where there are none: two thirds of the time unless their steps are given. */
export function faultPlanOf(settings: TrainSettings): RunRecord["faults"] {
  if (!settings.faults) return null;
  return {
    ...placedPlan(settings, settings.faultSteps, settings.cells ? faultShareBesideCells : faultShare),
    like: null,
  };
}

/** The same of the flows that look at cells. */
export function cellPlanOf(settings: TrainSettings): RunRecord["cells"] {
  return settings.cells ? placedPlan(settings, settings.cellSteps, cellShare) : null;
}

function placedPlan(settings: TrainSettings, steps: number | undefined, share: number) {
  const total = trainedSeconds(settings);
  return { seconds: total === undefined || steps !== undefined ? null : total * share, steps: steps ?? null };
}

/**
 * How long each model is trained; undefined for no limit of that kind. A general model that is trained first gets two thirds of the time or,
 * counted in steps, twice as many.
 */
function splitTime(settings: TrainSettings, hasGeneral: boolean) {
  const { steps, generalTime, generalSteps } = settings;
  const all = trainedSeconds(settings);
  const placed = (faultPlanOf(settings)?.seconds ?? 0) + (cellPlanOf(settings)?.seconds ?? 0);
  const total = all === undefined ? undefined : all - placed;
  const doubled = steps !== undefined && generalTime === undefined ? 2 * steps : undefined;
  return {
    normalSeconds: hasGeneral && total !== undefined ? total / 3 : total,
    generalSeconds: generalTime ?? (total === undefined ? undefined : (total * 2) / 3),
    generalSteps: generalSteps ?? doubled,
  };
}

/** The loss of the settings: the paper's weight and temperature belong to 3072 dimensions and grow with them. */
function objectiveOf(
  { objective: loss, outlierWeight: weight, outlierTemperature: temperature, margin }: TrainSettings,
  input: ImageShape,
): ObjectiveConfiguration {
  const dimensions = imageSizeOf(input);
  const share = dimensions / paperOutlierLoss.dimensions;
  if (loss === "nll") return { loss };
  if (loss === "margin") return { loss, weight: weight ?? 1, margin: margin ?? dimensions };
  return {
    loss,
    weight: weight ?? paperOutlierLoss.weight * share,
    temperature: temperature ?? paperOutlierLoss.temperature * share,
  };
}

function checkTrainedScales(configuration: TrainingConfiguration): void {
  const { trainedScales, start } = configuration;
  const scales = flowOf(configuration, "normal").latentShapes.length;
  if (trainedScales && scales === 0) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting("fineTune"),
      expected: "a flow, with scales",
      got: setting("architecture", configuration.model.architecture),
      remedy: { key: "leave-out", what: setting("fineTune") },
    });
  }
  const wrong = trainedScales?.find((scale) => scale >= scales);
  if (wrong !== undefined) {
    throw new ConfigError({
      code: "out-of-range",
      subject: setting("fineTune"),
      expected: `scales from 0 to ${scales - 1}`,
      got: String(wrong),
      remedy: { key: "other", text: "name others" },
    });
  }
  if (trainedScales && start === "fresh") {
    const ways = ["general", "generalDetector", "init"].map((name) => setting(name));
    throw new ConfigError({
      code: "missing-setting",
      subject: setting("fineTune"),
      expected: "a trained model to start from",
      got: "a fresh one",
      remedy: { key: "other", text: `give ${ways.slice(0, 2).join(", ")} or ${ways[2]}` },
    });
  }
}
