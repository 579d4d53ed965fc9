/** The models of a seed: one detector folder each. Each is trained once; a training that was stopped goes on. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { manifestName } from "../detector/index.ts";
import { isRun, runFolder } from "../train/index.ts";
import { type TrainRequest, train, type Watch } from "../workflow/index.ts";
import type { Plan } from "./plan.ts";

/**
 * What is trained for a seed, in order: a model of general images; one of normal images that starts from it, with a local model beside;
 * the same with the margin loss; the same with the outlier loss. In the supervised setting also one with a density for each class, with a
 * classifier beside, and a classifier with outlier exposure.
 */
const modelNames = ["general", "plain", "margin", "outlier", "classes", "exposed"] as const;
/** The name of a trained model. */
export type TrainedName = (typeof modelNames)[number];

/** The detectors among them: those with normal images to compare with. */
export type DetectorName = Exclude<TrainedName, "general">;
/** The name of a model that is trained with labels. */
export type SupervisedName = "classes" | "exposed";

/** What a plan trains for every seed, in order. */
export function trainedNames({ generalModel, supervised }: Pick<Plan, "generalModel" | "supervised">): TrainedName[] {
  return modelNames.filter((name) => (isSupervised(name) ? supervised : name !== "general" || !generalModel));
}

/** The detectors among them. */
export function detectorNamesOf(plan: Pick<Plan, "generalModel" | "supervised">): DetectorName[] {
  return trainedNames(plan).filter((name) => name !== "general");
}

function isSupervised(name: TrainedName): name is SupervisedName {
  return name === "classes" || name === "exposed";
}

/** Steps over which the learning rate rises, at most. */
const mostWarmup = 100;
/** How often a training looks at held-out images. */
const looks = 10;
/** The share of the steps after which the learning rate falls to a tenth. */
const decayShare = 0.9;

/** The folder of a model. */
export function modelFolder(out: string, seed: number, name: TrainedName): string {
  return join(out, `seed-${seed}`, name);
}

/**
 * Every detector has a flow, and nothing is compared with the one beside the exposed classifier: it is as small as can be and gets one step.
 */
const leastFlow = { model: { scales: 1, depth: 1, hidden: 8 }, steps: 1 } as const;

/** How many steps the flow of a model is trained. */
export function stepsOf({ steps, supervised }: Plan, name: TrainedName): number {
  if (name === "exposed") return leastFlow.steps;
  return name === "classes" ? supervised!.classes : steps[name];
}

/** The folder of the general model of a seed. */
function generalFolder({ generalModel }: Plan, out: string, seed: number): string {
  return generalModel?.folder ?? modelFolder(out, seed, "general");
}

/** The training of a model. */
export function trainingOf(plan: Plan, out: string, seed: number, name: TrainedName): TrainRequest {
  const { data, input, batch, device, learningRate, flip, translate, supervised } = plan;
  const general = { normal: data.normal, generalDetector: generalFolder(plan, out, seed) };
  const outliers = data.general;
  const what: Readonly<Record<TrainedName, Partial<TrainRequest>>> = {
    general: { as: "general", general: data.general },
    plain: { ...general, local: true },
    margin: { ...general, objective: "margin", outliers },
    outlier: { ...general, objective: "outlier", outliers },
    classes: { ...general, classes: true, objective: "outlier", outliers, classifier: "plain" },
    exposed: { normal: data.normal, classifier: "exposed", outliers },
  };
  const { scales, depth, hidden: width } = name === "exposed" ? leastFlow.model : plan.model;
  // The schedule follows the steps of the model that is compared: with `exposed`, the classifier.
  const count = name === "exposed" ? supervised!.classifier : stepsOf(plan, name);
  return {
    ...what[name],
    out: modelFolder(out, seed, name),
    steps: stepsOf(plan, name),
    ...(isSupervised(name) ? { classifierSteps: supervised!.classifier } : {}),
    size: input.height,
    channels: input.channels,
    scales,
    depth,
    width,
    batch,
    learningRate,
    ...(device === "cpu" ? {} : { device }),
    ...(plan.schedule
      ? { warmup: Math.min(mostWarmup, Math.floor(count / looks)), ...milestonesOf(count) }
      : { fineTuningRate: learningRate, warmup: 0 }),
    ...(flip ? { flip } : {}),
    ...(translate > 0 ? { translate } : {}),
    heldOut: plan.heldOut[name === "general" ? "general" : "normal"],
    evaluateEvery: Math.max(1, Math.round(count / looks)),
    seed,
  };
}

function milestonesOf(steps: number): Pick<TrainRequest, "milestones"> {
  const step = Math.floor(steps * decayShare);
  return step >= 1 ? { milestones: [step] } : {};
}

/** Trains the models of a seed that are not there yet. Says whether it came to its end. */
export async function trainModels(
  plan: Plan,
  { out, seed, threads }: { readonly out: string; readonly seed: number; readonly threads: number },
  watch: Watch,
): Promise<"finished" | "interrupted"> {
  for (const name of trainedNames(plan)) {
    const folder = modelFolder(out, seed, name);
    if (await isFinished(folder)) continue;
    watch.onEvent?.({ kind: "note", text: `seed ${seed}: ${name} model, ${describeSteps(plan, name)} steps` });
    const resume = await isRun(runFolder(folder));
    // A folder without a record of its run was left before the first step: it is begun anew.
    const fresh = { ...trainingOf(plan, out, seed, name), threads, force: true };
    const trained = await train(resume ? { out: folder, resume } : fresh, watch);
    if (trained.outcome === "interrupted") return "interrupted";
  }
  return "finished";
}

/** The steps of the models that are compared. */
export function describeSteps(plan: Plan, name: TrainedName): string {
  if (name === "exposed") return String(plan.supervised!.classifier);
  const classifier = name === "classes" ? ` and ${plan.supervised!.classifier}` : "";
  return `${stepsOf(plan, name)}${classifier}`;
}

/** A manifest is written last: a folder that has one is a whole detector. */
function isFinished(folder: string): Promise<boolean> {
  return access(join(folder, manifestName)).then(
    () => true,
    () => false,
  );
}
