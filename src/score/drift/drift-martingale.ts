/**
 * A conformal test martingale: capital that grows only if new scores stop looking like the old ones, so it may be watched for ever.
 *
 *   p_t = (#{seen > s_t} + u #{seen = s_t}) / t      among all t scores seen, its own too, u uniform: independent and uniform while nothing drifts
 *   capital of a bet: C <- C f(p_t),  f(p) = 1 + e (p - 1/2)  or  1 + e (|2p - 1| - 1/2),  e = -1, 0, 1
 *
 * **What is promised.** If the scores of calibration and stream are exchangeable, the capital, 1 at first, *ever* reaches 1 / a with a chance of at
 * most a (Ville, "Etude critique de la notion de collectif", 1939). No number of looks changes that.
 *
 * The bets are the Simple Jumper of Vovk, Petej, Nouretdinov, Ahlberg, Carlsson and Gammerman ("Retrain or not retrain: conformal test
 * martingales for change-point detection", 2021): after every step a share of the capital is spread anew over the bets. Higher, lower, wider
 * and narrower scores have a bet each. Most of the capital waits, and 1 / (t (t + 1)) of it begins to bet at step t: the mixture of a martingale for
 * every starting time, so that a drift after a million quiet images is still found, at the price of a factor t (t + 1).
 *
 * Scores are counted in cells, so that the state stays small: cells are cut by one half of the calibration scores, and the other half begins the
 * count. Given the cells, the second half and the stream are exchangeable, and the promise stands exactly.
 */
import { ConfigError, internalError, permutation, type RandomKey } from "../../base/index.ts";
import { countBelow } from "../statistics/bisection.ts";

/** The state of a watch: plain data, safe to keep as JSON. A later state is a new object. */
export interface MartingaleState {
  /** Upper ends of all cells but the last, ascending. Cell i holds scores in (edges[i - 1], edges[i]]. */
  readonly edges: readonly number[];
  /** Scores seen in every cell, those of the calibration among them. [edges + 1]. */
  readonly counts: readonly number[];
  /** Scores of the stream so far. */
  readonly steps: number;
  /** Capital that does not bet yet. */
  readonly waiting: number;
  /** Capital on each bet: none, lower, higher, narrower, wider. */
  readonly bets: readonly number[];
  /** The largest capital so far. */
  readonly highest: number;
}

/** Bets by name, in the order of the state. */
export const betNames = ["none", "lower", "higher", "narrower", "wider"] as const;

/** The share of capital that is spread anew after every step, as in the paper. */
const jumpShare = 0.01;
/** Where capital stops betting: beyond any threshold, and far from overflow. A stopped martingale is one. */
const mostCapital = 1e15;
/** The most cells. */
const mostCells = 200;
/** The fewest calibration scores: half of them cut the cells. */
export const leastDriftReferences = 20;

/** The state before the first image. Throws ConfigError for fewer than leastDriftReferences scores, an internal error for a NaN. */
export function startMartingale(references: ArrayLike<number>, key: RandomKey): MartingaleState {
  if (references.length < leastDriftReferences) {
    throw new ConfigError({
      code: "too-few-images",
      subject: "drift",
      expected: `a calibration on at least ${leastDriftReferences} images`,
      got: String(references.length),
    });
  }
  const order = permutation(references.length, key.fold("drift halves").stream());
  const half = Math.floor(references.length / 2);
  const scores = Float64Array.from(order, (image) => references[image]!);
  if (scores.some(Number.isNaN)) throw internalError("a score is not a number");
  const cutting = scores.slice(0, half).filter(Number.isFinite).sort();
  const cells = Math.min(mostCells, cutting.length);
  const places = Array.from({ length: cells }, (_, cell) => Math.floor(((cell + 0.5) * cutting.length) / cells));
  const edges = [...new Set(places.map((place) => cutting[place]!))];
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const score of scores.subarray(half)) counts[countBelow(edges, score)]!++;
  return { edges, counts, steps: 0, waiting: 1, bets: [0, 0, 0, 0, 0], highest: 1 };
}

/**
 * The state after more scores of the stream, in the order in which they came. `key` must be the same throughout a watch: it breaks ties, by the
 * number of the step, so a watch that was stopped and goes on ends where an unbroken one does.
 */
export function advanceMartingale(state: MartingaleState, scores: ArrayLike<number>, key: RandomKey): MartingaleState {
  const ties = key.fold("drift tie");
  const counts = [...state.counts];
  let bets = [...state.bets];
  let { steps, waiting, highest } = state;
  let seen = counts.reduce((sum, count) => sum + count, 0);
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index]!;
    if (Number.isNaN(score)) throw internalError("a score is not a number");
    const cell = countBelow(state.edges, score);
    counts[cell]!++;
    seen++;
    steps++;
    let above = 0;
    for (let higher = cell + 1; higher < counts.length; higher++) above += counts[higher]!;
    const uniform = ties.fold(steps).stream().uniform();
    const pValue = (above + uniform * counts[cell]!) / seen;

    let capital = bets.reduce((sum, bet) => sum + bet, 0);
    if (capital + waiting < mostCapital) {
      const entering = waiting / (steps + 1); // 1 / t less 1 / (t + 1): what is left waiting is 1 / (t + 1).
      waiting -= entering;
      capital += entering;
      bets = bets.map((bet, index) => {
        const begun = bet + entering / bets.length;
        return ((1 - jumpShare) * begun + (jumpShare * capital) / bets.length) * payoff(index, pValue);
      });
    }
    highest = Math.max(highest, waiting + bets.reduce((sum, bet) => sum + bet, 0));
  }
  return { edges: state.edges, counts, steps, waiting, bets, highest };
}

/** f(p) of a bet; each has mean 1 over a uniform p. High scores have small p. */
function payoff(bet: number, pValue: number): number {
  const fromMiddle = Math.abs(2 * pValue - 1);
  switch (betNames[bet]) {
    case "lower":
      return 1 + (pValue - 0.5);
    case "higher":
      return 1 - (pValue - 0.5);
    case "narrower":
      return 1 - (fromMiddle - 0.5);
    case "wider":
      return 1 + (fromMiddle - 0.5);
    default:
      return 1;
  }
}

/** The capital now. */
export function capitalOf({ waiting, bets }: MartingaleState): number {
  return bets.reduce((sum, bet) => sum + bet, waiting);
}

/** The bet that holds the most capital, or `none`: how the scores drifted. */
export function driftDirection({ bets }: MartingaleState): (typeof betNames)[number] {
  return betNames[bets.reduce((best, bet, index) => (bet > bets[best]! ? index : best), 0)]!;
}
