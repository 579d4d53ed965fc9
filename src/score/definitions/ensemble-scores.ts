/**
 * WAIC: the log-likelihood of several independently trained flows, less their disagreement.
 *
 *   score(x) = -(mean_m log p_m(x) - var_m log p_m(x))        variance with divisor M
 *
 * Choi, Jang and Alemi, "WAIC, but why? Generative ensembles for robust anomaly detection", 2018. Others could not repeat its results (Morningstar
 * et al., 2021): the variance is in squared nats and can outweigh the mean by orders of magnitude. It is here to be compared with.
 *
 * Trap: it needs flows that were trained apart; two of one run, or of one start, hardly disagree.
 * Cost: a forward pass of each of M flows. It needs two or more detectors trained with other seeds on the same normal images.
 */
import { ConfigError, internalError } from "../../base/index.ts";
import { logLikelihoods } from "../tables/term-table.ts";
import type { ScoreDefinition } from "./score-definition.ts";

/**
 * WAIC of every image, [count], from each flow's log-likelihoods in nats; +Infinity where one is not finite.
 * Throws ConfigError for fewer than two flows.
 */
export function waicScores(flows: readonly ArrayLike<number>[]): Float64Array {
  const [first] = flows;
  if (first === undefined || flows.length < 2) {
    throw new ConfigError({
      code: "missing-setting",
      subject: "score waic",
      expected: "two or more detectors",
      got: String(flows.length),
      remedy: { key: "other", text: "train more of them with other seeds" },
    });
  }
  if (flows.some(({ length }) => length !== first.length)) throw internalError("WAIC of other images");
  return Float64Array.from({ length: first.length }, (_, image) => {
    const values = flows.map((flow) => flow[image]!);
    if (!values.every(Number.isFinite)) return Number.POSITIVE_INFINITY;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return variance - mean;
  });
}

/** The record of the score: the detector's own flow and those beside it. */
export const waicDefinition: ScoreDefinition = {
  name: "waic",
  unit: "nats",
  needs: ["ensemble"],
  description: "negative log-likelihood averaged over several detectors, plus their disagreement",
  paper: "Choi et al. 2018",
  measure: ({ normal, ensemble }) => {
    const { count, names, values } = ensemble!;
    const others = names.map((_, column) =>
      Float64Array.from({ length: count }, (_, image) => values[image * names.length + column]!),
    );
    return waicScores([logLikelihoods(normal), ...others]);
  },
};
