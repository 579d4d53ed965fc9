/** The normal images of a training at their own size, for what looks at places in them, and which of them show the same thing. */
import { permutation, randomKey, setting } from "../../base/index.ts";
import { type ImageSet, openImages, readWhole } from "../../data/index.ts";
import { type Fingerprint, fingerprintOfStructure, groupImages, type NormalImages } from "../../faults/index.ts";
import type { TrainingConfiguration } from "../../model/index.ts";
import type { Watch } from "../events.ts";
import type { TrainingPlan } from "./training-plan.ts";

/** Of more images than these, some are taken: every pair is compared, and all are in memory at their levels. */
const mostPlaced = 600;

/** Sets of so many images and more are split as they come: near-duplicates are few among many. */
const leastUncompared = 1000;

/** What is smaller has no fine structure that would tell a thing from another one of its kind. */
const leastSide = 64;

/** Beyond so many images each is compared with its likeliest ones only, where nothing else takes time for places. */
const mostPairwise = 100;

/** What there is to know of normal images in order to group them. */
interface GroupingRequest {
  /** Where the images are, and what was loaded of them. */
  readonly location: string;
  readonly normal: ImageSet;
  readonly configuration: Pick<TrainingConfiguration, "input" | "seed">;
  /** Images whose names it matches with the same text show the same thing. */
  readonly pattern: string | null;
  /** Whether places of them are looked at, too, whatever their size. */
  readonly placed: boolean;
}

/**
 * A number for each normal image that those of one thing share: those whose names say so, and in sets below a thousand those that are alike.
 * Undefined where nobody gives a pattern and images are many, small or made by the program. Throws FormatError where an image has changed since it was loaded, the signal's reason where
 * it is aborted.
 */
export async function groupsOfNormal(request: GroupingRequest, watch: Watch): Promise<Uint32Array | undefined> {
  const { normal, pattern, placed } = request;
  const images = await wholeImages(
    request,
    Uint32Array.from({ length: normal.count }, (_, image) => image),
  );
  const compared = normal.count < leastUncompared && (placed || !isMade(request.location));
  const prints = compared ? await fingerprintsOf(images, placed ? 0 : leastSide, watch) : undefined;
  if (!prints && pattern === null) return undefined;
  const names = pattern === null ? [] : images.names.map((name) => groupOf(name, new RegExp(pattern)));
  const groups = prints ? groupImages(prints, names, placed ? undefined : mostPairwise) : numbered(names);
  tellGroups(groups, watch);
  return groups;
}

/** Images that the program makes are no photographs of anything, and each is another one. */
function isMade(location: string): boolean {
  return location.split("#")[0] === "builtin";
}

/** Images, and a number for each that those of the same thing share. */
export interface GroupedImages {
  /** How long it took to find out. */
  readonly seconds: number;
  readonly images: NormalImages;
  /** The place of each among the plan's normal images. */
  readonly places: readonly number[];
  readonly groups: Uint32Array;
}

/**
 * The normal images of a plan whose places are looked at; of many some, and rather those that the flows train on than those that they hold out. Throws FormatError where an image has changed since the
 * plan was made, the signal's reason where it is aborted.
 */
export async function groupedImages(plan: TrainingPlan, heldOut: Uint32Array, watch: Watch): Promise<GroupedImages> {
  const started = performance.now();
  const { record, images: all } = plan;
  const { configuration, normal, group, faults } = record;
  const chosen = placedImages(all.normal.count, heldOut, configuration.seed);
  const images = await wholeImages({ location: normal.location, normal: all.normal, configuration }, chosen);
  if (chosen.length < all.normal.count) {
    const text = `places of ${chosen.length} of ${all.normal.count} normal images are looked at`;
    watch.onEvent?.({ kind: "note", text });
  }
  const places = Array.from(chosen);
  const secondsSince = () => (performance.now() - started) / 1000;
  const known = all.groups;
  // Above a thousand images only names told groups.
  if (known && all.normal.count < leastUncompared) {
    return { images, places, groups: chosen.map((image) => known[image]!), seconds: secondsSince() };
  }
  const prints = (await fingerprintsOf(images, 0, watch))!;
  const text = group ?? faults?.group;
  const groups = groupImages(prints, text ? images.names.map((name) => groupOf(name, new RegExp(text))) : []);
  tellGroups(groups, watch);
  return { images, places, groups, seconds: secondsSince() };
}

function tellGroups(groups: Uint32Array, { onEvent }: Watch): void {
  const text = `${groups.length} images of ${new Set(groups).size} different things, which stay together in every split`;
  onEvent?.({ kind: "note", text });
}

/** The fingerprints of images; undefined where one is smaller than they may be. */
async function fingerprintsOf(
  { names, read }: NormalImages,
  least: number,
  { onEvent, signal }: Watch,
): Promise<readonly Fingerprint[] | undefined> {
  const prints: Fingerprint[] = [];
  const total = names.length;
  for (const position of names.keys()) {
    signal?.throwIfAborted();
    const image = await read(position);
    if (Math.min(image.height, image.width) < least) return undefined;
    prints.push(fingerprintOfStructure(image));
    onEvent?.({ kind: "progress", task: "measuring", subject: "which images are alike", done: position + 1, total });
  }
  onEvent?.({ kind: "settled" });
  return prints;
}

/** What an image shows, by the part of its name that the pattern, or its first group, matches. */
function groupOf(name: string, pattern: RegExp): string {
  const match = pattern.exec(name);
  return match?.[1] ?? match?.[0] ?? name;
}

/** A number for each name that those share which the pattern matches with the same text. */
export function groupNumbers(names: readonly string[], pattern: string): Uint32Array {
  return numbered(names.map((name) => groupOf(name, new RegExp(pattern))));
}

/** A number for each name that equal ones share. */
function numbered(names: readonly string[]): Uint32Array {
  const numbers = new Map<string, number>();
  return Uint32Array.from(names, (name) => {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return numbers.get(name)!;
  });
}

/** Which of so many normal images are looked at. */
function placedImages(count: number, heldOut: Uint32Array, seed: number): Uint32Array {
  const order = permutation(count, randomKey(seed).fold("fault images").stream());
  const apart = new Set(count - heldOut.length < mostPlaced ? [] : heldOut);
  return order
    .filter((image) => !apart.has(image))
    .slice(0, mostPlaced)
    .sort();
}

/** Normal images at their own size. */
export async function wholeImages(
  { location, normal, configuration }: Pick<GroupingRequest, "location" | "normal" | "configuration">,
  chosen: Uint32Array,
): Promise<NormalImages> {
  const source = await openImages(location, setting("normal"), { use: "training" });
  const indices = Array.from(chosen, (image) => normal.indices[image]!);
  return {
    names: indices.map((index) => source.name(index)),
    read: (position) => readWhole(source, indices[position]!, configuration.input),
  };
}
