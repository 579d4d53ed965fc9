/** What a person types after `outglow train`. */
import { Command, InvalidArgumentError, Option } from "commander";
import { defaultOf, objectionTo, type TrainRequest, type TrainSetting } from "../workflow/train-request.ts";
import { flagOf } from "./flags.ts";
import {
  type CacheOptions,
  deviceOption,
  duration,
  numberOf,
  type TellingOptions,
  withCacheOptions,
} from "./options.ts";

/** A setting as a flag: its name, what stands for its value in the help, what it says, and how a value is read where it is no word. */
type Flag = readonly [name: TrainSetting, value: string, about: string, read?: (text: string) => unknown];

const numbers = (text: string): number[] => text.split(",").map(numberOf);

/** Every setting of a training as a flag, in the order of the help. Ranges, choices and defaults are the request's own. */
const flags: readonly Flag[] = [
  [
    "normal",
    "<data>",
    "normal images: a folder, .tar, IDX or CIFAR files; select with PATH#split=train,class=a+b,limit=N",
  ],
  [
    "general",
    "<data>",
    "general images, or builtin for images made by the program: trains a general model first, for the likelihood ratio",
  ],
  ["generalDetector", "<folder>", "take the model that stands in this folder as general model"],
  ["as", "<role>", "detector, or general: train one general model on --general for many detectors"],
  [
    "init",
    "<start>",
    "where the normal model starts: general, fresh, or the folder of a detector (default: general if there is one)",
  ],
  ["fineTune", "<scales>", "train these scales of the normal model only, e.g. 1,2 (0 is the finest)", numbers],
  ["local", "", "also train a model of 8x8 patches of the normal images, as long again, for the score ratio-local"],
  [
    "faults",
    "",
    "also look for local faults such as scratches at the images' own size; takes two thirds of the time, of 5m by default",
  ],
  ["faultSteps", "<n>", "steps of each network that looks for faults (default: what fits into the time)", numberOf],
  [
    "faultsLike",
    "<data>",
    "examples of faults to look for, too: crops of faults, or images with masks in ground_truth/ (PATH#split=test,class=...)",
  ],
  ["cells", "", "with --faults: flows of cells beside the networks, too; they take a quarter of the time"],
  ["cellSteps", "<n>", "steps of each of these flows (default: what fits into the time)", numberOf],
  [
    "encoder",
    "<file.onnx>",
    "also judge images by the features of this network, any image encoder; NAME.json beside it says its range and taps",
  ],
  [
    "encoderMode",
    "<mode>",
    "how features are compared: aligned (place by place), unaligned, or auto: as synthetic faults decide (default: auto)",
  ],
  [
    "group",
    "<pattern>",
    "images whose names match it with the same text show the same thing, e.g. 'part\\d+': kept together in every split",
  ],
  ["classes", "", "the normal images' sub-folders are classes: one density for each, for the score class-ratio"],
  [
    "classifier",
    "<kind>",
    "also train a classifier of these classes, for the score msp: plain, or exposed to --outliers",
  ],
  ["classifierSteps", "<n>", "train the classifier this many steps (default: as the normal model)", numberOf],
  [
    "objective",
    "<loss>",
    "nll; outlier: also keep away from --outliers, compared with the general model; margin: the same without comparing",
  ],
  ["outliers", "<data>", "images to keep away from (default: the general images)"],
  ["outlierWeight", "<x>", "weight of the outlier loss (default 6000 x dimensions / 3072; margin: 1)", numberOf],
  ["outlierTemperature", "<nats>", "its temperature (default 1000 x dimensions / 3072)", numberOf],
  ["margin", "<nats>", "margin of the margin loss (default: the number of dimensions)", numberOf],
  ["out", "<folder>", "where the detector goes"],
  [
    "time",
    "<duration>",
    "train this long, e.g. 90s, 20m, 1.5h (default 10m, with --faults 5m; with --general a third of it is the normal model's)",
    duration,
  ],
  ["steps", "<n>", "train the normal model this many steps; with --time, whichever ends first", numberOf],
  ["generalTime", "<duration>", "train the general model this long (default two thirds of --time)", duration],
  [
    "generalSteps",
    "<n>",
    "train the general model this many steps (default twice --steps); with a time, whichever ends first",
    numberOf,
  ],
  ["size", "<pixels>", "height and width of the model's images", numberOf],
  ["channels", "<n>", "1 for grey, 3 for colour (default: 1 if the normal images are grey)", numberOf],
  ["background", "<colour>", "the colour below transparent pixels, as in #ffffff"],
  [
    "fit",
    "<way>",
    "images of other proportions than the model's: stretch, pad (whole, beside them --background) or crop (their middle)",
  ],
  [
    "range",
    "<way>",
    "black and white of 16-bit and float images: usual, or percentiles (0.1 and 99.9 %) of the normal ones",
  ],
  ["architecture", "<name>", "glow, patch (8x8 patches, one scale) or dense (fully connected)"],
  ["scales", "<n>", "scales of the flow (default 3; patch has 1)", numberOf],
  ["depth", "<n>", "flow steps a scale", numberOf],
  ["width", "<n>", "hidden channels of the coupling networks", numberOf],
  ["batch", "<n>", "images a step", numberOf],
  ["optimizer", "<name>", "adamax or adam"],
  ["learningRate", "<x>", "learning rate of models that start fresh", numberOf],
  [
    "fineTuningRate",
    "<x>",
    "learning rate of a normal model that starts from trained weights (default: half of --learning-rate)",
    numberOf,
  ],
  ["warmup", "<n>", "steps of linear warm-up", numberOf],
  ["milestones", "<list>", "steps at which the learning rate falls to a tenth, e.g. 4000,6000", numbers],
  ["weightDecay", "<x>", "coupled L2", numberOf],
  ["clipNorm", "<x>", "scale longer gradients down to this norm", numberOf],
  ["flip", "", "augment by horizontal flips"],
  ["translate", "<share>", "augment by shifts of up to this share of the size; the paper uses 0.1", numberOf],
  ["heldOut", "<share>", "share of the normal images kept out of training for calibration", numberOf],
  ["evaluateEvery", "<n>", "steps between two looks at held-out images", numberOf],
  ["patience", "<n>", "stop after this many looks without a better one", numberOf],
  ["checkpointEvery", "<duration>", "time between two checkpoints", duration],
  ["seed", "<n>", "seed of everything random", numberOf],
  ["threads", "<n>", "threads of the engine (default: all cores)", numberOf],
  [
    "memory",
    "<mode>",
    "low recomputes hidden activations (the same result, a tenth to a quarter slower), fast keeps them, auto looks at the free memory",
  ],
  ["device", "<name>", ""],
  ["strict", "", "fail at the first unreadable image instead of skipping it"],
  ["resume", "", "go on with the run in --out; with --steps, bit for bit as if it had never stopped"],
  ["force", "", "replace what is in --out, once the new detector is written"],
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

function optionOf([name, value, about, read = (text) => text]: Flag): Option {
  if (name === "device") return deviceOption();
  const option = new Option(`${flagOf(name)} ${value}`.trim(), about);
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
