/** The plan of a reproduction: made once from suite, flags and budget, kept in its folder, and read by every later call. */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError, FormatError, messageOf } from "../../base/index.ts";
import { isBuiltin, locateImages, openImages, writeFileAtomic } from "../../data/index.ts";
import { describeIssue, deviceNames } from "../../model/index.ts";
import type { Console } from "../console.ts";
import type { ReproduceOptions } from "../reproduce-command.ts";
import type { Extent } from "./budget.ts";
import { checkChannels, checkUnchanged, findGeneralModel } from "./general-model.ts";
import { hasOwnImages, holdBack, makeQuickImages } from "./own-images.ts";
import { measureSpeeds, type Speeds } from "./speed.ts";
import { fixedSteps, stepsOfBudget } from "./step-choice.ts";
import { type SuiteName, suiteNames } from "./suite-names.ts";
import { addSelection, locateData, type SuiteData, suites } from "./suites.ts";
import { requireClasses } from "./supervised.ts";

const positive = z.number().int().min(1);
const namedSet = z.strictObject({ name: z.string(), location: z.string() });

const planSchema = z.strictObject({
  kind: z.literal("outglow reproduction"),
  suite: z.enum(suiteNames),
  title: z.string(),
  /** The flags that were typed when it began. */
  given: z.record(z.string(), z.unknown()),
  budget: z.union([z.number(), z.literal("paper")]).nullable(),
  seeds: z.array(z.number().int().min(0)).min(1),
  data: z.strictObject({
    normal: z.string(),
    test: z.string(),
    anomalous: z.array(namedSet).min(1),
    general: z.string(),
  }),
  input: z.strictObject({ channels: positive, height: positive, width: positive }),
  model: z.strictObject({ scales: positive, depth: positive, hidden: positive }),
  batch: positive,
  /** Plans from before there was a choice do not name it. */
  device: z.enum(deviceNames).default("cpu"),
  /** Of the general model; the other Glows take half of it, the local one the whole. */
  learningRate: z.number().positive(),
  /** Whether the learning rate falls to a tenth for the last tenth of the steps, and rises over the first ones. */
  schedule: z.boolean(),
  flip: z.boolean(),
  translate: z.number(),
  heldOut: z.strictObject({ normal: z.number(), general: z.number() }),
  /** A general model for all seeds; null where every seed trains its own. */
  generalModel: z
    .strictObject({ folder: z.string(), weights: z.string(), steps: positive.nullable() })
    .nullable()
    .default(null),
  steps: z.strictObject({ general: z.number().int().min(0), plain: positive, margin: positive, outlier: positive }),
  /** Steps of the supervised models; null without them. */
  supervised: z.strictObject({ classes: positive, classifier: positive }).nullable().default(null),
  /** Of all seeds when the plan was made; null where nothing was measured. */
  estimatedSeconds: z.number().nullable(),
  notes: z.array(z.string()),
});

export type Plan = z.infer<typeof planSchema>;

const planName = "plan.json";

/** Flags that may differ from call to call. */
const freeFlags: readonly string[] = ["out", "threads", "quiet", "json"];

/** Settings that neither flags nor the paper decide. */
const defaults = {
  usual: { size: 32, depth: 6, width: 64, batch: 64, limit: 3000, seeds: 3 },
  quick: { size: 16, depth: 3, width: 24, batch: 32, limit: 300, seeds: 1 },
  paper: { size: 32, depth: 32, width: 512, batch: 64, limit: Number.MAX_SAFE_INTEGER, seeds: 3 },
} as const;
const defaultBudget = 1800;

/** Held-out images: enough for p-values and the hierarchy score, and no larger share than a small data set can spare. */
const heldOutImages = 1000;
const heldOutShares = { least: 0.02, most: 0.1, small: 0.2 } as const;
const smallSet = 2000;

