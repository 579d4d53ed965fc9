/**
 * What looks wrong about a calibration: anomalies among the images that were given as normal, scores that hardly differ, scores that are not
 * finite. A program says so; it removes nothing.
 *
 *   D_j = j (Y_(j) - Y_(j+1)),   Y_(j) = log of the j-th largest excess over the lower quartile;   E_j the same without the logarithm
 *
 * In a tail that falls like a power, the D_j are independent and exponential with one mean, in one that falls exponentially the E_j are
 * (Renyi's representation, 1953; the means are Hill's estimate, 1975, and the mean excess). In lighter tails the first ones are smaller. Where
 * both are far above their median, there is a gap that neither tail explains: j images of another kind. A single one is told from a heavy
 * tail only where it is about a hundred times as far out as the next; a few are seen much sooner.
 */

/** Something that looks wrong. */
export type CalibrationDoubt =
  /** So many images score far above all others: they may be anomalies. */
  | { readonly kind: "gap"; readonly images: number; readonly below: number; readonly above: number }
  /** The scores take so few different values that they can hardly rank images. */
  | { readonly kind: "few-values"; readonly values: number }
  /** So many images have no finite score. */
  | { readonly kind: "not-finite"; readonly images: number };

/** The fewest references in which a gap is looked for. */
const leastForGap = 30;
/** The chance that a gap is reported in a calibration without anomalies, about. */
const mistake = 0.003;
/** Fewer different values than this share of the images are few. */
const fewValues = 0.1;

/** What looks wrong about references: so many images, and the finite scores ascending. */
export function calibrationDoubts(reference: {
  readonly count: number;
  readonly scores: readonly number[];
}): CalibrationDoubt[] {
  const { count, scores } = reference;
  const doubts: CalibrationDoubt[] = [];
  const gap = findGap(scores);
  if (gap !== undefined) doubts.push(gap);
  const values = new Set(scores).size;
  if (scores.length >= 10 && values < Math.max(3, fewValues * scores.length))
    doubts.push({ kind: "few-values", values });
  if (count > scores.length) doubts.push({ kind: "not-finite", images: count - scores.length });
  return doubts;
}

function findGap(scores: readonly number[]): CalibrationDoubt | undefined {
  const count = scores.length;
  if (count < leastForGap) return undefined;
  const base = scores[count >> 2]!;
  const excess = (place: number): number => scores[count - place]! - base;
  const tail = Math.floor(count / 3);
  // Few values or a constant have no tail to speak of.
  if (!(excess(tail + 1) > 0)) return undefined;
  const linear = spacingsOf(tail, excess);
  const logarithmic = spacingsOf(tail, (place) => Math.log(excess(place)));
  // Among many anomalies no gap would be seen, so those must be less than a sixth; the rest of the tail is their measure.
  const candidates = Math.floor(count / 6);
  const harmonic = Array.from({ length: candidates }, (_, index) => 1 / (index + 1)).reduce(
    (sum, share) => sum + share,
    0,
  );
  let images = 0;
  let clearest = 1;
  for (let place = 1; place <= candidates; place++) {
    // The chance of a mistake is spent on all places, most of it on the first ones.
    const least = Math.log((place * harmonic) / mistake);
    // The clearest gap: below many anomalies the first normal images are far apart, too, for their places.
    const clarity = Math.min(linear[place - 1]!, logarithmic[place - 1]!) / least;
    if (clarity > clearest) [images, clearest] = [place, clarity];
  }
  return images === 0
    ? undefined
    : { kind: "gap", images, below: scores[count - images - 1]!, above: scores[count - images]! };
}

/** j (v_j - v_(j+1)) for the places of the tail, in units of their mean, by their median: a few wide ones do not change it. */
function spacingsOf(tail: number, value: (place: number) => number): number[] {
  const spacings = Array.from({ length: tail }, (_, index) => (index + 1) * (value(index + 1) - value(index + 2)));
  const mean = [...spacings].sort((a, b) => a - b)[tail >> 1]! / Math.LN2;
  return spacings.map((spacing) => (mean > 0 ? spacing / mean : 0));
}

/** A doubt as one sentence about a calibration on `count` images. */
export function describeDoubt(doubt: CalibrationDoubt, count: number): string {
  switch (doubt.kind) {
    case "gap":
      return `${doubt.images} of ${count} calibration images score far above all others (${show(doubt.above)} and more, the others at most ${show(doubt.below)}): if they are anomalous, leave them out and calibrate again, or fewer anomalies are marked`;
    case "few-values":
      return `the ${count} calibration images have ${doubt.values} different scores: such a score can hardly rank images`;
    case "not-finite":
      return `${doubt.images} of ${count} calibration images have no finite score, and images like them are not marked`;
  }
}

function show(value: number): string {
  return String(Number(value.toPrecision(4)));
}
