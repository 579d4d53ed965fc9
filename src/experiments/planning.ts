/** Planning: what a request comes to, checked before anything is trained; for a folder that holds a plan, whether it fits that plan. */
import { mkdir, readdir } from "node:fs/promises";
import { ConfigError, messageOf, setting } from "../base/index.ts";
import { openImages } from "../data/index.ts";
import type { Watch } from "../workflow/index.ts";
import type { Extent } from "./budget.ts";
import { checkChannels, checkUnchanged, type FoundGeneralModel, findGeneralModel } from "./general-model.ts";
import { hasOwnImages, makeQuickImages } from "./own-images.ts";
import { type Plan, planName, readPlan, writePlan } from "./plan.ts";
import { completeData, countImages, limitTests } from "./plan-data.ts";
import { type Budget, givenSettings, type ReproductionRequest } from "./request.ts";
import { measureSpeeds, type Speeds } from "./speed.ts";
import { fixedSteps, stepsOfBudget } from "./step-choice.ts";
import { locateData, type Suite, type SuiteData, suites } from "./suites.ts";
import { requireClasses } from "./supervised.ts";

/** Settings that neither the request nor the paper decides. */
const defaults = {
  usual: { size: 32, depth: 6, width: 64, batch: 64, limit: 3000, seeds: 3 },
  quick: { size: 16, depth: 3, width: 24, batch: 32, limit: 300, seeds: 1 },
  paper: { size: 32, depth: 32, width: 512, batch: 64, limit: Number.MAX_SAFE_INTEGER, seeds: 3 },
} as const;

/** In seconds. */
const defaultBudget = 1800;

/** Held-out images: enough for p-values and the hierarchy score, and no larger share than a small data set can spare. */
const heldOutImages = 1000;
const heldOutShares = { least: 0.02, most: 0.1, small: 0.2 } as const;
const smallSet = 2000;

/** Settings of where images are. The suite quick makes its images and takes none of these. */
const imageSettings = ["data", "config", "normal", "test", "anomalous", "general"] as const;

/**
 * The plan in a folder, or a new one. Throws ConfigError for settings that contradict it, and for everything that is wrong with a new one;
 * FormatError where the plan is damaged.
 */
export async function openPlan(request: ReproductionRequest, watch: Watch): Promise<Plan> {
  const { out } = request;
  const names = await readdir(out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw unusableFolder("unreadable", "a folder", `'${out}': ${messageOf(error)}`);
  });
  if (names.includes(planName)) {
    const plan = await readPlan(out);
    refuseContradictions(plan, request);
    if (plan.generalModel) await checkUnchanged(plan.generalModel);
    watch.onEvent?.({ kind: "note", text: `going on with what was begun in ${out}` });
    return addSupervised(await addSeeds(plan, request), request);
  }
  if (names.length > 0 && !(names.length === 1 && (await hasOwnImages(out)))) {
    throw unusableFolder("exists", "a new folder", `'${out}' with other files in it`);
  }
  const plan = await makePlan(request, watch);
  await mkdir(out, { recursive: true });
  await writePlan(plan, out);
  return plan;
}

function unusableFolder(code: "unreadable" | "exists", expected: string, got: string): ConfigError {
  return new ConfigError({ code, subject: setting("out"), expected, got, remedy: { key: "choose-another" } });
}

/** The plan with the seeds that a later call names besides those it began with; all are trained for as many steps. */
async function addSeeds(plan: Plan, { out, seeds = [] }: ReproductionRequest): Promise<Plan> {
  const more = seeds.filter((seed) => !plan.seeds.includes(seed));
  // Seeds for which the budget was too short were left out when the plan was made. The same request leaves them out again.
  if (more.length === 0 || JSON.stringify(seeds) === JSON.stringify(plan.given.seeds)) return plan;
  const longer = { ...plan, given: { ...plan.given, seeds }, seeds: [...plan.seeds, ...more], notes: [] };
  await writePlan(longer, out);
  return longer;
}

