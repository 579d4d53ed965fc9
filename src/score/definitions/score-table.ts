/**
 * The table of scores: one record each, all with higher = more anomalous, made from terms alone or with a fit on normal images.
 *
 * The likelihood, the ratio to a general model and to a model of patches, the final scale and the supervised ratio are those of
 * (Schirrmeister et al. 2020). The ratio to a coder is by (Serra et al. 2020), the maximum softmax probability by (Hendrycks & Gimpel 2017).
 * The ratios of single scales and the hierarchy score are this project's own.
 */

import { joinScores } from "../joining/expert-choice.ts";
import { marginalLogLikelihoods, negativeLogMaximumPosteriors } from "../tables/classes.ts";
import { type CoderName, coderNames, coderTitles } from "../tables/coders.ts";
import { logLikelihoods, scaleSums } from "../tables/term-table.ts";
import type { ModelTerms } from "../tables/terms.ts";
import { complexityDefinition } from "./complexity.ts";
import { waicDefinition } from "./ensemble-scores.ts";
import { choiceIn } from "./fits.ts";
import { gradientDefinitions } from "./gradient-scores.ts";
import { fitHierarchy, hierarchyScores } from "./hierarchy.ts";
import { latentDefinition } from "./latent-fit.ts";
import { fitted, type ScoreDefinition } from "./score-definition.ts";
import { stateDensityDefinition } from "./state-density.ts";
import { typicalityDefinitions } from "./typicality.ts";
import { whiteningDefinitions } from "./whitening.ts";

/** Every score of a model with `scales` scales, whatever it draws from, those included that a model without scales cannot have. Add a score by adding a record. */
export function scoreTable(scales: number): ScoreDefinition[] {
  const last = scales - 1;
  return [
    {
      name: "joined",
      unit: "deviations",
      needs: [], // Those of the experts that are heard (`sourcesNeeded`).
      description: "several of these scores as one, chosen and joined by trials on images that the program made",
      paper: "this project",
      fit: "joined",
      measure: (_, fit, others) => joinScores(choiceIn(fit), others).values,
    },
    {
      name: "faults",
      unit: "deviations",
      needs: ["faults"],
      description: "how far the most suspicious places of the image stand out: scratches, stains, holes",
      paper: "this project",
      measure: ({ faults }) => faults!.scores,
      expert: true,
    },
    {
      name: "cells",
      unit: "deviations",
      needs: ["cells"],
      description:
        "the likelihood ratio cell by cell, of flows that the outlier loss on synthetic faults has told apart",
      paper: "Schirrmeister et al. 2020; by cell, this project",
      measure: ({ cells }) => cells!.scores,
      expert: true,
    },
    {
      name: "encoder",
      unit: "deviations",
      needs: ["encoder"],
      description: "how far the most unusual places of the image stand out among features of a given encoder",
      paper: "Defard et al. 2021, Roth et al. 2022",
      measure: ({ encoder }) => encoder!.scores,
      expert: true,
    },
    {
      name: "encoder-other",
      unit: "deviations",
      needs: ["encoder-other"],
      description: "the same with the features compared in the other way: place by place, or with those of all places",
      paper: "Defard et al. 2021, Roth et al. 2022",
      measure: (terms) => terms["encoder-other"]!.scores,
      expert: true,
    },
    {
      name: "hierarchy",
      unit: "nats",
      needs: [],
      ofScales: true,
      description: "distance of all log-dets and prior terms of all scales and models from those of normal images",
      paper: "this project",
      ...fitted("hierarchy", fitHierarchy, hierarchyScores),
      expert: true,
    },
    {
      name: "hierarchy-normal",
      unit: "nats",
      needs: ["general"], // Without a general model it would be `hierarchy` under a second name.
      ofScales: true,
      description: "the hierarchy score over the normal model alone",
      paper: "this project",
      ...fitted(
        "hierarchy",
        (terms) => fitHierarchy(withoutGeneral(terms)),
        (fit, terms) => hierarchyScores(fit, withoutGeneral(terms)),
      ),
      expert: true,
    },
    {
      name: "likelihood",
      unit: "nats",
      needs: [],
      description: "negative log-likelihood",
      paper: "Bishop 1994",
      measure: ({ normal }) => logLikelihoods(normal).map(negative),
      sum: {},
    },
    {
      name: "final-scale",
      unit: "nats",
      needs: [],
      ofScales: true,
      description: "negative log-likelihood of the final, coarsest scale",
      paper: "Schirrmeister et al. 2020",
      measure: (terms) => measureScale(terms, last),
      sum: { scale: last },
      expert: true,
    },
    {
      name: "ratio",
      unit: "nats",
      needs: ["general"],
      description: "negative log-likelihood ratio of the normal to the general model",
      paper: "Schirrmeister et al. 2020",
      measure: ({ normal, general }) => difference(logLikelihoods(normal), logLikelihoods(general!)),
      sum: { less: "general" },
      expert: true,
    },
    {
      name: "ratio-final",
      unit: "nats",
      needs: ["general"],
      ofScales: true,
      description: "negative log-likelihood ratio of the final, coarsest scale",
      paper: "Schirrmeister et al. 2020",
      measure: (terms) => measureScaleRatio(terms, last),
      sum: { scale: last, less: "general" },
      expert: true,
    },
    {
      name: "ratio-local",
      unit: "nats",
      needs: ["local"],
      description: "negative log-likelihood ratio of the normal model to a model of small patches",
      paper: "Schirrmeister et al. 2020",
      measure: ({ normal, local }) => difference(logLikelihoods(normal), logLikelihoods(local!)),
      sum: { less: "local" },
    },
    {
      name: "class-ratio",
      unit: "nats",
      needs: ["classes", "general"],
      description:
        "negative log-likelihood ratio of the class-conditional model, over all classes, to the general model",
      paper: "Schirrmeister et al. 2020",
      measure: ({ classes, general }) => difference(marginalLogLikelihoods(classes!), logLikelihoods(general!)),
    },
    {
      name: "class-likelihood",
      unit: "nats",
      needs: ["classes"],
      description: "negative log-likelihood of the class-conditional model, over all classes",
      paper: "Schirrmeister et al. 2020",
      measure: ({ classes }) => marginalLogLikelihoods(classes!).map(negative),
    },
    {
      name: "msp",
      unit: "nats",
      needs: ["classifier"],
      description: "negative log of the classifier's maximum softmax probability",
      paper: "Hendrycks & Gimpel 2017",
      measure: ({ classifier }) => negativeLogMaximumPosteriors(classifier!),
    },
    ...coderNames.map(
      (coder): ScoreDefinition => ({
        name: `ratio-${coder}`,
        unit: "nats",
        needs: ["coders"],
        description: `negative log-likelihood of the 8-bit image less its size as lossless ${coderTitles[coder]}`,
        paper: "Serra et al. 2020",
        measure: (terms) => measureCoderRatio(terms, coder),
      }),
    ),
    ...coderNames.map(
      (coder): ScoreDefinition => ({
        name: coder,
        unit: "nats",
        needs: ["coders"],
        description: `size as lossless ${coderTitles[coder]} alone, without any model: the baseline to beat`,
        paper: "Serra et al. 2020",
        measure: ({ coders }) => coders![coder].map(nats),
      }),
    ),
    ...Array.from(
      { length: scales },
      (_, scale): ScoreDefinition => ({
        name: `scale-${scale}`,
        unit: "nats",
        needs: [],
        description: `negative log-likelihood of scale ${scale}${scale === 0 ? ", the finest" : ""}`,
        paper: "Schirrmeister et al. 2020",
        measure: (terms) => measureScale(terms, scale),
        sum: { scale },
      }),
    ),
    ...Array.from(
      { length: scales },
      (_, scale): ScoreDefinition => ({
        name: `ratio-scale-${scale}`,
        unit: "nats",
        needs: ["general"],
        description: `negative log-likelihood ratio of scale ${scale}${scale === 0 ? ", the finest" : ""}`,
        paper: "this project",
        measure: (terms) => measureScaleRatio(terms, scale),
        sum: { scale, less: "general" },
      }),
    ),
    ...typicalityDefinitions,
    stateDensityDefinition,
    complexityDefinition,
    ...whiteningDefinitions,
    latentDefinition,
    ...gradientDefinitions,
    waicDefinition,
  ];
}

