/**
 * What a training is asked for, as data, with every default. Light: it loads no engine, so that a command line can show it as its help.
 * What follows from one setting for another stands in `train-rules.ts` and `training-configuration.ts`.
 */
import { z } from "zod";
import {
  architectures,
  ConfigError,
  classifierKinds,
  deviceNames,
  encoderPlans,
  fitWays,
  memoryModes,
  mostChannels,
  nearestSpelling,
  objectiveNames,
  optimizerNames,
  rangeWays,
  roles,
  setting,
  splitWays,
} from "../../base/index.ts";

/** A whole number from `least`. */
function whole(least: number) {
  const error = `expected a whole number from ${least}`;
  return z.number({ error }).int({ error }).min(least, { error });
}

/** A number above `low` and below `high`. */
function between(low: number, high: number) {
  const error = Number.isFinite(high)
    ? `expected a number between ${low} and ${high}`
    : `expected a number above ${low}`;
  return z.number({ error }).gt(low, { error }).lt(high, { error });
}

/** A number from `low` to `high`. */
function within(low: number, high: number) {
  const error = `expected a number from ${low} to ${high}`;
  return z.number({ error }).min(low, { error }).max(high, { error });
}

/** A duration in seconds. */
function seconds() {
  const error = "expected a duration above 0 seconds";
  return z.number({ error }).gt(0, { error });
}

function oneOf<const Names extends readonly string[]>(names: Names) {
  return z.enum(names, { error: `expected ${names.join(", ")}` });
}

const location = () => z.string({ error: "expected a location" }).min(1, { error: "expected a location" });
const yesOrNo = () => z.boolean({ error: "expected true or false" }).default(false);

function isExpression(text: string): boolean {
  try {
    return text !== "" && new RegExp(text) !== undefined;
  } catch {
    return false;
  }
}

