/**
 * Objectives of the supervised setting (Schirrmeister et al. 2020, authors' code, invglow/losses.py), with y(n) the class of normal image n and K classes:
 *
 *   class-conditional flow:  L = mean_n -log p(x_n|y(n))
 *     with outliers:           + wrong-class loss on the normal images + outlier loss on the marginal log p(x) = log 1/K sum_c p(x|c)
 *   classifier:              L = mean_n -log p(y(n)|x_n)      and, exposed to outliers, + 0.5 cross-entropy to equally likely classes
 */
import type { ImageShape } from "../../base/index.ts";
import type { ClassConditional, ClassConditionalParameters } from "../../flow/index.ts";
import {
  add,
  concatenate,
  greater,
  maximum,
  multiply,
  reduceSum,
  reshape,
  split,
  stopGradient,
  subtract,
  toFloat,
  type Value,
} from "../../graph/index.ts";
import {
  type Classifier,
  crossEntropy,
  type DifferenceLossOptions,
  labelledNegativeLogLikelihood,
  ofLabels,
  outlierExposureWeight,
  outlierPenalty,
  uniformCrossEntropy,
  type ValuesOf,
  wrongClassLoss,
} from "../../nn/index.ts";
import { addParts, measureLikelihood } from "./likelihood.ts";
import { batchShape, type Objective, type Trainable } from "./objective.ts";

/**
 * The mean negative log-likelihood of x [C, H, W, N] given its classes, one-hot `labels` [K, N], in nats an image. Measures:
 * `classNegativeLogLikelihood`, the same; `negativeLogLikelihood` and `terms` [scales] of the marginal, which compare with those of a flow
 * without classes; `classAccuracy`, the share of images whose class is the likeliest.
 */
export function classLikelihood(top: ClassConditional): Objective {
  return {
    model: trainableTop(top),
    inputShapes: (batchSize) => labelledShapes(top.flow.inputShape, top.classCount, batchSize),
    measure: (parameters, { x, labels }) => {
      const { terms, classes } = top.normalize(parametersOf(parameters), x!);
      return measureClasses(terms.map(addParts), classes, labels!);
    },
  };
}

/**
 * `classLikelihood` with the wrong-class loss on x, whose log-likelihood under the general model comes in as `normalReference` [N], and the
 * outlier loss on `outliers` [C, H, W, N] with `reference` [N]. More measures: `wrongClassLoss`, `outlierLoss` and `outlierDifference`, the
 * mean of log p - log p_general over the outliers, all in nats.
 */
export function classOutlierLikelihood(top: ClassConditional, settings: DifferenceLossOptions): Objective {
  const { inputShape } = top.flow;
  return {
    model: trainableTop(top),
    inputShapes: (batchSize) => ({
      ...labelledShapes(inputShape, top.classCount, batchSize),
      outliers: batchShape(inputShape, batchSize),
      reference: [batchSize],
      normalReference: [batchSize],
    }),
    measure: (parameters, { x, labels, outliers, reference, normalReference }) => {
      const count = x!.shape[3] as number;
      // One pass over both batches: twice as wide multiplications, half as many nodes.
      const both = top.normalize(parametersOf(parameters), concatenate([x!, outliers!], 3));
      const halves = both.terms.map((term) => split(addParts(term), 0, [count, count]));
      const [classes] = split(both.classes, 1, [count, count]);
      const normal = measureClasses(
        halves.map(([half]) => half!),
        classes!,
        labels!,
      );
      const wrong = wrongClassLoss(classes!, normalReference!, labels!, settings);
      const difference = subtract(
        halves.map(([, half]) => half!).reduce((sum, part) => add(sum, part)),
        reference!,
      );
      const outlierLoss = multiply(reduceSum(outlierPenalty(difference, settings)), 1 / count);
      const outlierDifference = multiply(reduceSum(difference), 1 / count);
      return {
        loss: add(normal.loss, add(wrong, outlierLoss)),
        measures: { ...normal.measures, wrongClassLoss: wrong, outlierLoss, outlierDifference },
      };
    },
  };
}

/**
 * Cross-entropy of a classifier's x [C, H, W, N] with one-hot `labels` [K, N] and, `exposed`, half the uniform cross-entropy of `outliers`
 * [C, H, W, N] (Hendrycks et al. 2019). Measures: `crossEntropy`, `accuracy` and, exposed, `uniformCrossEntropy`, in nats an image.
 */
export function classification(classifier: Classifier, inputShape: ImageShape, exposed: boolean): Objective {
  const { classCount } = classifier;
  return {
    model: { inputShape, ...classifier },
    inputShapes: (batchSize) => ({
      ...labelledShapes(inputShape, classCount, batchSize),
      ...(exposed ? { outliers: batchShape(inputShape, batchSize) } : {}),
    }),
    measure: (parameters, { x, labels, outliers }) => {
      const count = x!.shape[3] as number;
      const logits = classifier.logits(parameters, exposed ? concatenate([x!, outliers!], 3) : x!);
      const [normal, others] = exposed ? split(logits, 1, [count, count]) : [logits];
      const labelled = crossEntropy(normal!, labels!);
      const measures = { crossEntropy: labelled, accuracy: accuracyOf(normal!, labels!) };
      if (!others) return { loss: labelled, measures };
      const uniform = uniformCrossEntropy(others);
      return {
        loss: add(labelled, multiply(uniform, outlierExposureWeight)),
        measures: { ...measures, uniformCrossEntropy: uniform },
      };
    },
  };
}

/** Parameters of the general form as those of a class-conditional flow, whose tree they were made from. */
function parametersOf(parameters: Parameters<Objective["measure"]>[0]): ValuesOf<ClassConditionalParameters> {
  return parameters as ValuesOf<ClassConditionalParameters>;
}

function trainableTop(top: ClassConditional): Trainable {
  return {
    inputShape: top.flow.inputShape,
    parameters: top.parameters,
    createParameters: (key) => top.createParameters(key),
    adapt: (parameters, x, labels) => top.adapt(parametersOf(parameters), x, labels),
  };
}

function labelledShapes(inputShape: ImageShape, classCount: number, batchSize: number) {
  return { x: batchShape(inputShape, batchSize), labels: [classCount, batchSize] };
}

/** Loss and measures from the marginal log-likelihood of every scale, [N] each, and log p(x|c) and one-hot labels [K, N]. */
function measureClasses(scales: readonly Value[], classes: Value, labels: Value) {
  const { measures } = measureLikelihood(scales, classes.shape[1] as number);
  const loss = labelledNegativeLogLikelihood(classes, labels);
  return {
    loss,
    measures: { ...measures, classNegativeLogLikelihood: loss, classAccuracy: accuracyOf(classes, labels) },
  };
}

/** The share of images whose labelled row is larger than every other one: rows and one-hot labels [K, N] to a scalar. */
function accuracyOf(rows: Value, labels: Value): Value {
  const [classCount, count] = rows.shape as [number, number];
  const values = stopGradient(rows);
  const own = reshape(ofLabels(values, labels), [1, count]);
  // Far below whatever a row can be, so that an image's own row is never the largest of the others.
  const others = split(
    subtract(values, multiply(labels, 1e30)),
    0,
    Array.from({ length: classCount }, () => 1),
  );
  const right = greater(
    own,
    others.reduce((most, row) => maximum(most, row)),
  );
  return multiply(reduceSum(toFloat(right)), 1 / count);
}
