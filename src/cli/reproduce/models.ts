/** The models of a seed: each a detector folder made by `outglow train`, finished once and gone on with where it was stopped. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { manifestName } from "../../detector/index.ts";
import { isRun, runFolder } from "../../train/index.ts";
import type { Console } from "../console.ts";
import { train } from "../train.ts";
import { type TrainOptions, trainCommand } from "../train-command.ts";
import type { Plan } from "./plan.ts";

/**
 * What is trained for a seed, in order: a model of general images; one of normal images that starts from it, with a local model beside;
 * the same with the margin loss; the same with the outlier loss.
 */
export const modelNames = ["general", "plain", "margin", "outlier"] as const;
export type TrainedName = (typeof modelNames)[number];

/** The detectors among them: those with normal images to compare with. */
export const detectorNames = ["plain", "margin", "outlier"] as const;
export type DetectorName = (typeof detectorNames)[number];

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

/** What a person would type after `outglow train` for a model. */
export function trainingArguments(plan: Plan, out: string, seed: number, name: TrainedName): string[] {
  const { data, input, model, batch, learningRate, flip, translate, steps } = plan;
  const general = modelFolder(out, seed, "general");
  const what: Readonly<Record<TrainedName, readonly string[]>> = {
    general: ["--as", "general", "--general", data.general],
    plain: ["--normal", data.normal, "--general-detector", general, "--local"],
    margin: [
      "--normal",
      data.normal,
      "--general-detector",
      general,
      "--objective",
      "margin",
      "--outliers",
      data.general,
    ],
    outlier: [
      "--normal",
      data.normal,
      "--general-detector",
      general,
      "--objective",
      "outlier",
      "--outliers",
      data.general,
    ],
  };
  const count = steps[name];
  return [
    ...what[name],
    ...["--out", modelFolder(out, seed, name), "--steps", String(count)],
    ...["--size", String(input.height), "--channels", String(input.channels)],
    ...["--scales", String(model.scales), "--depth", String(model.depth), "--width", String(model.hidden)],
    ...["--batch", String(batch), "--learning-rate", String(learningRate)],
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
  for (const name of modelNames) {
    const folder = modelFolder(out, seed, name);
    if (await isFinished(folder)) continue;
    output.note(`seed ${seed}: ${name} model, ${plan.steps[name]} steps`);
    const typed = trainingArguments(plan, out, seed, name);
    const options = await parseTraining(threads === undefined ? typed : [...typed, "--threads", String(threads)]);
    const resume = await isRun(runFolder(folder));
    // A folder without a record of its run was left before the first step: it is begun anew.
    const outcome = await train({ ...options, resume, force: !resume }, { ...output, print: () => undefined });
    if (outcome === "interrupted") return outcome;
  }
  return "finished";
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
