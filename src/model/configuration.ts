/** What a training run is told: validated, complete, and stored beside its results. */
import { z } from "zod";
import {
  architectures,
  ConfigError,
  deviceNames,
  fitWays,
  memoryModes,
  type ObjectiveName,
  optimizerNames,
  splitWays,
} from "../base/index.ts";
import { checkSchedule } from "../optim/index.ts";
import { issueParts } from "./schema-issue.ts";

const positive = z.number().int().min(1);

/** How stored images become a model's input where there is a choice (`InputForm` in `pixels/`). The defaults are what was done before there was. */
export const preparationFields = {
  background: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i)
    .default("#000000"),
  sampleBits: z.number().int().min(8).max(16).nullable().default(16),
  sampleRange: z.tuple([z.number(), z.number()]).readonly().nullable().default(null),
  /** Only where they are not as usual, so that earlier programs read all others. */
  deepRange: z.tuple([z.number(), z.number()]).readonly().exactOptional(),
  fit: z.enum(fitWays).exactOptional(),
};

/** One flow's training. */
const phaseSchema = z.strictObject({
  /** Stops after this many steps or seconds, whichever comes first; null for no limit. */
  steps: positive.nullable(),
  seconds: z.number().positive().nullable(),
  learningRate: z.number().positive(),
  warmup: z.number().int().min(0),
  milestones: z.array(positive),
  factor: z.number().positive().max(1),
});

/** A residual classifier's training and size: channels of its first stage, blocks a stage, and whether it sees outliers. */
const classifierSchema = phaseSchema.extend({ hidden: positive, blocks: positive, exposed: z.boolean() });

/**
 * What the normal flow minimises besides its negative log-likelihood (Schirrmeister et al. 2020, equation 2): nothing, the outlier loss with weight and
 * temperature in nats, or the margin loss with a factor and nats.
 */
const objectiveSchemas = {
  nll: z.strictObject({ loss: z.literal("nll") }),
  outlier: z.strictObject({
    loss: z.literal("outlier"),
    weight: z.number().positive(),
    temperature: z.number().positive(),
  }),
  margin: z.strictObject({ loss: z.literal("margin"), weight: z.number().positive(), margin: z.number().positive() }),
} satisfies { readonly [Name in ObjectiveName]: z.ZodObject<{ loss: z.ZodLiteral<Name> }> };
const objectiveSchema = z.discriminatedUnion("loss", [
  objectiveSchemas.nll,
  objectiveSchemas.outlier,
  objectiveSchemas.margin,
]);

/** What the models take, and how images become it. Runs and detectors from before there was a choice name neither background nor bits. */
const inputSchema = z.strictObject({
  channels: positive,
  height: positive,
  width: positive,
  ...preparationFields,
});

export const trainingSchema = z.strictObject({
  input: inputSchema,
  model: z
    .strictObject({
      /** Older runs and detectors do not name it. */
      architecture: z.enum(architectures).default("glow"),
      /** 0 for an architecture without scales. */
      scales: z.number().int().min(0),
      depth: positive,
      hidden: positive,
    })
    .refine(({ architecture, scales }) => scales > 0 || architecture === "pixelcnn", {
      path: ["scales"],
      error: "expected a positive number",
    }),
  batchSize: positive,
  optimizer: z.enum(optimizerNames),
  weightDecay: z.number().min(0),
  clipNorm: z.number().positive().nullable(),
  augmentation: z.strictObject({ flip: z.boolean(), translate: z.number().min(0).max(0.5) }),
  heldOut: z.number().gt(0).lt(1),
  /** Which images these are; by chance where it is not said. Only where it is not as usual, so that earlier programs read all others. */
  splitBy: z.enum(splitWays).exactOptional(),
  /** Steps between two evaluations on held-out images. */
  evaluateEvery: positive,
  /** Evaluations without a better held-out value before training stops. */
  patience: positive,
  seed: z.number().int().min(0),
  threads: positive,
  /** Whether hidden activations are kept for the gradient or made again. Older runs do not name it. */
  memory: z.enum(memoryModes).default("auto"),
  device: z.enum(deviceNames),
  normal: phaseSchema,
  general: phaseSchema.nullable(),
  /** A flow of local patches of the normal images, beside the normal flow. */
  local: phaseSchema.nullable().default(null),
  /** A classifier of the normal images' classes, beside the flows. */
  classifier: classifierSchema.nullable().default(null),
  /** Names of the normal images' classes in the order of the models' outputs; null where no model knows classes. */
  classes: z.array(z.string()).min(2).nullable().default(null),
  /** Whether the normal flow has a class-conditional top. */
  classConditional: z.boolean().default(false),
  objective: objectiveSchema.default({ loss: "nll" }),
  /** Where the normal flow starts: at the general model where there is one, fresh, or at another detector's normal model. */
  start: z.enum(["general", "fresh", "detector"]).default("general"),
  /** The scales of the normal flow that are trained; null for all. */
  trainedScales: z.array(z.number().int().min(0)).min(1).nullable().default(null),
});

/** One model's training. */
export type PhaseConfiguration = z.infer<typeof phaseSchema>;
/** Everything that a training is told, complete. */
export type TrainingConfiguration = z.infer<typeof trainingSchema>;
/** What the normal flow minimises. */
export type ObjectiveConfiguration = TrainingConfiguration["objective"];

/** The models that a run can train, in the order it does. */
export const phaseNames = ["general", "normal", "local", "classifier"] as const;
/** The name of a phase. */
export type PhaseName = (typeof phaseNames)[number];
/** Those that have a likelihood. */
export type FlowName = Exclude<PhaseName, "classifier">;

/** A checked configuration. Throws ConfigError that names the first wrong field. */
export function parseConfiguration(value: unknown, where: string): TrainingConfiguration {
  const result = trainingSchema.safeParse(value);
  if (!result.success) {
    const { path, expected, got } = issueParts(result.error, value);
    const subject = path === "" ? where : `${where}: ${path}`;
    throw new ConfigError({ code: "out-of-range", subject, expected, got });
  }
  for (const name of phaseNames) {
    const phase = result.data[name];
    if (phase) checkSchedule(phase);
  }
  return result.data;
}
