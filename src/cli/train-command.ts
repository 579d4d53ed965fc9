/** What a person types after `outglow train`. */

import { Command, InvalidArgumentError, Option } from "commander";
import { flagOf, writeSettings } from "../base/index.ts";
import { trainNotes } from "../workflow/training/train-notes.ts";
import { defaultOf, objectionTo, type TrainRequest, type TrainSetting } from "../workflow/training/train-request.ts";
import {
  type CacheOptions,
  deviceOption,
  duration,
  numberOf,
  type TellingOptions,
  withCacheOptions,
} from "./options.ts";

/** A setting as a flag: its name, what stands for its value in the help, and how a value is read where it is no word. */
type Flag = readonly [name: TrainSetting, value: string, read?: (text: string) => unknown];

const numbers = (text: string): number[] => text.split(",").map(numberOf);

/** Every setting of a training as a flag, in the order of the help. Ranges, choices and defaults are the request's own. */
const flags: readonly Flag[] = [
  ["normal", "<data>"],
  ["general", "<data>"],
  ["generalDetector", "<folder>"],
  ["as", "<role>"],
  ["init", "<start>"],
  ["fineTune", "<scales>", numbers],
  ["local", ""],
  ["faults", ""],
  ["faultSteps", "<n>", numberOf],
  ["faultsLike", "<data>"],
  ["cells", ""],
  ["cellSteps", "<n>", numberOf],
  ["encoder", "<file.onnx>"],
  ["encoderMode", "<mode>"],
  ["encoderFlow", ""],
  ["group", "<pattern>"],
  ["classes", ""],
  ["classifier", "<kind>"],
  ["classifierSteps", "<n>", numberOf],
  ["objective", "<loss>"],
  ["outliers", "<data>"],
  ["outlierWeight", "<x>", numberOf],
  ["outlierTemperature", "<nats>", numberOf],
  ["margin", "<nats>", numberOf],
  ["out", "<folder>"],
  ["time", "<duration>", duration],
  ["steps", "<n>", numberOf],
  ["generalTime", "<duration>", duration],
  ["generalSteps", "<n>", numberOf],
  ["size", "<pixels>", numberOf],
  ["channels", "<n>", numberOf],
  ["background", "<colour>"],
  ["fit", "<way>"],
  ["range", "<way>"],
  ["architecture", "<name>"],
  ["scales", "<n>", numberOf],
  ["depth", "<n>", numberOf],
  ["width", "<n>", numberOf],
  ["batch", "<n>", numberOf],
  ["optimizer", "<name>"],
  ["learningRate", "<x>", numberOf],
  ["fineTuningRate", "<x>", numberOf],
  ["warmup", "<n>", numberOf],
  ["milestones", "<list>", numbers],
  ["weightDecay", "<x>", numberOf],
  ["clipNorm", "<x>", numberOf],
  ["flip", ""],
  ["translate", "<share>", numberOf],
  ["heldOut", "<share>", numberOf],
  ["splitBy", "<way>"],
  ["evaluateEvery", "<n>", numberOf],
  ["patience", "<n>", numberOf],
  ["checkpointEvery", "<duration>", duration],
  ["seed", "<n>", numberOf],
  ["threads", "<n>", numberOf],
  ["memory", "<mode>"],
  ["device", "<name>"],
  ["strict", ""],
  ["resume", ""],
  ["force", ""],
];

/** Where a detector goes whose folder is not named. */
const usualFolder = "detector";

/** What is typed besides the settings of a training. */
export interface TrainOptions extends CacheOptions, TellingOptions {}

/** `outglow train`. */
export function trainCommand(): Command {
  const train = new Command("train").description("train a detector on normal images");
  for (const flag of flags) train.addOption(optionOf(flag));
  return withCacheOptions(train)
    .option("--quiet", "no progress on stderr", false)
    .option("--json", "print one JSON object on stdout", false)
    .action(async ({ quiet, json, cache, ...settings }: TrainRequest & TrainOptions, command: Command) => {
      const { train } = await import("./train.ts");
      // What was not typed is left to the request's defaults: a resumed run takes no others than its own.
      const typed = Object.entries(settings).filter(([name]) => command.getOptionValueSource(name) === "cli");
      await train(
        { out: settings.out, ...Object.fromEntries(typed) },
        { quiet, json, ...(cache !== undefined && { cache }) },
      );
    });
}

function optionOf([name, value, read = (text) => text]: Flag): Option {
  if (name === "device") return deviceOption();
  const option = new Option(`${flagOf(name)} ${value}`.trim(), writeSettings(trainNotes[name], flagOf));
  const usual = name === "out" ? usualFolder : defaultOf(name);
  if (usual !== undefined) option.default(usual);
  if (value === "") return option;
  return option.argParser((text) => {
    const given = read(text);
    const expected = objectionTo(name, given);
    if (expected !== undefined) throw new InvalidArgumentError(`expected ${expected}, got '${text}'`);
    return given;
  });
}
