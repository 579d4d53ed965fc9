/**
 * Which way up is an image? Whoever knows what a pile shows can tell; of what does not belong there nobody has learned it (Golan and El-Yaniv 2018, there by a deep
 * network). Here a linear discriminant of local features tells quarter turns apart. It learns from other images than it judges. How often it is right says how much it is worth: where images of a pile have no way up, it says
 * nothing. Pure.
 */
import { solveRidged } from "../statistics/ridge-solution.ts";
import { countPixels, type PixelTable, selectPixels } from "../tables/pixel-table.ts";
import { evenly, type LocalFilters, localFeatures } from "./local-features.ts";

/** The four ways an image is turned, in quarters. */
const turns = [0, 1, 2, 3] as const;

/** What is added to every feature's variance, in mean variances. */
const ridge = 0.3;

/** Images that it learns from: of more, some, evenly. */
const mostLearned = 2000;

/** The least probability that counts: one turn that is told wrongly does not outweigh everything. */
const leastProbability = 1e-6;

/** A linear discriminant: for each turn weights of features, and a number that is added. */
export interface TurnTeller {
  readonly filters: LocalFilters;
  readonly classes: readonly { readonly weights: Float64Array; readonly added: number }[];
}

/** Learns which way up images are that all stand as they should. */
export function learnTurns(filters: LocalFilters, pixels: PixelTable): TurnTeller {
  const learned = selectPixels(pixels, evenly(countPixels(pixels), mostLearned));
  const groups = turns.map((quarters) => localFeatures(filters, learned, quarters));
  const means = groups.map(meanOf);
  const rows = groups.flatMap((features, turn) =>
    features.map((row) => row.map((value, k) => value - means[turn]![k]!)),
  );
  const width = means[0]!.length;
  const variance = rows.reduce((sum, row) => sum + dot(row, row) / (width * rows.length), 0);
  const middle = meanOf(means);
  const classes = means.map((mean) => {
    const weights = solveRidged(
      { rows },
      Math.max(ridge * variance, Number.EPSILON),
      mean.map((value, k) => value - middle[k]!),
    );
    return { weights, added: -(dot(weights, mean) + dot(weights, middle)) / 2 };
  });
  return { filters, classes };
}

/** What is said of the turns of some images. */
export interface ToldTurns {
  /** Nats: -log of the probability of the right turn, over all four. Higher is odder. */
  readonly surprise: Float64Array;
  /** The share of turns that are told rightly: 1/4 by chance. */
  readonly accuracy: number;
}

/** Turns images and has it said which way they are turned. */
export function tellTurns({ filters, classes }: TurnTeller, pixels: PixelTable): ToldTurns {
  const count = countPixels(pixels);
  const surprise = new Float64Array(count);
  let right = 0;
  for (const quarters of turns) {
    for (const [image, row] of localFeatures(filters, pixels, quarters).entries()) {
      const logits = classes.map(({ weights, added }) => dot(weights, row) + added);
      const most = Math.max(...logits);
      const all = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
      surprise[image]! -= Math.log(Math.max(leastProbability, Math.exp(logits[quarters]! - most) / all));
      if (logits[quarters] === most) right++;
    }
  }
  return { surprise, accuracy: right / (count * turns.length) };
}

/** How much an accuracy is worth: 0 by chance, 1 where every turn is told rightly. */
export function turnWeight({ accuracy }: ToldTurns): number {
  return Math.max(0, (accuracy - 1 / turns.length) / (1 - 1 / turns.length));
}

function meanOf(rows: readonly Float64Array[]): Float64Array {
  const mean = new Float64Array(rows[0]!.length);
  for (const row of rows) for (let k = 0; k < mean.length; k++) mean[k]! += row[k]! / rows.length;
  return mean;
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < one.length; k++) sum += one[k]! * other[k]!;
  return sum;
}
