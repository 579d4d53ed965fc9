/**
 * Maps of places as they are shown and measured: of one part that looks at places, or of those that a joined score hears, as one.
 *
 *   h_part = (value - median) / (q95 - median)     over the part's scores of normal images
 *   joint  = mean of h over the parts              at the size of the picture
 *
 * Both parts count in standard deviations of normal cells, and yet are on no one scale: the mean over networks and levels of local faults spreads less than
 * one standard deviation, and distances of features have the longer tail. Where normal images reach says how much each number means.
 */
import type { Manifest } from "../../detector/index.ts";
import { addResampled, resampled, standardised } from "../../faults/portable.ts";
import { type PlacedSource, placedNames } from "../../score/index.ts";
import type { PlacedMaps } from "./place-scoring.ts";

/** What a map of places shows: what one part sees, or what those see that a joined score hears, with equal weights. */
export type PlacedSubject =
  | { readonly kind: PlacedSource }
  | { readonly kind: "joined"; readonly parts: readonly PlacedSource[] };

/** How the maps of a subject are drawn. */
export interface PlacedView {
  /** From where on a map is tinted and where most, the same for all images of a detector. */
  readonly range: readonly [low: number, high: number];
  /** An image's map at a size, [height, width]: of one part in standard deviations of normal cells, of several the mean of their heights. */
  draw(maps: PlacedMaps, size: { readonly height: number; readonly width: number }): Float32Array;
}

/** The least distance between usual and high scores of normal images, in standard deviations: few images may be alike by chance. */
const leastSpread = 0.5;

/** A map is tinted most this many spreads above what 95 % of normal images reach. */
const spreadsAbove = 2;

/** The parts that are drawn. */
export function partsOf(subject: PlacedSubject): readonly PlacedSource[] {
  return subject.kind === "joined" ? subject.parts : [subject.kind];
}

/** The parts that look at places and that a joined score hears; none for any other score. */
export function heardParts(
  manifest: Pick<Manifest, "calibration" | PlacedSource>,
  score: string,
): readonly PlacedSource[] {
  const fit = manifest.calibration.fits[score];
  if (fit?.kind !== "joined") return [];
  return placedNames.filter((part) => manifest[part] && fit.experts.some(({ name, heard }) => heard && name === part));
}

/** How a subject's maps are drawn with a detector's calibration. A joint map takes one array of the picture's size, as every map does. */
export function placedView(manifest: Pick<Manifest, "calibration">, subject: PlacedSubject): PlacedView {
  if (subject.kind !== "joined") {
    const { kind } = subject;
    return {
      range: heatRange(manifest, kind),
      draw: (maps, { height, width }) => resampled(maps[kind]!, height, width).values,
    };
  }
  const { parts } = subject;
  const reaches = parts.map((part) => reachOf(manifest, part));
  return {
    range: [0, 1 + spreadsAbove],
    draw(maps, { height, width }) {
      const values = new Float32Array(height * width);
      for (const [index, part] of parts.entries()) {
        const { usual, spread } = reaches[index]!;
        const heights = standardised(maps[part]!, { mean: usual, deviation: spread });
        addResampled(values, heights, { rows: height, columns: width }, 1 / parts.length);
      }
      return values;
    },
  };
}

/** From where on a map of one part is tinted and where most, the same for all images of a detector: the scores of normal images. */
function heatRange(manifest: Pick<Manifest, "calibration">, part: PlacedSource): readonly [number, number] {
  const { usual, high, spread } = reachOf(manifest, part);
  return [usual, high + spreadsAbove * spread];
}

/** What half of the normal images reach, what 95 % of them do not pass, and the distance of the two. */
function reachOf({ calibration }: Pick<Manifest, "calibration">, part: PlacedSource) {
  const scores = calibration.scores[part] ?? [];
  const at = (share: number): number => scores[Math.floor(share * (scores.length - 1))] ?? 0;
  const [usual, high] = [at(0.5), at(0.95)];
  return { usual, high, spread: Math.max(leastSpread, high - usual) };
}
