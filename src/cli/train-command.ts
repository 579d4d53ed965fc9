/** What a person types after `outglow train`. */
import { Command } from "commander";
import { ConfigError } from "../base/index.ts";
import type { Architecture } from "../flow/index.ts";
import type { Device } from "../model/index.ts";
import { deviceOption, duration, numberWithin, oneOf, wholeNumber } from "./options.ts";

/** The options of `outglow train`, as commander parses them. */
export interface TrainOptions {
  readonly normal?: string;
  readonly general?: string;
  readonly generalDetector?: string;
  readonly as: "detector" | "general";
  /** `general`, `fresh`, or the folder of a detector. */
  readonly init?: string;
  readonly fineTune?: number[];
  readonly local: boolean;
  readonly classes: boolean;
  readonly classifier?: "plain" | "exposed";
  readonly classifierSteps?: number;
  readonly objective: "nll" | "outlier" | "margin";
  readonly outliers?: string;
  readonly outlierWeight?: number;
  readonly outlierTemperature?: number;
  readonly margin?: number;
  readonly out: string;
  readonly time?: number;
  readonly steps?: number;
  readonly generalTime?: number;
  readonly generalSteps?: number;
  readonly size: number;
  readonly channels?: number;
  readonly architecture: Architecture;
  readonly scales?: number;
  readonly depth: number;
  readonly width: number;
  readonly batch: number;
  readonly optimizer: "adamax" | "adam";
  readonly learningRate: number;
  readonly fineTuningRate?: number;
  readonly warmup: number;
  readonly milestones?: number[];
  readonly weightDecay: number;
  readonly clipNorm?: number;
  readonly flip: boolean;
  readonly translate: number;
  readonly heldOut: number;
  readonly evaluateEvery: number;
  readonly patience: number;
  readonly checkpointEvery: number;
  readonly seed: number;
  readonly threads?: number;
  readonly memory: "low" | "auto" | "fast";
  readonly device: Device;
  readonly strict: boolean;
  readonly resume: boolean;
  readonly force: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** `outglow train`. */
export function trainCommand(): Command {
  const positive = wholeNumber(1);
  const list = (text: string): number[] => text.split(",").map(positive);
  const scales = (text: string): number[] => text.split(",").map(wholeNumber(0));
  const scale = numberWithin(0, Number.POSITIVE_INFINITY);
  return new Command("train")
    .description("train a detector on normal images")
    .option(
      "--normal <data>",
      "normal images: a folder, .tar, IDX or CIFAR files; select with PATH#split=train,class=a+b,limit=N",
    )
    .option(
      "--general <data>",
      "general images, or builtin for images made by the program: trains a general model first, for the likelihood ratio",
    )
    .option("--general-detector <folder>", "take the model that stands in this folder as general model")
    .option(
      "--as <role>",
      "detector, or general: train one general model on --general for many detectors",
      oneOf(["detector", "general"]),
      "detector",
    )
    .option(
      "--init <start>",
      "where the normal model starts: general, fresh, or the folder of a detector (default: general if there is one)",
    )
    .option("--fine-tune <scales>", "train these scales of the normal model only, e.g. 1,2 (0 is the finest)", scales)
    .option(
      "--local",
      "also train a model of 8x8 patches of the normal images, as long again, for the score ratio-local",
      false,
    )
    .option(
      "--classes",
      "the normal images' sub-folders are classes: one density for each, for the score class-ratio",
      false,
    )
    .option(
      "--classifier <kind>",
      "also train a classifier of these classes, for the score msp: plain, or exposed to --outliers",
      oneOf(["plain", "exposed"]),
    )
    .option("--classifier-steps <n>", "train the classifier this many steps (default: as the normal model)", positive)
    .option(
      "--objective <loss>",
      "nll; outlier: also keep away from --outliers, compared with the general model; margin: the same without comparing",
      oneOf(["nll", "outlier", "margin"]),
      "nll",
    )
    .option("--outliers <data>", "images to keep away from (default: the general images)")
    .option("--outlier-weight <x>", "weight of the outlier loss (default 6000 x dimensions / 3072; margin: 1)", scale)
    .option("--outlier-temperature <nats>", "its temperature (default 1000 x dimensions / 3072)", scale)
    .option("--margin <nats>", "margin of the margin loss (default: the number of dimensions)", scale)
    .option("--out <folder>", "where the detector goes", "detector")
    .option(
      "--time <duration>",
      "train the normal model this long, e.g. 90s, 20m, 1.5h (default 10m; with --general a third of it)",
      duration,
    )
    .option("--steps <n>", "train the normal model this many steps; with --time, whichever ends first", positive)
    .option("--general-time <duration>", "train the general model this long (default two thirds of --time)", duration)
    .option(
      "--general-steps <n>",
      "train the general model this many steps (default twice --steps); with a time, whichever ends first",
      positive,
    )
    .option("--size <pixels>", "height and width of the model's images", positive, 32)
    .option("--channels <n>", "1 for grey, 3 for colour (default: 1 if the normal images are grey)", positive)
    .option(
      "--architecture <name>",
      "glow, patch (8x8 patches, one scale) or dense (fully connected)",
      oneOf(["glow", "patch", "dense"]),
      "glow",
    )
    .option("--scales <n>", "scales of the flow (default 3; patch has 1)", positive)
    .option("--depth <n>", "flow steps a scale", positive, 8)
    .option("--width <n>", "hidden channels of the coupling networks", positive, 96)
    .option("--batch <n>", "images a step", positive, 64)
    .option("--optimizer <name>", "adamax or adam", oneOf(["adamax", "adam"]), "adamax")
    .option("--learning-rate <x>", "learning rate of models that start fresh", numberWithin(0, 10), 1e-3)
    .option(
      "--fine-tuning-rate <x>",
      "learning rate of a normal model that starts from trained weights (default: half of --learning-rate)",
      numberWithin(0, 10),
    )
    .option("--warmup <n>", "steps of linear warm-up", wholeNumber(0), 100)
    .option("--milestones <list>", "steps at which the learning rate falls to a tenth, e.g. 4000,6000", list)
    .option("--weight-decay <x>", "coupled L2", numberWithin(0, 1, false), 5e-5)
    .option("--clip-norm <x>", "scale longer gradients down to this norm", numberWithin(0, Number.POSITIVE_INFINITY))
    .option("--flip", "augment by horizontal flips", false)
    .option(
      "--translate <share>",
      "augment by shifts of up to this share of the size; the paper uses 0.1",
      numberWithin(0, 0.5, false),
      0,
    )
    .option(
      "--held-out <share>",
      "share of the normal images kept out of training for calibration",
      numberWithin(0, 1),
      0.1,
    )
    .option("--evaluate-every <n>", "steps between two looks at held-out images", positive, 100)
    .option("--patience <n>", "stop after this many looks without a better one", positive, 20)
    .option("--checkpoint-every <duration>", "time between two checkpoints", duration, 60)
    .option("--seed <n>", "seed of everything random", wholeNumber(0), 0)
    .option("--threads <n>", "threads of the engine (default: all cores)", positive)
    .option(
      "--memory <mode>",
      "low recomputes hidden activations (the same result, a tenth to a quarter slower), fast keeps them, auto looks at the free memory",
      oneOf(["low", "auto", "fast"]),
      "auto",
    )
    .addOption(deviceOption())
    .option("--strict", "fail at the first unreadable image instead of skipping it", false)
    .option("--resume", "go on with the run in --out; with --steps, bit for bit as if it had never stopped", false)
    .option("--force", "replace what is in --out", false)
    .option("--quiet", "no progress on stderr", false)
    .option("--json", "print one JSON object on stdout", false)
    .action(async (options: TrainOptions, command: Command) => {
      if (options.resume) refuseChanges(command);
      const { train } = await import("./train.ts");
      await train(options);
    });
}

/** Throws ConfigError for options that a resumed run has already decided. */
function refuseChanges(command: Command): void {
  const allowed = ["out", "resume", "strict", "quiet", "json"];
  const given = command.options.filter((option) => command.getOptionValueSource(option.attributeName()) === "cli");
  const changed = given.filter((option) => !allowed.includes(option.attributeName())).map((option) => option.long);
  if (changed.length === 0) return;
  throw new ConfigError(
    `train: --resume expects no other settings than those the run began with, got ${changed.join(", ")}; leave them out or start anew with --force`,
  );
}
