/** The training configuration that options ask for, complete and checked, but for the names of classes, which only the images tell. */
import { availableParallelism } from "node:os";
import { ConfigError, type ImageShape } from "../base/index.ts";

import { defaultScales } from "../flow/index.ts";
import {
  type ObjectiveConfiguration,
  type PhaseConfiguration,
  parseConfiguration,
  type TrainingConfiguration,
} from "../model/index.ts";
import { paperOutlierLoss } from "../train/index.ts";
import type { TrainOptions } from "./train-command.ts";

/** Seconds of training where neither --time nor --steps is given. */
const defaultSeconds = 600;

/** Channels of the first stage and blocks a stage of the classifier: small beside a flow, and enough for a baseline. */
export const classifierSize = { hidden: 16, blocks: 1 } as const;

/** The configuration of a new run, whose general model is trained first where `hasGeneral`. Throws ConfigError for options that do not fit. */
export function configurationOf(options: TrainOptions, input: ImageShape, hasGeneral: boolean): TrainingConfiguration {
  if (options.classifierSteps !== undefined && options.classifier === undefined) {
    throw new ConfigError("train: --classifier-steps expects --classifier plain or exposed, got none; give one");
  }
  const total = options.time ?? (options.steps === undefined ? defaultSeconds : undefined);
  const phase = (steps: number | undefined, seconds: number | undefined, rate: number): PhaseConfiguration => ({
    steps: steps ?? null,
    seconds: seconds ?? null,
    learningRate: rate,
    warmup: options.warmup,
    milestones: options.milestones ?? [],
    factor: 0.1,
  });
  const doubled = options.steps !== undefined && options.generalTime === undefined ? 2 * options.steps : undefined;
  const generalSteps = options.generalSteps ?? doubled;
  const generalSeconds = options.generalTime ?? (total === undefined ? undefined : (total * 2) / 3);
  const normalSeconds = hasGeneral && total !== undefined ? total / 3 : total;
  const start = startOf(options, hasGeneral);
  // A flow that starts from trained weights needs smaller steps than a fresh one.
  const rate = start === "fresh" ? options.learningRate : (options.fineTuningRate ?? options.learningRate / 2);
  const configuration: TrainingConfiguration = {
    input,
    model: {
      architecture: options.architecture,
      scales: options.scales ?? defaultScales(options.architecture),
      depth: options.depth,
      hidden: options.width,
    },
    batchSize: options.batch,
    optimizer: options.optimizer,
    weightDecay: options.weightDecay,
    clipNorm: options.clipNorm ?? null,
    augmentation: { flip: options.flip, translate: options.translate },
    heldOut: options.heldOut,
    evaluateEvery: options.evaluateEvery,
    patience: options.patience,
    seed: options.seed,
    threads: options.threads ?? availableParallelism(),
    device: options.device,
    memory: options.memory,
    normal: phase(options.steps, normalSeconds, rate),
    general: hasGeneral ? phase(generalSteps, generalSeconds, options.learningRate) : null,
    local: options.local ? phase(options.steps, normalSeconds, options.learningRate) : null,
    classifier: options.classifier
      ? {
          // Steps of its own leave it no time of the normal model's: it would end at whichever comes first.
          ...phase(
            options.classifierSteps ?? options.steps,
            options.classifierSteps === undefined ? normalSeconds : undefined,
            options.learningRate,
          ),
          ...classifierSize,
          exposed: options.classifier === "exposed",
        }
      : null,
    classes: null,
    classConditional: options.classes,
    objective: objectiveOf(options, input),
    start,
    trainedScales: options.fineTune ?? null,
  };
  return parseConfiguration(configuration, "train");
}

/** Where the normal flow starts. Throws ConfigError where it is to start from a general model that is not there. */
function startOf({ init, generalDetector }: TrainOptions, hasGeneral: boolean): TrainingConfiguration["start"] {
  if (init === "fresh") return "fresh";
  if (init !== undefined && init !== "general") return "detector";
  if (hasGeneral || generalDetector !== undefined) return "general";
  if (init === undefined) return "fresh";
  throw new ConfigError(
    "train: --init general expects a general model, got none; give --general or --general-detector",
  );
}

/** The loss of the options: the paper's weight and temperature belong to 3072 dimensions and grow with them. */
function objectiveOf(options: TrainOptions, input: ImageShape): ObjectiveConfiguration {
  const { objective: loss, outlierWeight: weight, outlierTemperature: temperature, margin } = options;
  const dimensions = input.channels * input.height * input.width;
  const share = dimensions / paperOutlierLoss.dimensions;
  const given = Object.entries({
    "--outlier-weight": weight,
    "--outlier-temperature": temperature,
    "--margin": margin,
  });
  const fitting = { nll: [], outlier: given.slice(0, 2), margin: [given[0]!, given[2]!] }[loss];
  const wrong = given.find((entry) => entry[1] !== undefined && !fitting.some(([flag]) => flag === entry[0]));
  if (wrong) throw new ConfigError(`train: ${wrong[0]} expects another --objective, got ${loss}; leave it out`);
  if (loss === "margin" && options.classes) {
    throw new ConfigError("train: --objective margin expects a flow without classes, got --classes; leave one out");
  }
  if (loss === "nll") return { loss };
  if (loss === "outlier" && options.general === undefined && options.generalDetector === undefined) {
    throw new ConfigError(
      "train: --objective outlier expects a general model to compare with, got none; give --general or --general-detector",
    );
  }
  if (loss === "margin") return { loss, weight: weight ?? 1, margin: margin ?? dimensions };
  return {
    loss,
    weight: weight ?? paperOutlierLoss.weight * share,
    temperature: temperature ?? paperOutlierLoss.temperature * share,
  };
}
