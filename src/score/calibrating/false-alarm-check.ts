/**
 * Are so many false alarms still chance? The number M of marked images among N new normal ones, where the threshold lets k of n + 1 mark:
 *
 *   P(M = m) = C(N, m) B(m + k, N - m + n + 1 - k) / B(k, n + 1 - k)        k = rate (n + 1)
 *
 * Binomial for a rate that were known. It is not: n references set the threshold, so that its true rate is Beta(k, n + 1 - k) around k / (n + 1)
 * (Vovk, "Conditional validity of inductive conformal predictors", 2012), and M is beta-binomial. With few references that is most of the spread.
 */
import { internalError } from "../../base/index.ts";
import { logGamma } from "../statistics/special-functions.ts";

/** How many images would have to be marked to be beyond chance, as chances of what was seen. */
export interface FalseAlarmTails {
  /** P(M >= marked). */
  readonly asMany: number;
  /** P(M <= marked). */
  readonly asFew: number;
}

/** The chances of so many marked images or more, and of so many or fewer, at a false-alarm rate that `references` images promise. */
export function falseAlarmTails(marked: number, images: number, rate: number, references: number): FalseAlarmTails {
  if (!(marked >= 0 && marked <= images)) throw internalError(`${marked} of ${images} images marked`);
  const a = rate * (references + 1);
  const b = references + 1 - a;
  if (a <= 0) return { asMany: marked === 0 ? 1 : 0, asFew: 1 };
  if (b <= 0) return { asMany: 1, asFew: marked === images ? 1 : 0 };
  const logChance =
    logGamma(images + 1) -
    logGamma(marked + 1) -
    logGamma(images - marked + 1) +
    logGamma(marked + a) +
    logGamma(images - marked + b) -
    logGamma(images + a + b) +
    logGamma(a + b) -
    logGamma(a) -
    logGamma(b);
  const here = Math.exp(logChance);
  // From what was seen outwards on the side of the tail, where the terms fall.
  if (marked / images >= rate) {
    let [sum, term] = [here, here];
    for (let m = marked; m < images && term > 1e-16 * sum; m++) {
      term *= ((images - m) * (m + a)) / ((m + 1) * (images - m - 1 + b));
      sum += term;
    }
    return { asMany: Math.min(1, sum), asFew: Math.min(1, 1 - sum + here) };
  }
  let [sum, term] = [here, here];
  for (let m = marked; m > 0 && term > 1e-16 * sum; m--) {
    term *= (m * (images - m + b)) / ((images - m + 1) * (m - 1 + a));
    sum += term;
  }
  return { asMany: Math.min(1, 1 - sum + here), asFew: Math.min(1, sum) };
}

/** What is beyond the 95 % interval of chance: more or fewer marked normal images than it explains; undefined within. */
export function beyondChance(
  marked: number,
  images: number,
  rate: number,
  references: number,
): "more" | "fewer" | undefined {
  const { asMany, asFew } = falseAlarmTails(marked, images, rate, references);
  return asMany < 0.025 ? "more" : asFew < 0.025 ? "fewer" : undefined;
}
