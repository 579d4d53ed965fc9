/** What tests by simulation share: how far a share of so many trials may lie from a chance. */
import { betaDistribution } from "../statistics/special-functions.ts";

/** A test by simulation with fixed seeds fails for a true claim with this chance, were the seed drawn anew. */
const mistake = 1e-3;

/**
 * Whether so many hits in so many independent trials are no reason to doubt that the chance of a hit is at most `chance`:
 * P(Binomial(trials, chance) >= hits) is not below one in a thousand.
 */
export function mayBeAtMost(hits: number, trials: number, chance: number): boolean {
  return hits === 0 || betaDistribution(chance, hits, trials - hits + 1) >= mistake;
}

/** Whether so many hits are no reason to doubt that the chance of a hit is at least `chance`. */
export function mayBeAtLeast(hits: number, trials: number, chance: number): boolean {
  return mayBeAtMost(trials - hits, trials, 1 - chance);
}