function measureScale({ normal }: ModelTerms, scale: number): Float64Array {
  return columnOf(scaleSums(normal), normal.scales, scale).map(negative);
}

function measureScaleRatio({ normal, general }: ModelTerms, scale: number): Float64Array {
  const { scales } = normal;
  return difference(columnOf(scaleSums(normal), scales, scale), columnOf(scaleSums(general!), scales, scale));
}

/**
 * S(x) = -log p(x) - L(x): how many nats the model needs more than the coder for the 8-bit image (Serra et al. 2020, equation 3, there
 * in bits). The flow's density is of x = pixel / 256 - 0.5; a grey level is a cell of 1/256 on each of D axes, hence D log 256.
 */
function measureCoderRatio({ normal, coders, dimensions }: ModelTerms, coder: CoderName): Float64Array {
  const sizes = coders![coder];
  const cells = dimensions * Math.log(256);
  return logLikelihoods(normal).map((value, image) => cells - value - nats(sizes[image]!));
}

function withoutGeneral({ normal, dimensions }: ModelTerms): ModelTerms {
  return { normal, dimensions };
}

function columnOf(table: Float64Array, width: number, column: number): Float64Array {
  return Float64Array.from({ length: table.length / width }, (_, row) => table[row * width + column]!);
}

function nats(bits: number): number {
  return bits * Math.LN2;
}

/** 0 - value, so that zero does not become -0. */
function negative(value: number): number {
  return 0 - value;
}

/** -(normal - general) per image; non-finite where either is. */
function difference(normal: Float64Array, general: Float64Array): Float64Array {
  return normal.map((value, image) => general[image]! - value);
}
