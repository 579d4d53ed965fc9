/** What each setting of a training is about, in a line, settings in it as tokens: a command line shows it as its help, a form beside its fields. Light. */
import { setting } from "../../base/index.ts";
import type { TrainSetting } from "./train-request.ts";

/** Every setting, in the order in which they are shown. */
export const trainNotes: Readonly<Record<TrainSetting, string>> = {
  normal: "normal images: a folder, .tar, IDX or CIFAR files; select with PATH#split=train,class=a+b,limit=N",
  general:
    "general images, or builtin for images made by the program: trains a general model first, for the likelihood ratio",
  generalDetector: "take the model that stands in this folder as general model",
  as: `detector, or general: train one general model on ${setting("general")} for many detectors`,
  init: "where the normal model starts: general, fresh, or the folder of a detector (default: general if there is one)",
  fineTune: "train these scales of the normal model only, e.g. 1,2 (0 is the finest)",
  local: "also train a model of 8x8 patches of the normal images, as long again, for the score ratio-local",
  faults:
    "also look for local faults such as scratches at the images' own size; takes two thirds of the time, of 5m by default",
  faultSteps: "steps of each network that looks for faults (default: what fits into the time)",
  faultsLike:
    "examples of faults to look for, too: crops of faults, or images with masks in ground_truth/ (PATH#split=test,class=...)",
  cells: `with ${setting("faults")}: flows of cells beside the networks, too; they take a quarter of the time`,
  cellSteps: "steps of each of these flows (default: what fits into the time)",
  encoder:
    "also judge images by the features of this network, any image encoder; NAME.json beside it says its range and taps",
  encoderMode:
    "how features are compared: aligned (place by place), unaligned, or auto: in both ways, as trials decide (default: auto)",
  encoderFlow:
    "also try a small flow on features of images that lie the same way; kept where held-out ones get likelier",
  group:
    "images whose names match it with the same text show the same thing, e.g. 'part\\d+': kept together in every split",
  classes: "the normal images' sub-folders are classes: one density for each, for the score class-ratio",
  classifier: `also train a classifier of these classes, for the score msp: plain, or exposed to ${setting("outliers")}`,
  classifierSteps: "train the classifier this many steps (default: as the normal model)",
  objective: `nll; outlier: also keep away from ${setting("outliers")}, compared with the general model; margin: the same without comparing`,
  outliers: "images to keep away from (default: the general images)",
  outlierWeight: "weight of the outlier loss (default 6000 x dimensions / 3072; margin: 1)",
  outlierTemperature: "its temperature (default 1000 x dimensions / 3072)",
  margin: "margin of the margin loss (default: the number of dimensions)",
  out: "where the detector goes",
  time: `train this long, e.g. 90s, 20m, 1.5h (default 10m, with ${setting("faults")} 5m; with ${setting("general")} a third of it is the normal model's)`,
  steps: `train the normal model this many steps; with ${setting("time")}, whichever ends first`,
  generalTime: `train the general model this long (default two thirds of ${setting("time")})`,
  generalSteps: `train the general model this many steps (default twice ${setting("steps")}); with a time, whichever ends first`,
  size: "height and width of the model's images",
  channels: "1 for grey, 3 for colour, others for so many bands (default: those of the normal images)",
  background: "the colour below transparent pixels, as in #ffffff",
  fit: `images of other proportions than the model's: stretch, pad (whole, beside them ${setting("background")}) or crop (their middle)`,
  range: "black and white of 16-bit and float images: usual, or percentiles (0.1 and 99.9 %) of the normal ones",
  architecture:
    "glow, patch (8x8 patches, one scale), dense (fully connected) or pixelcnn (PixelCNN++, pixel by pixel)",
  scales: "scales of the flow (default 3; patch has 1, pixelcnn none)",
  depth: "flow steps a scale (default 8), or gated blocks a resolution of pixelcnn (default 1)",
  width: "hidden channels of the coupling networks (default 96), or channels of pixelcnn (default 24)",
  batch: "images a step",
  optimizer: "adamax or adam",
  learningRate: "learning rate of models that start fresh",
  fineTuningRate: `learning rate of a normal model that starts from trained weights (default: half of ${setting("learningRate")})`,
  warmup: "steps of linear warm-up",
  milestones: "steps at which the learning rate falls to a tenth, e.g. 4000,6000",
  weightDecay: "coupled L2",
  clipNorm: "scale longer gradients down to this norm",
  flip: "augment by horizontal flips",
  translate: "augment by shifts of up to this share of the size; the paper uses 0.1",
  splitBy:
    "which images these are: drawn by chance, or by content: each image's side is its own, so that none moves when others are added",
  heldOut: "share of the normal images kept out of training for calibration",
  evaluateEvery: "steps between two looks at held-out images",
  patience: "stop after this many looks without a better one",
  checkpointEvery: "time between two checkpoints",
  seed: "seed of everything random",
  threads: "threads of the engine (default: all cores)",
  memory:
    "least keeps nothing of a flow's steps and goes back by their inverse (other last digits), low recomputes hidden activations (the same result, a tenth to a quarter slower), fast keeps them, auto: low or fast, by the free memory",
  device: "what computes",
  strict: "fail at the first unreadable image instead of skipping it",
  resume: `go on with the run in ${setting("out")}; with ${setting("steps")}, bit for bit as if it had never stopped`,
  force: `replace what is in ${setting("out")}, once the new detector is written`,
};
