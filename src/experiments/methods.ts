/** The methods that a reproduction compares: which score of which detector each one is, and what it means. */
import type { DetectorName } from "./models.ts";

/** A method: a column of the tables. */
export interface Method {
  /** Its name in tables and JSON. */
  readonly name: string;
  readonly detector: DetectorName;
  readonly score: string;
  /** In which table it stands: the paper's methods, or baselines and what joins or goes beyond them. */
  readonly group: "paper" | "beyond" | "scales" | "supervised";
  /** What it is, for those who have not read the paper. */
  readonly explanation: string;
}

/** The paper's methods and this project's own, the paper's baseline first. */
export const mainMethods: readonly Method[] = [
  {
    name: "raw",
    group: "paper",
    detector: "plain",
    score: "likelihood",
    explanation:
      "Negative log-likelihood of the model of normal images: how improbable it finds an image. It mostly measures texture and smoothness, so it can point the wrong way.",
  },
  {
    name: "ratio",
    group: "paper",
    detector: "plain",
    score: "ratio",
    explanation:
      "The same minus the negative log-likelihood under a model of images in general, from which the normal model was fine-tuned: what all images share cancels.",
  },
  {
    name: "ratio, margin",
    group: "paper",
    detector: "margin",
    score: "ratio",
    explanation:
      "The ratio after fine-tuning with a margin loss, which pushes general images below normal ones in likelihood. The paper's baseline for the next column.",
  },
  {
    name: "ratio, outlier loss",
    group: "paper",
    detector: "outlier",
    score: "ratio",
    explanation:
      "The ratio after fine-tuning with the paper's outlier loss, which teaches the normal model to find general images less likely than the general model does.",
  },
  {
    name: "final scale",
    group: "paper",
    detector: "plain",
    score: "final-scale",
    explanation:
      "The raw score of the coarsest scale alone, which sees more of what an image is of than of its texture.",
  },
  {
    name: "ratio of final scale",
    group: "beyond",
    detector: "plain",
    score: "ratio-final",
    explanation: "The ratio of the coarsest scale alone: the paper's two ideas together.",
  },
  {
    name: "ratio of final scale, outlier loss",
    group: "beyond",
    detector: "outlier",
    score: "ratio-final",
    explanation: "The same after fine-tuning with the outlier loss.",
  },
  {
    name: "hierarchy",
    group: "beyond",
    detector: "plain",
    score: "hierarchy",
    explanation:
      "This project's own: how far the log-determinants and prior terms of all scales of both models, taken together, lie from those of held-out normal images.",
  },
  {
    name: "hierarchy, outlier loss",
    group: "beyond",
    detector: "outlier",
    score: "hierarchy",
    explanation: "The same after fine-tuning with the outlier loss.",
  },
  {
    name: "ratio to local",
    group: "paper",
    detector: "plain",
    score: "ratio-local",
    explanation:
      "The ratio to a model that sees patches of 8x8 pixels only, trained on the same normal images: it needs no other data.",
  },
  {
    name: "ratio to PNG",
    group: "paper",
    detector: "plain",
    score: "ratio-png",
    explanation: "The ratio with the size as a PNG file in place of a general model (Serra et al., 2020).",
  },
  {
    name: "ratio to WebP",
    group: "beyond",
    detector: "plain",
    score: "ratio-webp",
    explanation: "The same with lossless WebP, which compresses better.",
  },
  {
    name: "PNG size alone",
    group: "beyond",
    detector: "plain",
    score: "png",
    explanation: "The size as a PNG file and nothing else: no model at all. What does not beat it has learned nothing.",
  },
  {
    name: "WebP size alone",
    group: "beyond",
    detector: "plain",
    score: "webp",
    explanation: "The size as a lossless WebP file and nothing else.",
  },
];

/** The paper's supervised setting, in which normal images have classes. */
export const supervisedMethods: readonly Method[] = [
  {
    name: "class ratio, outlier loss",
    group: "supervised",
    detector: "classes",
    score: "class-ratio",
    explanation:
      "The ratio of a flow that has a density for every class of the normal images, summed over the classes, to the general model; fine-tuned with the outlier loss.",
  },
  {
    name: "class likelihood, outlier loss",
    group: "supervised",
    detector: "classes",
    score: "class-likelihood",
    explanation: "The raw score of the same flow, without the general model.",
  },
  {
    name: "MSP",
    group: "supervised",
    detector: "classes",
    score: "msp",
    explanation:
      "How unsure a classifier of the normal classes is of its answer, its maximum softmax probability (Hendrycks and Gimpel, 2017).",
  },
  {
    name: "MSP, outlier exposure",
    group: "supervised",
    detector: "exposed",
    score: "msp",
    explanation:
      "The same of a classifier that was also trained to be unsure of general images (Hendrycks et al., 2019).",
  },
];

/** Every scale by itself, of plain fine-tuning and of fine-tuning with the outlier loss. */
export function scaleMethods(scales: number): Method[] {
  const each = <T>(make: (scale: number) => T): T[] => Array.from({ length: scales }, (_, scale) => make(scale));
  const of = (detector: DetectorName, ending: string): Method[] => [
    ...each(
      (scale): Method => ({
        name: `scale ${scale}${ending}`,
        group: "scales",
        detector,
        score: `scale-${scale}`,
        explanation: `The raw score of scale ${scale} alone${scale === 0 ? ", the finest" : ""}.`,
      }),
    ),
    ...each(
      (scale): Method => ({
        name: `ratio of scale ${scale}${ending}`,
        group: "scales",
        detector,
        score: `ratio-scale-${scale}`,
        explanation: `The ratio of scale ${scale} alone.`,
      }),
    ),
  ];
  return [...of("plain", ""), ...of("outlier", ", outlier loss")];
}
