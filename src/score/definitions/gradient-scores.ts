/**
 * What gradients say of an image: how steep log p is there, and how much training on the image would change the flow, layer by layer.
 *
 *   gradient-norm   = ln |d log p / d x|
 *   gradient-layers = -sum_l ln N(f_l; m_l, d_l),   f_l = ln |d log p / d theta_l|^2         theta_l the flow's parameters, tensor by tensor
 *   gradient-fisher = 1/2 ln sum_l e^f_l n_l / mean e^f_l                                    n_l numbers in theta_l
 *
 * The first is Grathwohl et al.'s approximate mass ("Your classifier is secretly an energy based model", 2020), after training as here and not in
 * training as in Chali et al., 2023. The second is by Dauncey, Holmes, Williams and Falck, "Approximations to the Fisher information metric of
 * deep generative models for out-of-distribution detection", 2024. The third is Rao's score statistic as in Bergamin et al.,
 * "Model-agnostic out-of-distribution detection using combined statistical tests", 2022, with one Fisher information a tensor
 * instead of one a parameter, which a file would have to hold.
 *
 * Trap: papers that average a norm over a batch judge groups and not images; these are of single images.
 * Cost: gradient-norm a pass forwards and backwards, batch by batch; the others the same with gradients of all parameters, image by image.
 */
import { ConfigError } from "../../base/index.ts";
import { type StatisticTable, statisticsRows } from "../tables/statistic-table.ts";
import { finiteRows } from "./enough-images.ts";
import { fitted, type ScoreDefinition } from "./score-definition.ts";

/** Mean and deviation of every tensor's logarithm of squares over normal images, and the logarithm of their mean: plain data. */
export interface GradientFit {
  readonly tensors: readonly {
    readonly name: string;
    readonly mean: number;
    readonly deviation: number;
    readonly logMean: number;
  }[];
  readonly count: number;
}

/** The fewest images that a fit accepts. */
const leastImages = 8;
/** The least deviation of a logarithm: below it the tensor says the same of every image. */
const leastDeviation = 1e-3;
/** The least square that is told from zero. */
const leastSquare = 1e-30;

/** ln of a sum of squares, finite for zero. */
export function logSquare(square: number): number {
  return Math.log(Math.max(square, leastSquare));
}

/** Fits on held-out normal images. Images with a number that is not finite are left out. Throws RunError for too few. */
function fitGradients(table: StatisticTable): GradientFit {
  const rows = finiteRows(statisticsRows(table), {
    subject: "scores of gradients",
    numbers: "gradients",
    least: leastImages,
  });
  const tensors = table.names.map((name, column) => {
    const values = rows.map((row) => row[column]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / rows.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows.length;
    const most = Math.max(...values);
    const logMean = most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0) / rows.length);
    return { name, mean, deviation: Math.max(leastDeviation, Math.sqrt(variance)), logMean };
  });
  return { tensors, count: rows.length };
}

/** -sum_l ln N(f_l; m_l, d_l) of every image, [count] in nats. Throws ConfigError for another flow's tensors. */
function layerScores(fit: GradientFit, table: StatisticTable): Float64Array {
  checkTensors(fit, table);
  return Float64Array.from(statisticsRows(table), (row) =>
    fit.tensors.reduce(
      (sum, { mean, deviation }, column) =>
        sum + 0.5 * ((row[column]! - mean) / deviation) ** 2 + Math.log(deviation * Math.sqrt(2 * Math.PI)),
      0,
    ),
  );
}

/** 1/2 ln of Rao's statistic of every image, [count] in nats. Throws ConfigError for another flow's tensors. */
function fisherScores(fit: GradientFit, table: StatisticTable): Float64Array {
  checkTensors(fit, table);
  return Float64Array.from(statisticsRows(table), (row) => {
    // A tensor that no normal image moves has no information to be measured by.
    const sum = fit.tensors.reduce((total, { logMean }, column) => {
      const still = logMean <= Math.log(leastSquare) + 1;
      return total + (still ? 0 : table.sizes[column]! * Math.exp(row[column]! - logMean));
    }, 0);
    return 0.5 * Math.log(sum);
  });
}

function checkTensors({ tensors }: GradientFit, { names }: StatisticTable): void {
  if (tensors.map(({ name }) => name).join() === names.join()) return;
  throw new ConfigError({
    code: "other-model",
    subject: "scores of gradients",
    expected: `gradients of ${tensors.length} tensors`,
    got: String(names.length),
    remedy: { key: "other", text: "calibrate this detector again" },
  });
}

/** The records of the three scores. */
export const gradientDefinitions: readonly ScoreDefinition[] = [
  {
    name: "gradient-norm",
    unit: "nats",
    needs: ["slopes"],
    description: "logarithm of the length of the log-likelihood's gradient with respect to the image",
    paper: "Grathwohl et al. 2020",
    measure: ({ slopes }) => slopes!.values.slice(),
  },
  {
    name: "gradient-layers",
    unit: "nats",
    needs: ["gradients"],
    description: "how unusual the gradients' lengths of all parameter tensors are, each among those of normal images",
    paper: "Dauncey et al. 2024",
    ...fitted(
      "gradients",
      ({ gradients }) => fitGradients(gradients!),
      (fit, { gradients }) => layerScores(fit, gradients!),
    ),
  },
  {
    name: "gradient-fisher",
    unit: "nats",
    needs: ["gradients"],
    description: "length of the parameters' gradient by the Fisher information of every tensor, Rao's score statistic",
    paper: "Bergamin et al. 2022",
    ...fitted(
      "gradients",
      ({ gradients }) => fitGradients(gradients!),
      (fit, { gradients }) => fisherScores(fit, gradients!),
    ),
  },
];