/** The plan in a folder, or a new one. Throws ConfigError for flags that contradict it, and for everything that is wrong with a new one. */
export async function openPlan(suite: SuiteName, options: ReproduceOptions, output: Console): Promise<Plan> {
  const names = await readdir(options.out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw new ConfigError(`reproduce: --out expects a folder, got '${options.out}': ${messageOf(error)}`);
  });
  if (names.includes(planName)) {
    const plan = await readPlan(join(options.out, planName));
    refuseContradictions(plan, suite, options);
    if (plan.generalModel) await checkUnchanged(plan.generalModel);
    output.note(`going on with what was begun in ${options.out}`);
    return addSupervised(await addSeeds(plan, options), options);
  }
  if (names.length > 0 && !(names.length === 1 && (await hasOwnImages(options.out)))) {
    throw new ConfigError(
      `reproduce: --out expects a new folder, got '${options.out}' with other files in it; choose another`,
    );
  }
  const plan = await makePlan(suite, options, output);
  await mkdir(options.out, { recursive: true });
  await writePlan(plan, options.out);
  return plan;
}

function writePlan(plan: Plan, out: string): Promise<void> {
  return writeFileAtomic(join(out, planName), `${JSON.stringify(plan, null, 2)}\n`);
}

/** The plan with the seeds that a later call names besides those it began with, trained for as many steps as they are. */
async function addSeeds(plan: Plan, { out, seeds = [] }: ReproduceOptions): Promise<Plan> {
  const more = seeds.filter((seed) => !plan.seeds.includes(seed));
  // As many as the budget allowed were left out when the plan was made: the same command leaves them out again.
  if (more.length === 0 || JSON.stringify(seeds) === JSON.stringify(plan.given.seeds)) return plan;
  const longer = { ...plan, given: { ...plan.given, seeds }, seeds: [...plan.seeds, ...more], notes: [] };
  await writePlan(longer, out);
  return longer;
}

/** The plan with the supervised setting where a later call asks for it, trained for as many steps as with the outlier loss. */
async function addSupervised(plan: Plan, { out, supervised }: ReproduceOptions): Promise<Plan> {
  if (!supervised || plan.supervised) return plan;
  await requireClasses(plan.data.normal);
  const { outlier } = plan.steps;
  const longer: Plan = {
    ...plan,
    given: { ...plan.given, supervised },
    supervised: { classes: outlier, classifier: outlier },
    estimatedSeconds: null,
  };
  await writePlan(longer, out);
  return longer;
}

async function readPlan(path: string): Promise<Plan> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new FormatError(`reproduce: could not read '${path}': ${messageOf(error)}; begin in another --out`);
  }
  const result = planSchema.safeParse(content);
  if (result.success) return result.data;
  throw new FormatError(`reproduce: '${path}': ${describeIssue(result.error, content)}; begin in another --out`);
}

function givenFlags(options: ReproduceOptions): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== undefined && !freeFlags.includes(name)),
  );
}

function refuseContradictions(plan: Plan, suite: SuiteName, options: ReproduceOptions): void {
  if (suite !== plan.suite) {
    throw new ConfigError(
      `reproduce: expected the suite that '${options.out}' was begun with, ${plan.suite}, got ${suite}; choose another --out`,
    );
  }
  for (const [name, value] of Object.entries(givenFlags(options))) {
    if (name === "supervised") continue;
    if (name === "seeds" && plan.seeds.every((seed) => options.seeds?.includes(seed))) continue;
    const [got, before] = [JSON.stringify(value), JSON.stringify(plan.given[name])];
    if (got === before) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new ConfigError(
      `reproduce: ${flag} expects what '${options.out}' was begun with (${before ?? "nothing"}), got ${got}; leave it out or choose another --out`,
    );
  }
}

