/** `outglow reproduce`: plans, trains, scores and compares; says the same again where all of it is done. */
import { access } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { writeFigures } from "../../analysis/index.ts";
import { writeFileAtomic } from "../../data/index.ts";
import { requireDevice } from "../../runtime/index.ts";
import { type Console, openConsole } from "../console.ts";
import { showDuration } from "../options.ts";
import type { ReproduceOptions } from "../reproduce-command.ts";
import { quoteWord } from "../shell-words.ts";
import { describeSteps, detectorNamesOf, modelFolder, trainedNames, trainingArguments, trainModels } from "./models.ts";
import { drawReproduction, renderReproduction } from "./page.ts";
import { openPlan, type Plan } from "./plan.ts";
import { measureSeed, type ReproductionResults, type SeedMeasures, summarizeSeeds } from "./results.ts";
import { readTestSets, type ScoredSeed, scoreSeed } from "./scored-images.ts";
import type { SuiteName } from "./suite-names.ts";
import { measureAccuracies, type SeedAccuracies } from "./supervised.ts";
import { renderMarkdown } from "./tables.ts";

/** The files of a reproduction besides its seeds. */
const files = { page: "index.html", table: "table.md", numbers: "results.json" } as const;

/** Repeats the experiments of a suite. */
export async function reproduce(suite: SuiteName, options: ReproduceOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const { out, threads } = options;
  await requireDevice(options.device ?? "cpu");
  const plan = await openPlan(suite, options, output);
  announcePlan(plan, output);
  const sets = await readTestSets(plan, output);
  const commands = commandLines(plan, out);
  const scored: ScoredSeed[] = [];
  const measures: SeedMeasures[] = [];
  const accuracies: (SeedAccuracies | undefined)[] = [];
  let results: ReproductionResults | undefined;
  for (const seed of plan.seeds) {
    if ((await trainModels(plan, out, seed, threads, output)) === "interrupted") {
      output.warn(`stopped; the same command goes on: ${commands[0]}`);
      return;
    }
    scored.push(await scoreSeed(plan, out, seed, sets, threads, output));
    measures.push(measureSeed(plan, scored.at(-1)!));
    accuracies.push(measureAccuracies(scored.at(-1)!, sets[0]!));
    results = summarizeSeeds(plan, scored, measures, accuracies);
    // After every seed, so that a stopped run has something to show.
    await writeFileAtomic(join(out, files.numbers), `${JSON.stringify(results, null, 2)}\n`);
    await writeFileAtomic(join(out, files.table), renderMarkdown(results, commands));
    const isLast = scored.length === plan.seeds.length;
    if (isLast || !(await exists(join(out, files.page)))) {
      output.note("drawing the pictures");
      const figures = await drawReproduction(results, scored[0]!, {
        threads: threads ?? availableParallelism(),
        device: plan.device,
      });
      await writeFigures(out, Object.values(figures).flat());
      await writeFileAtomic(join(out, files.page), renderReproduction(results, figures, commands));
    }
  }
  output.print(options.json ? JSON.stringify(results) : renderMarkdown(results!, commands));
  output.note(`page: ${join(out, files.page)}`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function announcePlan(plan: Plan, output: Console): void {
  const { seeds, estimatedSeconds, notes } = plan;
  const counts = trainedNames(plan)
    .map((name) => `${name} ${describeSteps(plan, name)}`)
    .join(", ");
  output.note(`${seeds.length} ${seeds.length === 1 ? "seed" : "seeds"}; steps: ${counts}`);
  for (const note of notes) output.warn(note);
  if (estimatedSeconds !== null) output.note(`estimated time in all: ${showEstimate(estimatedSeconds)}`);
}

function showEstimate(seconds: number): string {
  const days = seconds / 86_400;
  return days < 3 ? showDuration(seconds) : `${Math.round(days)} days`;
}

/** What makes it again: the command itself, and what it runs for the first seed. */
function commandLines(plan: Plan, out: string): string[] {
  const flags = Object.entries(plan.given).flatMap(([name, value]) => flagOf(name, value));
  const line = (words: readonly string[]): string => ["outglow", ...words.map(quoteWord)].join(" ");
  const [seed] = plan.seeds;
  const { test, anomalous } = plan.data;
  const sets = ["--normal", test, ...anomalous.flatMap(({ name, location }) => ["--anomalous", `${name}=${location}`])];
  return [
    line(["reproduce", plan.suite, "--out", out, ...flags]),
    "",
    `# what it runs, seed ${seed}:`,
    ...trainedNames(plan).map((name) => line(["train", ...trainingArguments(plan, out, seed!, name)])),
    ...detectorNamesOf(plan).map((name) => line(["evaluate", modelFolder(out, seed!, name), ...sets])),
  ];
}

/** A flag as it was typed; durations in seconds. */
function flagOf(name: string, value: unknown): string[] {
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (name === "anomalous" && Array.isArray(value)) return value.flatMap((one) => [flag, String(one)]);
  if (name === "seeds" && Array.isArray(value)) return [flag, showSeeds(value.map(Number))];
  if (name === "budget" && typeof value === "number") return [flag, `${value}s`];
  return value === true ? [flag] : [flag, String(value)];
}

/** As `--seeds` takes them. */
function showSeeds(seeds: readonly number[]): string {
  return seeds.every((seed, index) => seed === index) ? String(seeds.length) : seeds.join(",");
}
