/** The sets of an evaluation: opened, scored, and looked through for images that two of them share. */
import { ConfigError, setting } from "../../base/index.ts";
import {
  type HashedSet,
  type ImageSource,
  type ImageUse,
  type NamedLocation,
  openImages,
  overlapsOf,
  type PreparationProblem,
} from "../../data/index.ts";
import type { Detector } from "../../detector/index.ts";
import { type ModelTerms, selectTerms } from "../../score/index.ts";
import type { Watch } from "../events.ts";
import { readKnownImages } from "../known-images.ts";
import { type KeptMap, keepMap, type MapReport, measureMaps, openMasks } from "../maps/map-evaluation.ts";
import { type MappedImage, placedParts } from "../maps/place-scoring.ts";
import { heardParts, type PlacedSubject, placedView } from "../maps/placed-maps.ts";
import { type ScoredBatch, type ScoringOptions, scoreImages } from "../scoring/scoring.ts";
import { groupsOf, hasKinds, nameOfKind, selectBatch } from "./kinds.ts";

/** The name under which the normal images are reported. */
export const normalName = "normal";

/** Where the images of an evaluation are. */
export interface EvaluatedData {
  readonly normal: string;
  readonly anomalous: readonly NamedLocation[];
}

/** How sets are scored. */
export interface SetScoring extends Pick<ScoringOptions, "measured" | "ensemble"> {
  readonly coders?: boolean | undefined;
  readonly strict?: boolean | undefined;
}

/** The sets of an evaluation, the normal images first. */
export type OpenedSets = readonly { readonly name: string; readonly source: ImageSource }[];

/**
 * Opens the sets of an evaluation. One location may be both: then its sides are (`dataset-layout.ts` in `data/`). Throws ConfigError for two of one name, for locations without
 * images, and for one that is both and has no sides.
 */
export async function openSets({ normal, anomalous }: EvaluatedData): Promise<OpenedSets> {
  const names = [normalName, ...anomalous.map(({ name }) => name)];
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting("anomalous"),
      expected: "different names",
      got: `'${twice}' again`,
      remedy: { key: "other", text: "write NAME=DATA" },
    });
  }
  const open = async (name: string, location: string, subject: string, use: ImageUse) => ({
    name,
    source: await openImages(location, subject, { use }),
  });
  const sets = await Promise.all([
    open(normalName, normal, setting("normal"), "comparison"),
    ...anomalous.map(({ name, location }) => open(name, location, setting("anomalous"), "anomalies")),
  ]);
  const [{ source: first }, ...others] = sets as [(typeof sets)[0], ...typeof sets];
  const same = others.find(({ source }) => source.location === first.location && source.name(0) === first.name(0));
  if (!same) return sets;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("anomalous"),
    expected: `other images than ${setting("normal")}, or a data set with train/ and test/ side by side`,
    got: `'${first.location}' for both`,
  });
}

/** The images of a set under the detector. */
export interface ScoredSet {
  readonly names: readonly string[];
  readonly classNames: readonly (string | undefined)[];
  readonly terms: ModelTerms;
  readonly location: string;
  readonly skipped: readonly PreparationProblem[];
}

/** Scores every set, and warns of images that two sets share. */
export async function scoreSets(
  detector: Detector,
  sets: OpenedSets,
  { coders = true, strict = false, measured, ensemble }: SetScoring,
  watch: Watch,
  onBatch?: (set: string, batch: ScoredBatch) => void,
): Promise<{ readonly scored: ReadonlyMap<string, ScoredSet>; readonly maps: readonly MapReport[] }> {
  const parts = placedParts(detector);
  const scored = new Map<string, ScoredSet>();
  const kept: KeptMap[] = [];
  let withoutMask = 0;
  const hashed: HashedSet[] = [];
  const warn = (text: string) => watch.onEvent?.({ kind: "warning", text });
  for (const { name, source } of sets) {
    const isNormal = name === normalName;
    const kinds = !isNormal && hasKinds(source);
    const masks = parts.length > 0 && !isNormal ? await openMasks(source.location) : undefined;
    const setOf = (className: string | undefined): string =>
      kinds
        ? nameOfKind(
            name,
            className!,
            sets.map((set) => set.name),
          )
        : name;
    const onMap = (mapped: MappedImage): void => {
      const mask = isNormal ? null : masks?.of(mapped.className, mapped.name);
      if (mask === undefined) withoutMask++;
      else kept.push(keepMap(setOf(mapped.className), mapped, mask));
    };
    const tellBatch = (batch: ScoredBatch): void => {
      for (const [set, images] of groupsOf(batch.classNames.map(setOf))) onBatch?.(set, selectBatch(batch, images));
    };
    const options = { strict, coders, measured, ensemble, onBatch: tellBatch, ...(parts.length > 0 && { onMap }) };
    const { names, terms, classNames, hashes, problems } = await scoreImages(detector, source, options, watch);
    if (problems.length > 0) watch.onEvent?.({ kind: "skipped", subject: name, problems });
    for (const [set, images] of groupsOf(classNames.map(setOf))) {
      scored.set(set, {
        names: images.map((image) => names[image]!),
        classNames: images.map((image) => classNames[image]),
        terms: selectTerms(terms, images),
        location: source.location,
        skipped: problems,
      });
    }
    hashed.push({ name, hashes });
  }
  for (const {
    sets: [one, other],
    count,
  } of overlapsOf(hashed)) {
    warn(`sets: ${showCount(count)} of '${other}' are in '${one}' as well, pixel by pixel`);
  }
  for (const known of await readKnownImages(detector.location, warn)) {
    for (const set of hashed) {
      for (const { count } of overlapsOf([known, set])) {
        warn(`sets: ${showCount(count)} of '${set.name}' are among ${known.name}, pixel by pixel`);
      }
    }
  }
  const maps: MapReport[] = [];
  const heard = heardParts(detector.manifest, "joined");
  const subjects: PlacedSubject[] = parts.map((kind) => ({ kind }));
  if (heard.length > 1) subjects.unshift({ kind: "joined", parts: heard });
  for (const subject of subjects) {
    const view = placedView(detector.manifest, subject);
    const measured = await measureMaps(subject.kind, view, kept, withoutMask);
    if (measured) maps.push(measured);
  }
  return { scored, maps };
}

function showCount(images: number): string {
  return images === 1 ? "1 image" : `${images} images`;
}
