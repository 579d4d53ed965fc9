/** Rank correlations between many columns of scores: how alike several models or scores order the same images. */
import { internalError } from "../base/index.ts";
import { correlationOfRanks } from "./metrics.ts";
import { averageRanks } from "./ranking.ts";

/** Rank correlations of named columns: plain data, safe to keep as JSON. */
export interface CorrelationMatrix {
  readonly names: readonly string[];
  /** Symmetric [names][names], in [-1, 1] with 1 on the diagonal; null where a column is constant or has fewer than two values. */
  readonly values: readonly (readonly (number | null)[])[];
}

/**
 * Spearman's rank correlation of every pair of columns over the same images, ties sharing their average rank. Infinite values are ranked,
 * NaN is not: give scores, not log-likelihoods that may be none. Throws an internal error for a NaN and for columns of unequal length.
 */
export function correlationMatrix(columns: Readonly<Record<string, ArrayLike<number>>>): CorrelationMatrix {
  const names = Object.keys(columns);
  const length = columns[names[0] ?? ""]?.length;
  const ranks = names.map((name) => {
    const values = columns[name]!;
    if (values.length !== length) throw internalError(`rank correlation of ${length} and ${values.length} values`);
    if (Array.from(values).some(Number.isNaN)) throw internalError(`a value of the column ${name} is not a number`);
    return averageRanks(values);
  });
  const values = names.map(() => new Array<number | null>(names.length).fill(null));
  for (let row = 0; row < names.length; row++) {
    for (let column = 0; column <= row; column++) {
      const correlation = correlationOfRanks(ranks[row]!, ranks[column]!) ?? null;
      values[row]![column] = correlation;
      values[column]![row] = correlation;
    }
  }
  return { names, values };
}
