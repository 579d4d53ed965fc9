/**
 * PixelCNN++ (Salimans, Karpathy, Chen & Kingma 2017): log P(image) as the sum over its pixels of log P(pixel | pixels before it), each a mixture of logistics over levels.
 *
 * It is the other family of likelihoods in this house: no latents, no scales, no inverse but drawing pixel after pixel. P is of whole levels, where a
 * flow has a density of x = pixel / 256 - 1/2; a level is an interval of 1/256, so the density that spreads P evenly over it is 256^D P, and
 *
 *   log p(x) = D log 256 + log P(image)
 *
 * is on the flows' footing: the first part stands as the log-det of the one scale (x to levels), the second as its prior term. A flow's
 * own density is not even inside an interval, and its mean logarithm over the noise is a lower bound of its log P: bits a dimension compare with that grain.
 */
import { ConfigError, setting } from "../base/index.ts";
import { broadcastLike, constant, reduceSum, type Value } from "../graph/index.ts";
import type { ParameterTree, ValuesOf } from "../nn/index.ts";
import { checkSize, type Flow, type FlowSize } from "./flow.ts";
import { initialMixture, type LevelProbabilities, levelProbabilities } from "./logistic-mixture.ts";
import type { NetworkForm } from "./network-form.ts";
import { pixelNetwork } from "./pixel-network.ts";

/** A PixelCNN++. */
export interface PixelCnn extends Flow {
  readonly discrete: true;
  /** Mixtures of every pixel, [M, H, W, N]; of a part of the image, some of its first rows, where their number can be halved as often as the image's. */
  mixtures(parameters: ValuesOf<ParameterTree>, x: Value): Value;
  /** log P of every pixel and of every level given those before it. */
  probabilities(parameters: ValuesOf<ParameterTree>, x: Value): LevelProbabilities;
}

/** Whether a model draws pixel after pixel. */
export function isPixelCnn(flow: Flow): flow is PixelCnn {
  return "mixtures" in flow;
}

/** The authors halve twice. */
const mostHalvings = 2;

/** How often both sides of an image can be halved, at most twice. */
export function halvingsOf({ height, width }: { readonly height: number; readonly width: number }): number {
  let halvings = 0;
  while (halvings < mostHalvings && height % 2 ** (halvings + 1) === 0 && width % 2 ** (halvings + 1) === 0) halvings++;
  return halvings;
}

/** A PixelCNN++ with `depth` gated blocks a resolution (the authors: 5) and `hidden` channels a stream (160). Throws ConfigError for sizes that cannot be: it has no scales. */
export function makePixelCnn(size: FlowSize, form: NetworkForm = "products"): PixelCnn {
  const { channels, height, width, scales, depth, hidden } = size;
  if (scales !== 0) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: "pixelcnn",
      expected: "no scales",
      got: String(scales),
      remedy: { key: "other", text: `leave ${setting("scales")} out, or choose ${setting("architecture", "glow")}` },
    });
  }
  checkSize("pixelcnn", { ...size, scales: 1 });
  const halvings = halvingsOf(size);
  const networkSize = { channels, depth, width: hidden, halvings, outputs: initialMixture(channels) };
  const network = pixelNetwork(networkSize, form);
  const mixtures = (parameters: ValuesOf<ParameterTree>, x: Value): Value => network.run(parameters, x, false).y;
  const probabilities = (parameters: ValuesOf<ParameterTree>, x: Value): LevelProbabilities =>
    levelProbabilities(mixtures(parameters, x), x);
  const cells = (count: number, like: Value): Value => broadcastLike(constant(like.graph, count * Math.log(256)), like);
  return {
    inputShape: { channels, height, width },
    latentShapes: [],
    discrete: true,
    parameters: network.parameters,
    createParameters: (key) => network.createParameters(key),
    adapt: (parameters, x) => pixelNetwork(networkSize, "products").run(parameters, x, true).parameters,
    normalize: (parameters, x) => {
      const prior = reduceSum(probabilities(parameters, x).byPixel, [0, 1]);
      return { latents: [], terms: [{ logDet: cells(channels * height * width, prior), prior }] };
    },
    termsByPlace: (parameters, x) => {
      const prior = probabilities(parameters, x).byPixel;
      return [{ logDet: cells(channels, prior), prior }];
    },
    mixtures,
    probabilities,
  };
}
