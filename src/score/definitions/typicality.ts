/**
 * Typicality: how far the log-likelihood of an image lies from that of normal images, to either side, as a whole and scale by scale.
 *
 *   whole(x) = |log p(x) - H|      scales(x) = max over scales of |c_s(x) - m_s| / d_s      c_s = log-det + prior of scale s
 *
 * H, m_s and d_s are means and standard deviations over normal images that took no part in training. Too likely an image is as suspect as too
 * unlikely a one: simple images are likely and rare. Nalisnick, Matsukawa, Teh and Lakshminarayanan, "Detecting out-of-distribution
 * inputs to deep generative models using typicality", 2019, with a batch of one image; the maximum over scales is ours.
 *
 * Trap: normal images spread over thousands of nats, so one image must be far off to be seen; groups of images would be seen sooner.
 * Cost: nothing beyond the forward pass. It needs the terms of the normal model and held-out normal images.
 */
import { ConfigError } from "../../base/index.ts";
import { logLikelihoods, piecesOf, scaleSums, type TermTable } from "../tables/term-table.ts";
import { finiteRows } from "./enough-images.ts";
import { fitted, type ScoreDefinition } from "./score-definition.ts";

/** Means and deviations over normal images, in nats: plain data, safe to keep as JSON. */
export interface TypicalityFit {
  /** H, the mean log-likelihood. */
  readonly mean: number;
  /** m_s and d_s by scale, the finest first; those of the whole where there are none. */
  readonly scales: readonly { readonly mean: number; readonly deviation: number }[];
  /** Images with finite terms that the fit rests on. */
  readonly count: number;
}

/** The fewest images that a fit accepts. */
const leastImages = 8;
/** The least deviation relative to the mean, as for a scale whose terms differ by rounding only. */
const leastRelativeDeviation = 1e-5;

/** Fits typicality on held-out normal images. Images with a non-finite term are left out. Throws RunError for too few. */
export function fitTypicality(normal: TermTable): TypicalityFit {
  const sums = scaleSums(normal);
  const pieces = piecesOf(normal.scales);
  const all = Array.from({ length: normal.count }, (_, image) => sums.subarray(image * pieces, (image + 1) * pieces));
  const rows = finiteRows(all, { subject: "typicality", numbers: "terms", least: leastImages });
  const scales = Array.from({ length: pieces }, (_, scale) => {
    const mean = rows.reduce((sum, row) => sum + row[scale]!, 0) / rows.length;
    const variance = rows.reduce((sum, row) => sum + (row[scale]! - mean) ** 2, 0) / rows.length;
    return { mean, deviation: Math.max(Math.sqrt(variance), leastRelativeDeviation * Math.max(1, Math.abs(mean))) };
  });
  return { mean: scales.reduce((sum, { mean }) => sum + mean, 0), scales, count: rows.length };
}

/** |log p(x) - H| of every image, [count] in nats; +Infinity for a non-finite term. Throws ConfigError for other scales. */
export function typicalityScores(fit: TypicalityFit, normal: TermTable): Float64Array {
  checkScales(fit, normal);
  return logLikelihoods(normal).map((value) => finiteOrInfinite(Math.abs(value - fit.mean)));
}

/** |c_s - m_s| / d_s of every image and scale, [count, scales]; +Infinity for a non-finite term. Throws ConfigError for other scales. */
export function scaleTypicality(fit: TypicalityFit, normal: TermTable): Float64Array {
  checkScales(fit, normal);
  return scaleSums(normal).map((value, index) => {
    const { mean, deviation } = fit.scales[index % normal.scales]!;
    return finiteOrInfinite(Math.abs(value - mean) / deviation);
  });
}

/** The largest of an image's scale typicalities, [count] in standard deviations. Throws ConfigError for other scales. */
export function worstScaleTypicality(fit: TypicalityFit, normal: TermTable): Float64Array {
  const every = scaleTypicality(fit, normal);
  return Float64Array.from({ length: normal.count }, (_, image) =>
    Math.max(...every.subarray(image * normal.scales, (image + 1) * normal.scales)),
  );
}

function checkScales({ scales }: TypicalityFit, normal: TermTable): void {
  if (scales.length === piecesOf(normal.scales)) return;
  throw new ConfigError({
    code: "other-model",
    subject: "typicality",
    expected: `terms of ${scales.length} scales`,
    got: `${normal.scales}`,
    remedy: { key: "other", text: "calibrate this detector again" },
  });
}

function finiteOrInfinite(value: number): number {
  return Number.isFinite(value) ? value : Number.POSITIVE_INFINITY;
}

/** The records of both scores. */
export const typicalityDefinitions: readonly ScoreDefinition[] = [
  {
    name: "typicality",
    unit: "nats",
    needs: [],
    description: "distance of the log-likelihood from that of normal images, to either side",
    paper: "Nalisnick et al. 2019",
    ...fitted(
      "typicality",
      ({ normal }) => fitTypicality(normal),
      (fit, { normal }) => typicalityScores(fit, normal),
    ),
  },
  {
    name: "typicality-scales",
    unit: "deviations",
    needs: [],
    ofScales: true,
    description: "the same in the scale where it is largest, in deviations of normal images there",
    paper: "this project",
    ...fitted(
      "typicality",
      ({ normal }) => fitTypicality(normal),
      (fit, { normal }) => worstScaleTypicality(fit, normal),
    ),
  },
];