/** The plan with the supervised setting where a later call asks for it, trained for as many steps as with the outlier loss. */
async function addSupervised(plan: Plan, { out, supervised }: ReproductionRequest): Promise<Plan> {
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

function refuseContradictions(plan: Plan, request: ReproductionRequest): void {
  const { suite, out } = request;
  if (suite !== plan.suite) {
    throw contradiction("suite", `${plan.suite}, with which '${out}' was begun`, suite, "");
  }
  for (const [name, value] of Object.entries(givenSettings(request))) {
    if (name === "supervised") continue;
    if (name === "seeds" && plan.seeds.every((seed) => request.seeds?.includes(seed))) continue;
    const [got, before] = [JSON.stringify(value), JSON.stringify(plan.given[name])];
    if (got === before) continue;
    throw contradiction(
      setting(name),
      `what '${out}' was begun with (${before ?? "nothing"})`,
      got,
      "leave it out or ",
    );
  }
}

function contradiction(subject: string, expected: string, got: string, first: string): ConfigError {
  const remedy = { key: "other", text: `${first}choose another ${setting("out")}` } as const;
  return new ConfigError({ code: "conflicting-settings", subject, expected, got, remedy });
}

async function makePlan(request: ReproductionRequest, watch: Watch): Promise<Plan> {
  const suite = request.suite === "quick" ? undefined : suites[request.suite];
  if (!suite) refuseUnused(request);
  const paper = request.budget === "paper";
  const base = defaults[paper ? "paper" : suite ? "usual" : "quick"];
  const shared = await findGeneralModel(request);
  const extent: Extent = { general: !shared, supervised: request.supervised ?? false };
  const fixed = fixedSteps(request, extent);
  const located = suite && (await locateData(suite, request, watch));
  if (located && extent.supervised) await requireClasses(located.normal);
  const input = await inputOf(request.size ?? shared?.input.height ?? base.size, suite, located, shared);
  const all = await completeData(located ?? (await makeQuickImages(request.out, input)), request.out, input, watch);
  watch.signal?.throwIfAborted();
  const limit = { most: request.limit ?? base.limit, isAsked: request.limit !== undefined };
  const { data, test } = await limitTests(all, limit);
  const counts = { ...(await countImages(data)), test };
  const model = shared?.model ?? {
    scales: 3,
    depth: request.depth ?? base.depth,
    hidden: request.width ?? base.width,
  };
  const batch = request.batch ?? base.batch;
  const device = request.device ?? "cpu";
  const seeds = request.seeds ?? Array.from({ length: base.seeds }, (_, seed) => seed);
  const budget: Budget = request.budget ?? defaultBudget;

  const measure = (): Promise<Speeds> => {
    watch.onEvent?.({ kind: "note", text: "measuring how fast this machine trains" });
    const engine = { threads: request.threads, device };
    const { normal, general } = data;
    return measureSpeeds({
      input,
      model: { architecture: "glow", ...model },
      batch,
      engine,
      supervised: extent.supervised,
      normal,
      general,
    });
  };
  watch.signal?.throwIfAborted();
  const chosen = fixed
    ? { seeds: seeds.length, ...fixed, estimatedSeconds: null, notes: [] }
    : stepsOfBudget(budget, seeds.length, await measure(), counts, batch, extent);
  return {
    kind: "outglow reproduction",
    suite: request.suite,
    title: suite?.title ?? "Made images",
    given: givenSettings(request),
    budget: fixed ? null : budget,
    seeds: seeds.slice(0, chosen.seeds),
    data,
    input,
    model,
    batch,
    device,
    // Fine-tuning takes half of it: the paper has one rate for all, which `trainingOf` restores.
    learningRate: paper ? 5e-4 : suite ? 1e-3 : 2e-3,
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

/** Throws ConfigError for settings that the suite quick would ignore. */
function refuseUnused(request: ReproductionRequest): void {
  const unused = imageSettings.find((name) => request[name] !== undefined);
  if (unused !== undefined) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting(unused),
      expected: "a suite that is given images",
      got: "quick, which makes its own",
      remedy: { key: "other", text: "leave it out or choose fashion, cifar or medical" },
    });
  }
  if (!request.supervised) return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("supervised"),
    expected: "normal images in classes",
    got: "those of the suite quick, which have none",
    remedy: { key: "other", text: "choose fashion or cifar" },
  });
}

/** The shape of the models' images: square, with the channels of the suite or of its normal images. */
async function inputOf(
  side: number,
  suite: Suite | undefined,
  located: SuiteData | undefined,
  shared: FoundGeneralModel | undefined,
): Promise<Plan["input"]> {
  const channels = located
    ? (suite?.channels ?? (await (await openImages(located.normal, setting("normal"))).channels()))
    : 1;
  if (shared) checkChannels(shared, channels);
  return { channels, height: side, width: side };
}

function heldOutShare(count: number): number {
  const { least, most, small } = heldOutShares;
  if (count < smallSet) return small;
  return Math.min(most, Math.max(least, Math.round((1000 * heldOutImages) / count) / 1000));
}
