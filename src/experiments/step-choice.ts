/** How many steps every model gets: by the request, by the suite, or by a budget. */
import { ConfigError, setting, showDuration } from "../base/index.ts";
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
import type { Budget, ReproductionRequest } from "./request.ts";
import type { Speeds } from "./speed.ts";

const quickSteps: StepCounts = { general: 300, plain: 150, margin: 60, outlier: 100 };

/**
 * The steps that a request names, or those of the suite quick; undefined where a budget decides. Throws ConfigError for settings that do not
 * go together.
 */
export function fixedSteps(
  { suite, budget, steps, generalSteps }: Pick<ReproductionRequest, "suite" | "budget" | "steps" | "generalSteps">,
  { general, supervised }: Extent,
): PlannedSteps | undefined {
  if (budget !== undefined && (steps !== undefined || generalSteps !== undefined)) {
    throw refuseBoth(setting("budget"), steps === undefined ? setting("generalSteps") : setting("steps"));
  }
  if (generalSteps !== undefined && !general) throw refuseBoth(setting("generalModel"), setting("generalSteps"));
  if (steps !== undefined) {
    return {
      steps: { general: general ? (generalSteps ?? 2 * steps) : 0, plain: steps, margin: steps, outlier: steps },
      supervised: supervised ? { classes: steps, classifier: steps } : null,
    };
  }
  if (generalSteps !== undefined) {
    throw new ConfigError({
      code: "missing-setting",
      subject: setting("generalSteps"),
      expected: `${setting("steps")} beside it`,
      got: "none",
      remedy: { key: "other", text: "give both" },
    });
  }
  if (suite !== "quick" || budget !== undefined) return undefined;
  return { steps: general ? quickSteps : { ...quickSteps, general: 0 }, supervised: null };
}

function refuseBoth(one: string, other: string): ConfigError {
  return new ConfigError({
    code: "conflicting-settings",
    subject: one,
    expected: `no ${other} beside it`,
    got: "both",
    remedy: { key: "choose-one" },
  });
}

/** The steps that a budget buys, or the paper's, with how long they take and what is to be said of them. */
export function stepsOfBudget(
  budget: Budget,
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