/** Every setting of a training. Those without a default are left to the rules, which go by the images and the other settings. */
const fields = {
  /** Where normal images are: a folder, an archive, a file of a data set, with what is selected of it. */
  normal: location().optional(),
  /** Images of anything, `builtin` for made ones. A general model is trained on them first. */
  general: location().optional(),
  /** The folder of a detector whose model is taken as general model. */
  generalDetector: location().optional(),
  /** What comes of it: a detector, or a general model for detectors. */
  as: oneOf(roles).default("detector"),
  /** Where the normal model starts: `general`, `fresh`, or the folder of a detector. */
  init: location().optional(),
  /** The scales of the normal model that are trained, 0 the finest; all where absent. */
  fineTune: z.array(whole(0)).min(1).optional(),
  /** Whether a model of 8x8 patches is trained, too. */
  local: yesOrNo(),
  /** Whether networks that look for local faults at the images' own size are trained, too. They take two thirds of the time. */
  faults: yesOrNo(),
  /** Steps of each of these networks; as many as fit into the time where absent. */
  faultSteps: whole(1).optional(),
  /** A person's own few examples of faults: images with masks in MVTec's layout, or crops of faults. A further kind of faults to learn. */
  faultsLike: location().optional(),
  /** Whether flows that look at cells of images are trained beside these networks. */
  cells: yesOrNo(),
  /** Steps of each of these flows; as many as fit into the time where absent. */
  cellSteps: whole(1).optional(),
  /** An ONNX file of any image encoder: an expert on its features is fitted, too, after everything else. */
  encoder: location().optional(),
  /** Whether features are compared place by place (parts that always lie the same way), with all places, or as held-out synthetic faults decide. */
  encoderMode: oneOf(encoderPlans).optional(),
  /** Whether a small flow is trained on the features of images that lie the same way, and kept where it makes held-out ones likelier. */
  encoderFlow: yesOrNo(),
  /** A regular expression: images whose names match it with the same text show the same thing and stay together in every split. */
  group: z
    .string({ error: "expected a regular expression" })
    .refine(isExpression, { error: "expected a regular expression such as part\\d+" })
    .optional(),
  /** Whether the normal images' classes get a density each. */
  classes: yesOrNo(),
  /** A classifier of these classes, plain or exposed to the outliers. */
  classifier: oneOf(classifierKinds).optional(),
  classifierSteps: whole(1).optional(),
  /** What the normal model minimises (Schirrmeister et al. 2020, equation 2). */
  objective: oneOf(objectiveNames).default("nll"),
  /** Images to keep away from; the general ones where absent. */
  outliers: location().optional(),
  outlierWeight: between(0, Number.POSITIVE_INFINITY).optional(),
  /** Nats. */
  outlierTemperature: between(0, Number.POSITIVE_INFINITY).optional(),
  /** Nats. */
  margin: between(0, Number.POSITIVE_INFINITY).optional(),
  /** The folder that becomes the detector. */
  out: location(),
  /** Seconds of training. */
  time: seconds().optional(),
  steps: whole(1).optional(),
  generalTime: seconds().optional(),
  generalSteps: whole(1).optional(),
  /** Height and width of the model's images. */
  size: whole(1).default(32),
  /** 1 for grey, 3 for colour, others for so many bands of images that have them; that of the normal images where absent. */
  channels: whole(1).max(mostChannels, `expected ${mostChannels} channels or fewer`).optional(),
  /** The colour below transparent pixels. */
  background: z
    .string({ error: "expected a colour such as #ffffff" })
    .regex(/^#[0-9a-f]{6}$/i, { error: "expected a colour such as #ffffff" })
    .default("#ffffff"),
  /** What becomes of images of other proportions than the model's. */
  fit: oneOf(fitWays).default("stretch"),
  /** Black and white of images of 16 bits and of floating point. */
  range: oneOf(rangeWays).default("usual"),
  architecture: oneOf(architectures).default("glow"),
  scales: whole(1).optional(),
  /** Flow steps a scale, or gated blocks a resolution. */
  depth: whole(1).optional(),
  /** Hidden channels of the coupling networks, or channels of a stream. */
  width: whole(1).optional(),
  /** Images a step. */
  batch: whole(1).default(64),
  optimizer: oneOf(optimizerNames).default("adamax"),
  /** Of models that start fresh. */
  learningRate: between(0, 10).default(1e-3),
  /** Of a normal model that starts from trained weights. */
  fineTuningRate: between(0, 10).optional(),
  /** Steps of linear warm-up. */
  warmup: whole(0).default(100),
  /** Steps at which the learning rate falls to a tenth. */
  milestones: z.array(whole(1)).optional(),
  /** Coupled L2. */
  weightDecay: within(0, 1).default(5e-5),
  clipNorm: between(0, Number.POSITIVE_INFINITY).optional(),
  flip: yesOrNo(),
  /** Largest shift as a share of the size. */
  translate: within(0, 0.5).default(0),
  /** Share of the normal images kept out of training for calibration. */
  heldOut: between(0, 1).default(0.1),
  /** Whether these are drawn by chance, or told by what each image shows, so that none moves to the other side when images are added. */
  splitBy: oneOf(splitWays).default("chance"),
  /** Steps between two looks at held-out images. */
  evaluateEvery: whole(1).default(100),
  /** Looks without a better one after which training ends. */
  patience: whole(1).default(20),
  /** Seconds between two checkpoints. */
  checkpointEvery: seconds().default(60),
  seed: whole(0).default(0),
  /** Threads of the engine; all cores where absent. */
  threads: whole(1).optional(),
  memory: oneOf(memoryModes).default("auto"),
  device: oneOf(deviceNames).default("cpu"),
  /** Whether the first unreadable image is an error, where it would be left out. */
  strict: yesOrNo(),
  /** Whether to go on with the run that stands in `out`. Only `out`, `strict` and where the images are now may be said beside it. */
  resume: yesOrNo(),
  /** Whether a detector in `out` is replaced. */
  force: yesOrNo(),
} as const;

/** The checked form of `TrainRequest`. */
export const trainRequestSchema = z.strictObject(fields);

/** What a training is asked for: `out`, images, and whatever is not as usual. */
export type TrainRequest = z.input<typeof trainRequestSchema>;
/** The same with every default in its place. */
export type TrainSettings = z.output<typeof trainRequestSchema>;
/** The name of a setting. */
export type TrainSetting = keyof typeof fields;

/** What may be said beside `resume`: everything else was decided when the run began. */
const resumable: readonly TrainSetting[] = ["out", "resume", "strict", "normal", "general", "outliers"];

/** The default of a setting; undefined where it has none. */
export function defaultOf(name: TrainSetting): unknown {
  const field = fields[name];
  return "def" in field && field.def.type === "default" ? field.def.defaultValue : undefined;
}

/** What a value of a setting is expected to be; undefined where it is fine. */
export function objectionTo(name: TrainSetting, value: unknown): string | undefined {
  const { success, error } = fields[name].safeParse(value);
  return success ? undefined : expectationIn(error!);
}

/**
 * The settings of a request, with defaults. Throws ConfigError for a setting that is not known or has a wrong value, and beside `resume`
 * for settings that the run has already decided.
 */
export function readTrainRequest(request: TrainRequest): TrainSettings {
  const result = trainRequestSchema.safeParse(request);
  if (!result.success) throw requestFault(result.error, request, Object.keys(fields), "training request");
  if (result.data.resume) refuseChanges(request, Object.keys(fields), resumable);
  return result.data;
}

/** Throws ConfigError where a request that goes on with a run says more than it may. It names settings in the order of `fields`, however they were typed. */
export function refuseChanges(
  request: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  resumable: readonly string[],
): void {
  const given = fields.filter((name) => request[name] !== undefined);
  const changed = given.filter((name) => !resumable.includes(name));
  if (changed.length === 0) return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("resume"),
    expected: "no other settings than those the run began with",
    got: changed.map((name) => setting(name)).join(", "),
    remedy: { key: "other", text: `leave them out or start anew with ${setting("force")}` },
  });
}

/** The error for a request of these settings that its schema refuses. */
export function requestFault(error: z.ZodError, request: unknown, names: readonly string[], what: string): ConfigError {
  const issue = error.issues[0]!;
  if (issue.code === "unrecognized_keys") {
    const name = issue.keys[0]!;
    return new ConfigError({
      code: "unknown-name",
      subject: what,
      expected: "known settings",
      got: `'${name}'`,
      remedy: { key: "did-you-mean", name: nearestSpelling(name, names)! },
    });
  }
  const name = String(issue.path[0] ?? "");
  const value = typeof request === "object" && request !== null ? Reflect.get(request, name) : request;
  return new ConfigError({
    code: value === undefined ? "missing-setting" : "out-of-range",
    subject: name === "" ? what : setting(name),
    expected: expectationIn(error),
    got: value === undefined ? "none" : JSON.stringify(value).slice(0, 80),
  });
}

/** Our own messages say `expected ...`; those of zod are `Invalid input: expected ..., received ...`. */
function expectationIn({ issues }: z.ZodError): string {
  return /expected (.*?)(, received .*)?$/.exec(issues[0]!.message)?.[1] ?? "a valid value";
}
