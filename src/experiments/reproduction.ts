/** A reproduction from plan to page: trains, scores, compares. Where all of that is done, it reports the same results again. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { writeFigures } from "../analysis/index.ts";
import { showDuration } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import type { Watch } from "../workflow/index.ts";
import { describeSteps, trainedNames, trainModels } from "./models.ts";
import { drawReproduction, renderReproduction } from "./page.ts";
import type { Plan } from "./plan.ts";
import { openPlan } from "./planning.ts";
import type { ReproductionRequest } from "./request.ts";
import { measureSeed, type ReproductionResults, type SeedMeasures, summarizeSeeds } from "./results.ts";
import { readTestSets, type ScoredSeed, scoreSeed } from "./scored-images.ts";
import { measureAccuracies, type SeedAccuracies } from "./supervised.ts";
import { renderMarkdown } from "./tables.ts";

/** The files of a reproduction besides its seeds. */
const files = { page: "index.html", table: "table.md", numbers: "results.json" } as const;

/** The commands, one a line, that the page and the tables give for making them again. */
export type CommandsOf = (plan: Plan) => readonly string[];

/** What a reproduction came to. */
export interface Reproduction {
  readonly results: ReproductionResults;
  /** The tables as Markdown. */
  readonly table: string;
  /** The file of the page. */
  readonly page: string;
}

/**
 * Repeats the experiments of a suite, or goes on with what was begun in the folder.
 *
 * @param commandsOf the commands that make it again, for callers that have such
 * @returns undefined where the signal called it off; the same request then goes on
 * @throws ConfigError for settings that cannot be met, before anything is trained; FormatError where a kept file is damaged; RunError where
 * engine or disk refuse
 */
export async function reproduce(
  request: ReproductionRequest,
  watch: Watch = {},
  commandsOf: CommandsOf = () => [],
): Promise<Reproduction | undefined> {
  try {
    const plan = await openPlan(request, watch);
    return await runSeeds(plan, request, commandsOf(plan), watch);
  } catch (error) {
    if (watch.signal?.aborted && error === watch.signal.reason) return undefined;
    throw error;
  }
}

async function runSeeds(
  plan: Plan,
  { out, threads }: ReproductionRequest,
  commands: readonly string[],
  watch: Watch,
): Promise<Reproduction | undefined> {
  announcePlan(plan, watch);
  const sets = await readTestSets(plan, watch);
  const engine = { threads, device: plan.device };
  const page = join(out, files.page);
  const scored: ScoredSeed[] = [];
  const measures: SeedMeasures[] = [];
  const accuracies: (SeedAccuracies | undefined)[] = [];
  let reached: Reproduction | undefined;
  for (const seed of plan.seeds) {
    if ((await trainModels(plan, { out, seed, threads }, watch)) === "interrupted") return undefined;
    scored.push(await scoreSeed({ plan, out, seed, engine }, sets, watch));
    measures.push(measureSeed(plan, scored.at(-1)!));
    accuracies.push(measureAccuracies(scored.at(-1)!, sets[0]!));
    const results = summarizeSeeds(plan, scored, measures, accuracies);
    reached = { results, table: renderMarkdown(results, commands), page };
    // After every seed, so that a stopped run has something to show.
    await writeFileAtomic(join(out, files.numbers), `${JSON.stringify(results, null, 2)}\n`);
    await writeFileAtomic(join(out, files.table), reached.table);
    const isLast = scored.length === plan.seeds.length;
    if (isLast || !(await exists(page))) {
      watch.onEvent?.({ kind: "note", text: "drawing the pictures" });
      const figures = await drawReproduction(results, scored[0]!, engine, watch.signal);
      await writeFigures(out, Object.values(figures).flat());
      await writeFileAtomic(page, renderReproduction(results, figures, commands));
    }
  }
  return reached;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function announcePlan(plan: Plan, { onEvent }: Watch): void {
  const { seeds, estimatedSeconds, notes } = plan;
  const counts = trainedNames(plan)
    .map((name) => `${name} ${describeSteps(plan, name)}`)
    .join(", ");
  onEvent?.({ kind: "note", text: `${seeds.length} ${seeds.length === 1 ? "seed" : "seeds"}; steps: ${counts}` });
  for (const text of notes) onEvent?.({ kind: "warning", text });
  if (estimatedSeconds !== null) {
    onEvent?.({ kind: "note", text: `estimated time in all: ${showEstimate(estimatedSeconds)}` });
  }
}

function showEstimate(seconds: number): string {
  const days = seconds / 86_400;
  return days < 3 ? showDuration(seconds) : `${Math.round(days)} days`;
}
