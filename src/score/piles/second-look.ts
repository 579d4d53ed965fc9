/**
 * A second look at a pile of images: what do the oddest ones have in common?
 *
 * Strays are often of one kind. What the oddest images of one half share and its others do not is learned by a discriminant (Fisher 1936), and the images of the
 * other half are held against it; so an image is never judged by what it has taught. Where a good part of the oddest are strays, strays that were overlooked
 * come to the front. Where the oddest have nothing else in common, they still have high scores, which are among the features: the order then changes little.
 *
 * The odder an image is, the more it counts among the oddest: with a limit in its place the look would depend on whether there are as many strays as it lets in.
 *
 * Features are all scores, what flows say of an image, where it is bright and where it is rough, 8 x 8 cells of each, and what it shows (`local-features.ts`). Pure.
 */
import { solveRidged } from "../statistics/ridge-solution.ts";
import { termWidth } from "../tables/term-table.ts";
import type { ModelTerms } from "../tables/terms.ts";
import { boundedRows, layoutColumns } from "./layout.ts";
import { joinShares, sharesOf } from "./pile-ranks.ts";

/** What is known of the images of one half. */
export interface LookedHalf {
  /** How odd each is by all experts so far. */
  readonly scores: Float64Array;
  /** Features in deviations from the half's medians, one row an image (`featureRows`). */
  readonly rows: readonly Float64Array[];
}

/** The share of a half within which an image's part among the oddest falls by a factor of e. */
const oddestShare = 0.015;

/** What is added to every feature's variance, where one deviation is 1: features are many and the oddest few. */
const ridge = 3;

/** How much likeness counts beside the scores before. */
const likenessWeight = 3;

/** Looks in turn, each at the oddest that the one before has found. */
const looks = 4;

/** What a second look says of one half. */
export interface SecondLook {
  /** How odd each image is by all experts and by its likeness. */
  readonly scores: Float64Array;
  /** How much each is like the oddest images of the other half. */
  readonly likeness: Float64Array;
}

/** Looks at both halves again. Likeness and the scores before are joined by ranks, likeness counting three times. */
export function secondLook(halves: readonly [LookedHalf, LookedHalf]): readonly [SecondLook, SecondLook] {
  const held = (own: LookedHalf, other: LookedHalf, odd: Float64Array): SecondLook => {
    const direction = discriminant(other.rows, partsOf(odd));
    const likeness = Float64Array.from(own.rows, (row) =>
      row.reduce((sum, value, k) => sum + value * direction[k]!, 0),
    );
    return { scores: joinShares([own.scores, likeness], [1, likenessWeight]), likeness };
  };
  const [first, second] = halves;
  let seen = halves.map(({ scores }) => scores);
  for (let look = 1; ; look++) {
    const found = [held(first, second, seen[1]!), held(second, first, seen[0]!)] as const;
    if (look === looks) return found;
    seen = found.map(({ scores }) => scores);
  }
}

/** How much each image counts among the oddest, 0 to 1. */
function partsOf(scores: Float64Array): Float64Array {
  return sharesOf(scores).map((share) => Math.exp(-share / oddestShare));
}

/** The direction that tells the oddest from the rest best, given how the rest scatters: (S + ridge I)^-1 (difference of means). */
function discriminant(rows: readonly Float64Array[], parts: Float64Array): Float64Array {
  const others = parts.map((part) => 1 - part);
  const [odd, rest] = [weightedMean(rows, parts), weightedMean(rows, others)];
  const scattered = rows.map((row) => row.map((value, k) => value - rest[k]!));
  const difference = odd.map((value, k) => value - rest[k]!);
  return solveRidged({ rows: scattered, weights: others }, ridge, difference);
}

function weightedMean(rows: readonly Float64Array[], weights: Float64Array): Float64Array {
  const mean = new Float64Array(rows[0]!.length);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (const [at, row] of rows.entries()) {
    for (let k = 0; k < mean.length; k++) mean[k]! += (weights[at]! / total) * row[k]!;
  }
  return mean;
}

/**
 * The features of every image, in deviations from their medians over these images. `scores` are further columns that count as features, `shown` are what images show, a
 * row each (`local-features.ts`).
 */
export function featureRows(
  terms: ModelTerms,
  scores: readonly ArrayLike<number>[],
  shown: readonly Float64Array[] = [],
): Float64Array[] {
  const { normal, general, pixels } = terms;
  const width = termWidth(normal);
  const columns: Float64Array[] = scores.map((values) => Float64Array.from(values));
  for (let feature = 0; feature < width; feature++) {
    const own = (image: number): number => normal.values[image * width + feature]!;
    columns.push(Float64Array.from({ length: normal.count }, (_, image) => own(image)));
    if (!general) continue;
    const other = (image: number): number => general.values[image * width + feature]!;
    columns.push(Float64Array.from({ length: normal.count }, (_, image) => own(image) - other(image)));
  }
  if (pixels) columns.push(...layoutColumns(pixels, normal.count));
  for (let feature = 0; feature < (shown[0]?.length ?? 0); feature++) {
    columns.push(Float64Array.from(shown, (row) => row[feature]!));
  }
  return boundedRows(columns);
}