async function makePlan(name: SuiteName, options: ReproduceOptions, output: Console): Promise<Plan> {
  const suite = name === "quick" ? undefined : suites[name];
  const kind = options.budget === "paper" ? "paper" : name === "quick" ? "quick" : "usual";
  const base = defaults[kind];
  const shared = await findGeneralModel(options);
  const extent: Extent = { general: !shared, supervised: options.supervised ?? false };
  const fixed = fixedSteps(name, options, extent);
  if (!suite && extent.supervised) {
    throw new ConfigError(
      "reproduce: --supervised expects normal images in classes, which the suite quick has not; choose fashion or cifar",
    );
  }
  const located = suite && (await locateData(suite, options));
  if (located && extent.supervised) await requireClasses(located.normal);
  const side = options.size ?? shared?.input.height ?? base.size;
  const channels = suite
    ? (suite.channels ?? (await (await openImages(located!.normal, "reproduce: --normal")).channels()))
    : 1;
  if (shared) checkChannels(shared, channels);
  const input = { channels, height: side, width: side };
  const data = await completeData(located ?? (await makeQuickImages(options.out, input)), options, input, output);
  const limited = await limitTests(data, options.limit ?? base.limit);
  const counts = { ...(await countImages(data)), test: limited.test };
  const model = shared?.model ?? {
    scales: 3,
    depth: options.depth ?? base.depth,
    hidden: options.width ?? base.width,
  };
  const batch = options.batch ?? base.batch;
  const seeds = options.seeds ?? Array.from({ length: base.seeds }, (_, seed) => seed);

  const measure = (): Promise<Speeds> => {
    output.note("measuring how fast this machine trains");
    const threads = options.threads ?? availableParallelism();
    const architecture = { architecture: "glow", ...model } as const;
    const { normal, general } = data;
    return measureSpeeds({
      input,
      model: architecture,
      batch,
      threads,
      device: options.device ?? "cpu",
      supervised: extent.supervised,
      normal,
      general,
    });
  };
  const chosen = fixed
    ? { seeds: seeds.length, ...fixed, estimatedSeconds: null, notes: [] }
    : stepsOfBudget(options.budget ?? defaultBudget, seeds.length, await measure(), counts, batch, extent);
  const paper = options.budget === "paper";
  return {
    kind: "outglow reproduction",
    suite: name,
    title: suite?.title ?? "Made images",
    given: givenFlags(options),
    budget: fixed ? null : (options.budget ?? defaultBudget),
    seeds: seeds.slice(0, chosen.seeds),
    data: limited.data,
    input,
    model,
    batch,
    device: options.device ?? "cpu",
    // Fine-tuning takes half of it: the paper has one rate for all, which `trainingArguments` restores.
    learningRate: paper ? 5e-4 : name === "quick" ? 2e-3 : 1e-3,
    schedule: !paper,
    flip: suite?.flip ?? false,
    translate: paper ? 0.1 : 0,
    heldOut: { normal: heldOutShare(counts.normal), general: heldOutShare(counts.general) },
    generalModel: shared?.kept ?? null,
    steps: chosen.steps,
    supervised: chosen.supervised,
    estimatedSeconds: chosen.estimatedSeconds,
    notes: chosen.notes,
  };
}

/** The data with normal images to compare with, held back from the others where there are none. */
async function completeData(
  data: SuiteData,
  { out }: ReproduceOptions,
  input: Plan["input"],
  output: Console,
): Promise<Plan["data"]> {
  // What is wrong with the others is found before anything is written.
  for (const { location } of data.anomalous) await openImages(location, "reproduce: --anomalous");
  await openImages(data.general, "reproduce: --general");
  const own =
    data.test === null ? await holdBack(out, data.normal, input, output) : { normal: data.normal, test: data.test };
  return { ...own, anomalous: [...data.anomalous], general: data.general };
}

/** The test sets with at most `limit` images each, and how many there are in all. */
async function limitTests(data: Plan["data"], limit: number): Promise<{ data: Plan["data"]; test: number }> {
  let total = 0;
  const limited = async (location: string, flag: string): Promise<string> => {
    const { length } = await openImages(location, flag);
    total += Math.min(length, limit);
    const named = isBuiltin(location) || (await locateImages(location, flag)).selection.limit !== undefined;
    return length <= limit || named ? location : addSelection(location, { limit, seed: 0 });
  };
  const test = await limited(data.test, "reproduce: --test");
  const anomalous: Plan["data"]["anomalous"] = [];
  for (const { name, location } of data.anomalous) {
    anomalous.push({ name, location: await limited(location, "reproduce: --anomalous") });
  }
  return { data: { ...data, test, anomalous }, test: total };
}

async function countImages({ normal, general }: Plan["data"]): Promise<{ normal: number; general: number }> {
  return {
    normal: (await openImages(normal, "reproduce: --normal")).length,
    general: (await openImages(general, "reproduce: --general")).length,
  };
}

function heldOutShare(count: number): number {
  const { least, most, small } = heldOutShares;
  if (count < smallSet) return small;
  return Math.min(most, Math.max(least, Math.round((1000 * heldOutImages) / count) / 1000));
}
