/** Anomalous images of several kinds in one location, as in MVTec's layout (Bergmann et al. 2019): a set for each kind. */
import { type ImageSource, parseLocation } from "../../data/index.ts";
import { selectTerms } from "../../score/index.ts";
import type { ScoredBatch } from "../scoring/scoring.ts";

/** Whether the images of a source are the test side of MVTec's layout with several kinds of faults, all of which are meant. */
export function hasKinds(source: ImageSource): boolean {
  const { split, classes } = parseLocation(source.location, source.subject).selection;
  if (split !== undefined || classes !== undefined) return false;
  const kinds = new Set<string | undefined>();
  for (let index = 0; index < source.length; index++) {
    if (!source.splitNames(index).includes("test")) return false;
    kinds.add(source.className(index));
  }
  return kinds.size > 1 && !kinds.has(undefined);
}

/** The set of one kind of faults of a location with several: the kind's own name unless another set has it. */
export function nameOfKind(name: string, kind: string, others: readonly string[]): string {
  return others.length > 2 || others.includes(kind) ? `${name}/${kind}` : kind;
}

/** The positions of each name, in the order of the names' first appearance. */
export function groupsOf(names: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const groups = new Map<string, number[]>();
  for (const [position, name] of names.entries()) {
    const group = groups.get(name);
    if (group) group.push(position);
    else groups.set(name, [position]);
  }
  return groups;
}

/** Some images of a batch. */
export function selectBatch(batch: ScoredBatch, images: readonly number[]): ScoredBatch {
  const { names, classNames, indices, pixels, terms, maps } = batch;
  if (images.length === names.length) return batch;
  const size = pixels.length / names.length;
  const chosen = new Uint8Array(images.length * size);
  for (const [position, image] of images.entries()) {
    chosen.set(pixels.subarray(image * size, (image + 1) * size), position * size);
  }
  return {
    names: images.map((image) => names[image]!),
    classNames: images.map((image) => classNames[image]),
    indices: images.map((image) => indices[image]!),
    pixels: chosen,
    terms: selectTerms(terms, images),
    ...(maps && { maps: images.map((image) => maps[image]!) }),
  };
}
