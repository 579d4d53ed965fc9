/** A pile of images of which some do not belong: prepared, with what shows the same thing, and cut into two halves. */
import { ConfigError, randomKey } from "../../base/index.ts";
import { type ImageSet, type ImageSource, openImages } from "../../data/index.ts";
import { assignFolds, singleGroups } from "../../faults/index.ts";
import { oddness } from "../../score/index.ts";
import type { Watch } from "../events.ts";
import { findSame } from "../inspection/same-images.ts";
import { measureSet } from "../inspection/set-inspection.ts";
import { inputOf, loadSource } from "../training/training-images.ts";
import { groupNumbers } from "../training/whole-images.ts";
import type { FindSettings } from "./find-request.ts";

/** The images of a search. */
export interface Pile {
  readonly source: ImageSource;
  readonly images: ImageSet;
  /** What was found of each image before anything was trained. */
  readonly known: KnownOfPile;
}

/** A number for each image of a pile. */
export interface KnownOfPile {
  /** What images share that show the same thing: duplicates and near-duplicates. */
  readonly groups: readonly number[];
  /** How odd each is by simple numbers (`oddness` in `score/`). */
  readonly oddness: readonly number[];
}

/** The fewest images among which others stand out: each half is trained on and holds some out. */
const leastImages = 40;

/** Opens and prepares the images of a search. Throws ConfigError as `openImages`, and for fewer than 40. */
export async function openPile(
  { data, strict, ...settings }: FindSettings,
  watch: Watch,
): Promise<Pick<Pile, "source" | "images">> {
  if (data === undefined) {
    throw new ConfigError({ code: "missing-setting", subject: "images", expected: "a location", got: "none" });
  }
  const source = await openImages(data, "images");
  const images = await loadSource(source, "images", await inputOf(source, settings), strict, watch);
  if (images.count >= leastImages) return { source, images };
  throw new ConfigError({
    code: "too-few-images",
    subject: "images",
    expected: `at least ${leastImages}`,
    got: String(images.count),
    remedy: { key: "other", text: "look at them" },
  });
}

/** Looks for what shows the same thing, by pixels and where there is a pattern by names, and at simple numbers of each image. */
export async function knowPile(
  { source, images }: Pick<Pile, "source" | "images">,
  { group }: Pick<FindSettings, "group">,
  watch: Watch,
): Promise<KnownOfPile> {
  const measured = await measureSet(source, watch);
  const { groups } = await findSame([measured], watch);
  const scores = oddness(measured.statistics);
  const placeOf = new Map(Array.from(measured.indices, (index, place) => [index, place]));
  const of = <Value>(values: ArrayLike<Value>, missing: (image: number) => Value): Value[] =>
    images.indices.map((index, image) => values[placeOf.get(index) ?? -1] ?? missing(image));
  // What was prepared and could not be looked at at its own size is of a group of its own.
  const own = of(groups, (image) => groups.length + image);
  return { groups: group === undefined ? own : joinedByName(own, images.names, group), oddness: of(scores, () => 0) };
}

/** Groups with those joined whose names say that they show the same thing. */
function joinedByName(groups: readonly number[], names: readonly string[], pattern: string): number[] {
  const named = groupNumbers(names, pattern);
  const joined = singleGroups(groups.length);
  for (const numbers of [groups, named]) {
    const first = new Map<number, number>();
    for (const [image, number] of Array.from(numbers).entries()) {
      if (first.has(number)) joined.join(first.get(number)!, image);
      else first.set(number, image);
    }
  }
  return Array.from(joined.numbers());
}

/** Which half each image is in, 0 or 1: whole groups, the halves about equally large. Throws ConfigError where all images show the same. */
export function halvesOfPile({ groups }: KnownOfPile, seed: number): Uint32Array {
  if (new Set(groups).size < 2) {
    throw new ConfigError({
      code: "too-few-images",
      subject: "images",
      expected: "images of at least two things",
      got: `${groups.length} of one`,
    });
  }
  return assignFolds(Uint32Array.from(groups), 2, randomKey(seed).fold("halves of a pile"));
}
