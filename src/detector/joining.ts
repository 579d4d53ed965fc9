/** The joined score of a detector that is being written: experts are compared by trials, with the very graphs that the detector will hold. */
import { type RandomKey, randomKey } from "../base/index.ts";
import type { TrainingConfiguration } from "../model/index.ts";
import {
  type Calibration,
  halvesOf,
  isExtra,
  leftOutTogether,
  type ModelTerms,
  makeTermTable,
  type PlacedSource,
  scoreDefinitions,
  selectTerms,
  type TrialKind,
  termWidth,
  withJoined,
} from "../score/index.ts";

/** Images as positions among those held out. */
export interface JoiningHalves {
  /** Those that fit: trials are made from them. */
  readonly fitting: ArrayLike<number>;
  /** Those that are references. None where those that fit are the references, each left out of what it is measured by. */
  readonly referring: ArrayLike<number>;
}

/** What a part that looks at places of images says of all of them, each while it was held out of that part. */
export interface PlacedScores {
  readonly fitting: Float64Array;
  readonly referring: Float64Array;
  readonly trials: Float64Array;
}

/** What experts are compared by. */
export interface JoiningParts extends JoiningHalves {
  /** Trial images, uint8 [n, C, H, W]. */
  readonly pixels: Uint8Array;
  readonly kinds: readonly TrialKind[];
  /** The position in `fitting` of the image that each was drawn on. */
  readonly bases: readonly number[];
  readonly placed: { readonly [Name in PlacedSource]?: PlacedScores };
  /** Whether only these are compared, on images of their own: then `fitting` are as many as their scores are, and flows see none of it. */
  readonly placedOnly?: boolean | undefined;
}

/** What names the halves of held-out images. */
export function calibrationKey({ seed }: Pick<TrainingConfiguration, "seed">): RandomKey {
  return randomKey(seed).fold("calibration");
}

/** Which of so many held-out images will fit, none where they are few, and which will be references; `groups` has a number for each thing that they show. */
export function calibrationHalves(
  training: Pick<TrainingConfiguration, "seed">,
  heldOut: number,
  groups: ArrayLike<number> | undefined,
): JoiningHalves {
  const key = calibrationKey(training);
  if (!leftOutTogether(heldOut, key, groups)) return halvesOf(heldOut, key);
  return { fitting: Array.from({ length: heldOut }, (_, image) => image), referring: [] };
}

/**
 * Whether experts look at pixels, too: where there are halves. Fits that leave out few images many times would take longer than short trainings.
 */
export function looksAtPixels({ referring, placedOnly }: JoiningParts): boolean {
  return referring.length > 0 && !placedOnly;
}

/** Whether the joined score of a calibration hears an expert. */
export function hears({ fits: { joined } }: Calibration, name: string): boolean {
  return joined?.kind === "joined" && joined.experts.some((expert) => expert.heard && expert.name === name);
}

/** The same calibration without what draws from something extra and is not heard: nobody asked for it. */
export function withoutUnheard(calibration: Calibration, scales: number): Calibration {
  const left = scoreDefinitions(scales, ["pixels", "encoder-other"])
    .filter(({ name, needs }) => needs.some(isExtra) && !hears(calibration, name))
    .map(({ name }) => name);
  const without = <T>(all: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !left.includes(name)));
  return {
    ...calibration,
    scores: without(calibration.scores),
    ...(calibration.counts && { counts: without(calibration.counts) }),
    fits: without(calibration.fits),
  };
}

/** A calibration with the joined score, given the terms of all held-out images and, unless only places count, of the trials. */
export function joinExperts(
  calibration: Calibration,
  heldOut: ModelTerms,
  trials: ModelTerms | undefined,
  { fitting, referring, kinds, bases, placed, placedOnly }: JoiningParts,
  groups: ArrayLike<number> | undefined,
): Calibration {
  const withPlaced = (terms: ModelTerms, which: keyof PlacedScores): ModelTerms => ({
    ...terms,
    ...Object.fromEntries(Object.entries(placed).map(([name, scores]) => [name, { scores: scores[which] }])),
  });
  if (placedOnly || !trials) {
    const unseen = (count: number): ModelTerms => {
      const { normal, dimensions } = heldOut;
      const values = new Float32Array(count * termWidth(normal));
      return { normal: makeTermTable(count, normal.scales, values), dimensions };
    };
    const images = { fitting: withPlaced(unseen(fitting.length), "fitting") };
    const tried = { terms: withPlaced(unseen(kinds.length), "trials"), kinds, bases };
    return withJoined(calibration, images, tried, ({ needs }) =>
      needs.some((source) => placed[source as PlacedSource]),
    );
  }
  const halves = {
    fitting: withPlaced(selectTerms(heldOut, fitting), "fitting"),
    referring: referring.length > 0 ? withPlaced(selectTerms(heldOut, referring), "referring") : undefined,
    groups: groups && Array.from(fitting, (image) => groups[image]!),
  };
  return withJoined(calibration, halves, { terms: withPlaced(trials, "trials"), kinds, bases });
}
