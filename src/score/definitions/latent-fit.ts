/**
 * Do an image's latents look like noise? A flow maps normal images to white noise; of others something is left that can be seen.
 *
 *   latent-fit(x) = max over scales and statistics of z(T_sj(x)),   T = A^2 (Anderson-Darling), V (spectrum), Q (autocorrelation)
 *
 * z is each statistic's own scale: standard normal over normal images, through their quantiles and on along a line (`marginals.ts`), so that one
 * loud statistic is enough and far values keep an order. Bomatter, "Signal in the noise", 2026, with A^2 and V over all latents and the largest
 * rank; by scale, as a flow's scales say different things, with Q of the white-noise test (Wang, Dai, Wipf & Zhu, 2020) and with a scale
 * that does not end at the largest rank, it is ours.
 *
 * Trap: it needs no density, so it does not see an image whose latents are noise that is merely too large or too small. Small scales have
 * few latents, whose statistics say little.
 * Cost: a forward pass of the flow whose outputs are the latents, on top of the one for the terms, and their statistics.
 */
import { ConfigError, type ImageShape } from "../../base/index.ts";
import { fitMarginal, type Marginal, normalScore } from "../statistics/marginals.ts";
import { andersonDarling, boxPierce, spectralVariation } from "../statistics/noise-statistics.ts";
import { makeStatisticTable, type StatisticTable, statisticsRows } from "../tables/statistic-table.ts";
import { finiteRows } from "./enough-images.ts";
import { fitted, type ScoreDefinition } from "./score-definition.ts";

/** Each statistic's scale over normal images: plain data, safe to keep as JSON. */
export interface LatentFit {
  readonly names: readonly string[];
  readonly marginals: readonly Marginal[];
  readonly count: number;
}

const statistics = ["normality", "spectrum", "correlation"] as const;

/** The fewest images that a fit accepts. */
const leastImages = 8;
/** The least deviation of a statistic: below it it is constant. */
const leastDeviation = 1e-6;

/** The names of the statistics of a flow with so many scales. */
export function latentStatisticNames(scales: number): string[] {
  return Array.from({ length: scales }, (_, scale) => statistics.map((name) => `${name}-${scale}`)).flat();
}

/** The statistics of `count` images from their latents, one [count, C, H, W] a scale. */
export function latentStatistics(
  count: number,
  latents: readonly { readonly shape: ImageShape; readonly values: Float32Array }[],
): StatisticTable {
  const names = latentStatisticNames(latents.length);
  const table = new Float64Array(count * names.length);
  for (const [scale, { shape, values }] of latents.entries()) {
    const { channels: planes, height, width } = shape;
    const size = planes * height * width;
    for (let image = 0; image < count; image++) {
      const own = values.subarray(image * size, (image + 1) * size);
      const picture = { planes, height, width, values: own };
      table.set(
        [andersonDarling(own), spectralVariation(picture), boxPierce(picture)],
        image * names.length + scale * statistics.length,
      );
    }
  }
  return makeStatisticTable(count, names, table);
}

/** Fits the scales on held-out normal images. Images with a non-finite statistic are left out. Throws RunError for too few. */
function fitLatents(table: StatisticTable): LatentFit {
  const rows = finiteRows(statisticsRows(table), {
    subject: "score latent-fit",
    numbers: "latents",
    least: leastImages,
  });
  const marginals = table.names.map((_, column) =>
    fitMarginal(
      Float64Array.from(rows, (row) => row[column]!),
      leastDeviation,
    ),
  );
  return { names: table.names, marginals, count: rows.length };
}

/** The score of every image, [count] in deviations; +Infinity for a non-finite statistic. Throws ConfigError for another flow's scales. */
function latentScores(fit: LatentFit, table: StatisticTable): Float64Array {
  if (fit.names.join() !== table.names.join()) {
    throw new ConfigError({
      code: "other-model",
      subject: "score latent-fit",
      expected: `${fit.names.length} statistics of latents`,
      got: String(table.names.length),
      remedy: { key: "other", text: "calibrate this detector again" },
    });
  }
  return Float64Array.from(statisticsRows(table), (row) => {
    if (!row.every(Number.isFinite)) return Number.POSITIVE_INFINITY;
    return Math.max(...fit.marginals.map((marginal, column) => normalScore(marginal, row[column]!)));
  });
}

/** The record of the score. */
export const latentDefinition: ScoreDefinition = {
  name: "latent-fit",
  unit: "deviations",
  needs: ["latents"],
  ofScales: true,
  description: "whether the latents of every scale look like normal white noise: values, spectrum, neighbours",
  paper: "Bomatter 2026",
  ...fitted(
    "latents",
    ({ latents }) => fitLatents(latents!),
    (fit, { latents }) => latentScores(fit, latents!),
  ),
};
