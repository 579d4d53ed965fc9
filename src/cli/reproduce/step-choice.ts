/** How many steps every model gets: by flags, by the suite, or by a budget. */
import { ConfigError } from "../../base/index.ts";
import { showDuration } from "../options.ts";
import type { ReproduceOptions } from "../reproduce-command.ts";
import {
  type Extent,
  estimateSeconds,
  type ImageCounts,
  leastGeneralSteps,
  leastPlainSteps,
  type PlannedSteps,
  paperSteps,
  planSteps,
  type StepCounts,
} from "./budget.ts";
import type { Speeds } from "./speed.ts";
import type { SuiteName } from "./suite-names.ts";

const quickSteps: StepCounts = { general: 300, plain: 150, margin: 60, outlier: 100 };

/** The steps that flags name, or the quick suite has; undefined where a budget decides. Throws ConfigError for flags that do not go together. */
export function fixedSteps(
  name: SuiteName,
  { budget, steps, generalSteps }: ReproduceOptions,
  { general, supervised }: Extent,
): PlannedSteps | undefined {
  if (budget !== undefined && (steps !== undefined || generalSteps !== undefined)) {
    throw new ConfigError("reproduce: expected --budget or --steps and --general-steps, got both; choose one");
  }
  if (generalSteps !== undefined && !general) {
    throw new ConfigError("reproduce: expected --general-model or --general-steps, got both; choose one");
  }
  if (steps !== undefined) {
    return {
      steps: { general: general ? (generalSteps ?? 2 * steps) : 0, plain: steps, margin: steps, outlier: steps },
      supervised: supervised ? { classes: steps, classifier: steps } : null,
    };
  }
  if (generalSteps !== undefined)
    throw new ConfigError("reproduce: --general-steps expects --steps, got none; give both");
  if (name !== "quick" || budget !== undefined) return undefined;
  return { steps: general ? quickSteps : { ...quickSteps, general: 0 }, supervised: null };
}

/** The steps that a budget buys, or the paper's, with how long they take and what is to be said of them. */
export function stepsOfBudget(
  budget: NonNullable<ReproduceOptions["budget"]>,
  wanted: number,
  speeds: Speeds,
  counts: ImageCounts,
  batch: number,
  extent: Extent,
) {
  const { seeds, ...planned } =
    budget === "paper"
      ? { seeds: wanted, ...paperSteps(counts, batch, extent) }
      : planSteps(budget, wanted, speeds, counts, extent);
  const enough = extent.general
    ? `${leastGeneralSteps} steps or more of the general model`
    : `${leastPlainSteps} steps or more of plain fine-tuning`;
  const notes =
    seeds === wanted
      ? []
      : [`The budget of ${showDuration(budget as number)} allows ${seeds} of ${wanted} seeds with ${enough}.`];
  return { seeds, ...planned, estimatedSeconds: estimateSeconds(planned, seeds, speeds, counts), notes };
}
