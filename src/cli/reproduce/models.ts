/** The models of a seed: each a detector folder made by `outglow train`, finished once and gone on with where it was stopped. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { manifestName } from "../../detector/index.ts";
import { isRun, runFolder } from "../../train/index.ts";
import type { Console } from "../console.ts";
import { trainDetector } from "../train.ts";
import { type TrainOptions, trainCommand } from "../train-command.ts";
import type { Plan } from "./plan.ts";

/**
 * What is trained for a seed, in order: a model of general images; one of normal images that starts from it, with a local model beside;
 * the same with the margin loss; the same with the outlier loss. In the supervised setting also one with a density for each class, with a
 * classifier beside, and a classifier with outlier exposure.
 */
const modelNames = ["general", "plain", "margin", "outlier", "classes", "exposed"] as const;
export type TrainedName = (typeof modelNames)[number];

/** The detectors among them: those with normal images to compare with. */
export type DetectorName = Exclude<TrainedName, "general">;
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
/** Looks at held-out images a training. */
const looks = 10;
/** Where the learning rate falls to a tenth. */
const decayShare = 0.9;

/** The folder of a model. */
export function modelFolder(out: string, seed: number, name: TrainedName): string {
  return join(out, `seed-${seed}`, name);
}

/**
 * A detector always has a flow, and the one beside the exposed classifier is compared with nothing: it is as small as can be and gets one step.
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

/** What a person would type after `outglow train` for a model. */
export function trainingArguments(plan: Plan, out: string, seed: number, name: TrainedName): string[] {
  const { data, input, batch, device, learningRate, flip, translate, supervised } = plan;
  const general = ["--normal", data.normal, "--general-detector", generalFolder(plan, out, seed)];
  const outliers = ["--outliers", data.general];
  const what: Readonly<Record<TrainedName, readonly string[]>> = {
    general: ["--as", "general", "--general", data.general],
    plain: [...general, "--local"],
    margin: [...general, "--objective", "margin", ...outliers],
    outlier: [...general, "--objective", "outlier", ...outliers],
    classes: [...general, "--classes", "--objective", "outlier", ...outliers, "--classifier", "plain"],
    exposed: ["--normal", data.normal, "--classifier", "exposed", ...outliers],
  };
  const model = name === "exposed" ? leastFlow.model : plan.model;
  // All settings of a schedule go by the steps of what is compared: the classifier's where that is all.
  const count = name === "exposed" ? supervised!.classifier : stepsOf(plan, name);
  return [
    ...what[name],
    ...["--out", modelFolder(out, seed, name), "--steps", String(stepsOf(plan, name))],
    ...(isSupervised(name) ? ["--classifier-steps", String(supervised!.classifier)] : []),
    ...["--size", String(input.height), "--channels", String(input.channels)],
    ...["--scales", String(model.scales), "--depth", String(model.depth), "--width", String(model.hidden)],
    ...["--batch", String(batch), "--learning-rate", String(learningRate)],
    ...(device === "cpu" ? [] : ["--device", device]),
    ...(plan.schedule
      ? ["--warmup", String(Math.min(mostWarmup, Math.floor(count / looks))), ...milestones(count)]
      : ["--fine-tuning-rate", String(learningRate), "--warmup", "0"]),
    ...(flip ? ["--flip"] : []),
    ...(translate > 0 ? ["--translate", String(translate)] : []),
    ...["--held-out", String(plan.heldOut[name === "general" ? "general" : "normal"])],
    ...["--evaluate-every", String(Math.max(1, Math.round(count / looks))), "--seed", String(seed)],
  ];
}

function milestones(steps: number): string[] {
  const step = Math.floor(steps * decayShare);
  return step >= 1 ? ["--milestones", String(step)] : [];
}

/** Trains the models of a seed that are not there yet. Says whether it came to its end. */
export async function trainModels(
  plan: Plan,
  out: string,
  seed: number,
  threads: number | undefined,
  output: Console,
): Promise<"finished" | "interrupted"> {
  for (const name of trainedNames(plan)) {
    const folder = modelFolder(out, seed, name);
    if (await isFinished(folder)) continue;
    output.note(`seed ${seed}: ${name} model, ${describeSteps(plan, name)} steps`);
    const typed = trainingArguments(plan, out, seed, name);
    const options = await parseTraining(threads === undefined ? typed : [...typed, "--threads", String(threads)]);
    const resume = await isRun(runFolder(folder));
    // A folder without a record of its run was left before the first step: it is begun anew.
    const outcome = await trainDetector({ ...options, resume, force: !resume }, { ...output, print: () => undefined });
    if (outcome === "interrupted") return outcome;
  }
  return "finished";
}

/** The steps of what is compared. */
export function describeSteps(plan: Plan, name: TrainedName): string {
  if (name === "exposed") return String(plan.supervised!.classifier);
  const classifier = name === "classes" ? ` and ${plan.supervised!.classifier}` : "";
  return `${stepsOf(plan, name)}${classifier}`;
}

/** The options that `outglow train` makes of these arguments. */
async function parseTraining(typed: readonly string[]): Promise<TrainOptions> {
  const command = trainCommand()
    .exitOverride()
    .action(() => undefined);
  await command.parseAsync(typed, { from: "user" });
  return command.opts<TrainOptions>();
}

/** A manifest is written last: a folder that has one is a whole detector. */
function isFinished(folder: string): Promise<boolean> {
  return access(join(folder, manifestName)).then(
    () => true,
    () => false,
  );
}
