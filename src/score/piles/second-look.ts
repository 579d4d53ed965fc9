/**
 * A second look at a pile of images: what do the oddest ones have in common?
 *
 * Strays are often of one kind. What the oddest images of one half share and its others do not is learned by a discriminant (Fisher 1936), and the images of the
 * other half are held against it; so an image is never judged by what it has taught. Where a good part of the oddest are strays, strays that were overlooked
 * come to the front. Where the oddest have nothing else in common, they still have high scores, which are among the features: the order then changes little.
 *
 * Features are what flows say of an image, whitening, and where it is bright and where it is rough, 8 x 8 cells of each. Pure.
 */
import { choleskyFactor, solveCholesky } from "../statistics/covariance.ts";
import { termsPerScale } from "../tables/term-table.ts";
import type { ModelTerms } from "../tables/terms.ts";
import { boundedRows, layoutColumns, ridgedScatter } from "./layout.ts";
import { joinShares, sharesOf } from "./pile-ranks.ts";

/** What is known of the images of one half. */
export interface LookedHalf {
  /** How odd each is by all experts so far. */
  readonly scores: Float64Array;
  /** Features in deviations from the half's medians, one row an image (`featureRows`). */
  readonly rows: readonly Float64Array[];
}

/** The share of a half that counts as its oddest: fewer than may be strays, so that more of them are. */
const oddestShare = 0.05;

/** What is added to every feature's variance, where one deviation is 1: features are many and the oddest few. */
const ridge = 3;

/** Looks in turn, each at the oddest that the one before has found. */
const looks = 4;

/** What a second look says of one half. */
export interface SecondLook {
  /** How odd each image is by all experts and by its likeness. */
  readonly scores: Float64Array;
  /** How much each is like the oddest images of the other half. */
  readonly likeness: Float64Array;
}

/** Looks at both halves again. Likeness and the scores before are joined by ranks, likeness counting twice. */
export function secondLook(halves: readonly [LookedHalf, LookedHalf]): readonly [SecondLook, SecondLook] {
  const held = (own: LookedHalf, other: LookedHalf, odd: Float64Array): SecondLook => {
    const direction = discriminant(other.rows, oddestOf(odd));
    const likeness = Float64Array.from(own.rows, (row) =>
      row.reduce((sum, value, k) => sum + value * direction[k]!, 0),
    );
    return { scores: joinShares([own.scores, likeness, likeness]), likeness };
  };
  const [first, second] = halves;
  let seen = halves.map(({ scores }) => scores);
  for (let look = 1; ; look++) {
    const found = [held(first, second, seen[1]!), held(second, first, seen[0]!)] as const;
    if (look === looks) return found;
    seen = found.map(({ scores }) => scores);
  }
}

/** Whether each image is among the oddest. */
function oddestOf(scores: Float64Array): readonly boolean[] {
  return Array.from(sharesOf(scores), (share) => share <= Math.max(oddestShare, 2 / scores.length));
}

/** The direction that tells images of a group from the others best, given how both scatter: (S + ridge I)^-1 (difference of means). */
function discriminant(rows: readonly Float64Array[], inGroup: readonly boolean[]): number[] {
  const width = rows[0]!.length;
  const means = [false, true].map((group) => {
    const members = rows.filter((_, image) => inGroup[image] === group);
    const mean = new Float64Array(width);
    for (const row of members) for (let k = 0; k < width; k++) mean[k]! += row[k]! / members.length;
    return mean;
  });
  const scattered = rows.map((row, image) => row.map((value, k) => value - means[inGroup[image] ? 1 : 0]![k]!));
  const matrix = ridgedScatter(scattered, ridge);
  return solveCholesky(
    choleskyFactor(matrix),
    Float64Array.from(means[1]!, (value, k) => value - means[0]![k]!),
  );
}

/** The features of every image, in deviations from their medians over these images. `scores` are further columns that count as features. */
export function featureRows(terms: ModelTerms, scores: readonly ArrayLike<number>[]): Float64Array[] {
  const { normal, general, pixels } = terms;
  const width = normal.scales * termsPerScale;
  const columns: Float64Array[] = scores.map((values) => Float64Array.from(values));
  for (let feature = 0; feature < width; feature++) {
    const own = (image: number): number => normal.values[image * width + feature]!;
    columns.push(Float64Array.from({ length: normal.count }, (_, image) => own(image)));
    if (!general) continue;
    const other = (image: number): number => general.values[image * width + feature]!;
    columns.push(Float64Array.from({ length: normal.count }, (_, image) => own(image) - other(image)));
  }
  if (pixels) columns.push(...layoutColumns(pixels, normal.count));
  return boundedRows(columns);
}
