/** Losses of models that know classes. Logits, log-likelihoods and labels are [K, N]: rows are classes, columns images; labels are one-hot. */
import { ShapeError, sameShape, showShape, staticDimension } from "../base/index.ts";
import { multiply, negate, reduceSum, reshape, subtract, type Value } from "../graph/index.ts";
import { type DifferenceLossOptions, outlierPenalty } from "./outlier-penalty.ts";
import { classCountOf, logSoftmax } from "./softmax.ts";

/** Weight of `uniformCrossEntropy` beside `crossEntropy` (Hendrycks et al. 2019, "Deep anomaly detection with outlier exposure"). */
export const outlierExposureWeight = 0.5;

/**
 * The entries of the labelled classes: x [K, N] and one-hot labels [K, N] to [N].
 * Throws ShapeError where the two differ in shape.
 */
export function ofLabels(x: Value, labels: Value): Value {
  expectLabels("ofLabels", x, labels);
  return reduceSum(multiply(x, labels), [0]);
}

/**
 * Cross-entropy -mean_n log softmax(logits)_{y(n)}, a scalar in nats. N must be known.
 * Throws ShapeError where logits and labels differ in shape.
 */
export function crossEntropy(logits: Value, labels: Value): Value {
  const batch = staticDimension(logits.shape[1], "crossEntropy");
  return multiply(reduceSum(ofLabels(logSoftmax(logits), labels)), -1 / batch);
}

/**
 * Outlier exposure: cross-entropy of the uniform distribution to the classifier's, -mean_n 1/K sum_c log softmax(logits)_c, a scalar in
 * nats that is at least ln K and is ln K where the classifier cannot tell (Hendrycks et al. 2019). N must be known.
 * Throws ShapeError for anything but a matrix.
 */
export function uniformCrossEntropy(logits: Value): Value {
  const count = classCountOf(logits, "uniformCrossEntropy");
  const batch = staticDimension(logits.shape[1], "uniformCrossEntropy");
  return multiply(reduceSum(logSoftmax(logits)), -1 / (count * batch));
}

/**
 * The wrong-class loss (Schirrmeister et al. 2020, authors' code, invglow/losses.py): lambda mean_{n, c} (1 - y_cn) softplus((log p(x_n|c) - log p_general(x_n)) / T), a scalar,
 * with `outlierPenalty` in place of the bare softplus. The mean is over all N K pairs, the right classes with their zeros among them.
 * `classes` and one-hot `labels` are [K, N], `general` is [N]; no gradient should flow into `general`, which a frozen model gives. N must be
 * known.
 * Throws ShapeError where shapes do not fit.
 */
export function wrongClassLoss(classes: Value, general: Value, labels: Value, options: DifferenceLossOptions): Value {
  expectLabels("wrongClassLoss", classes, labels);
  const count = classCountOf(classes, "wrongClassLoss");
  const batch = staticDimension(classes.shape[1], "wrongClassLoss");
  if (!sameShape(general.shape, [batch])) {
    throw new ShapeError(`wrongClassLoss: expected ${batch} general log-likelihoods, got ${showShape(general.shape)}`);
  }
  const difference = subtract(classes, reshape(general, [1, batch]));
  const wrong = subtract(1, labels);
  return multiply(reduceSum(multiply(wrong, outlierPenalty(difference, options))), 1 / (batch * count));
}

/** -mean_n log p(x_n|y(n)), a scalar in nats, of class log-likelihoods and one-hot labels, both [K, N] with N known. */
export function labelledNegativeLogLikelihood(classes: Value, labels: Value): Value {
  const batch = staticDimension(classes.shape[1], "labelledNegativeLogLikelihood");
  return multiply(negate(reduceSum(ofLabels(classes, labels))), 1 / batch);
}

function expectLabels(where: string, x: Value, labels: Value): void {
  classCountOf(x, where);
  if (sameShape(x.shape, labels.shape)) return;
  throw new ShapeError(`${where}: expected one-hot labels ${showShape(x.shape)}, got ${showShape(labels.shape)}`);
}
