/** What a person's images are like before anything is trained on them: counts, doubles, and what is odd about them. */
import { basename } from "node:path";
import { ConfigError, setting } from "../../base/index.ts";
import { type ImageSource, type LeftOut, openImages, type PreparationProblem } from "../../data/index.ts";
import { findOddities, type OddityKind, oddityKinds, oddness } from "../../score/index.ts";
import type { Watch } from "../events.ts";
import { findSame, type PlacedImage, type SameImages } from "./same-images.ts";
import { type MeasuredSet, measureSet } from "./set-inspection.ts";

/** What may be wrong with images. */
export const findingKinds = ["unreadable", "duplicates", "near-duplicates", "collisions", ...oddityKinds] as const;
/** Something that can be found in images. */
export type FindingKind = (typeof findingKinds)[number];

/** A number of images by what they have in common. */
export interface Tally {
  readonly name: string;
  readonly count: number;
}

/** An image of a set, by its name. */
export interface NamedImage {
  readonly set: string;
  readonly name: string;
  readonly className?: string | undefined;
}

/** An image that is odd in some way; the higher the score, the odder. */
export interface OddFinding {
  readonly name: string;
  readonly score: number;
}

/** Images that show the same. */
export interface SameFinding {
  readonly images: readonly NamedImage[];
  /** The least correlation by which one came to the others; 1 where all are equal. */
  readonly correlation: number;
}

/** What one set is like. */
export interface SetDescription {
  readonly set: string;
  readonly location: string;
  readonly format: string;
  /** Readable images. */
  readonly images: number;
  readonly unreadable: readonly PreparationProblem[];
  /** What lies there and is no image, by kind. */
  readonly ignored: readonly LeftOut[];
  /** How files were understood. */
  readonly remarks: readonly string[];
  /** `WxH`, the most frequent first; the smallest and the largest by area. */
  readonly sizes: readonly Tally[];
  readonly smallest: string;
  readonly largest: string;
  readonly channels: readonly Tally[];
  /** Bits a sample. */
  readonly depths: readonly Tally[];
  readonly paged: number;
  readonly classes: readonly Tally[];
  readonly splits: readonly Tally[];
  readonly odd: Readonly<Record<OddityKind, readonly OddFinding[]>>;
  /** All images by how odd their numbers are together, the oddest first; no more than are shown. */
  readonly oddest: readonly OddFinding[];
}

/** What was found. */
export interface DataDescription {
  readonly sets: readonly SetDescription[];
  readonly duplicates: readonly SameFinding[];
  readonly nearDuplicates: readonly SameFinding[];
  /** Equal or hardly different pictures of more than one class. */
  readonly collisions: readonly SameFinding[];
  /** Images that have an equal or alike one on another side: in another set, or another split of one. */
  readonly across: readonly SameFinding[];
  /** How much the structures of near-duplicates correlate at least. */
  readonly leastCorrelation: number;
  /** Findings by kind: images that are unreadable or odd, pictures that are there more than once. */
  readonly counts: Readonly<Record<FindingKind, number>>;
}

/** What was measured, for those who draw it. */
export interface InspectedData {
  readonly description: DataDescription;
  readonly sets: readonly MeasuredSet[];
  readonly groups: Readonly<Record<"duplicates" | "nearDuplicates" | "collisions", readonly SameImages[]>>;
  readonly odd: readonly {
    readonly kinds: Readonly<Record<OddityKind, readonly { readonly image: number; readonly score: number }[]>>;
    readonly oddest: readonly { readonly image: number; readonly score: number }[];
  }[];
}

/** Images of a finding that are shown. */
export const mostShown = 24;

/** Two images of different classes are one picture where they correlate more than this. */
const leastOfOnePicture = 0.98;

/** What names a part of a data set, where folders name anything else, too. */
const splitName = /^(train|training|test|testing|val|valid|validation|dev|unlabeled|extra)$/i;

/** The part of its data set that an image belongs to: the first that is named. Below it a folder may be a class of trains. */
function splitOf({ splitNames }: ImageSource, index: number): string | undefined {
  return splitNames(index).find((name) => splitName.test(name));
}

/**
 * Looks at sets of images, each at one location. Reads every image once, those that may be doubles again, and holds some hundred bytes of each. Throws
 * ConfigError for locations without readable images, the signal's reason where it calls the work off.
 */
export async function inspectData(locations: readonly string[], watch: Watch = {}): Promise<InspectedData> {
  if (locations.length === 0) {
    throw new ConfigError({ code: "missing-setting", subject: "images", expected: "a location", got: "none" });
  }
  const sets: MeasuredSet[] = [];
  const sources = await Promise.all(locations.map((location) => openImages(location, "images")));
  for (const source of sources) sets.push(await measureSet(source, watch));
  const same = await findSame(sets, watch);
  const names = setNames(locations);
  const named = namer(sets, names);
  const odd = sets.map(({ statistics }) => {
    const scores = oddness(statistics);
    const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
    const oddest = Array.from(order.subarray(0, mostShown), (image) => ({ image, score: scores[image]! }));
    return { kinds: findOddities(statistics), oddest };
  });
  const groups = {
    duplicates: same.equal,
    nearDuplicates: same.alike,
    collisions: collisionsOf([...same.equal, ...same.alike], sets),
  };
  const describe = ({ images, correlation }: SameImages): SameFinding => ({ images: images.map(named), correlation });
  const described = sets.map((set, index) => describeSet(set, names[index]!, odd[index]!));
  const oddImages = (kind: OddityKind): number => odd.reduce((sum, { kinds }) => sum + kinds[kind].length, 0);
  const counts = {
    unreadable: sets.reduce((sum, { problems }) => sum + problems.length, 0),
    duplicates: groups.duplicates.length,
    "near-duplicates": groups.nearDuplicates.length,
    collisions: groups.collisions.length,
    blank: oddImages("blank"),
    dark: oddImages("dark"),
    bright: oddImages("bright"),
    blurred: oddImages("blurred"),
    "odd-size": oddImages("odd-size"),
    "odd-colour": oddImages("odd-colour"),
  };
  return {
    sets,
    groups,
    odd,
    description: {
      sets: described,
      duplicates: groups.duplicates.map(describe),
      nearDuplicates: groups.nearDuplicates.map(describe),
      collisions: groups.collisions.map(describe),
      across: [...same.equal, ...same.alike].filter(({ images }) => areApart(images, sets)).map(describe),
      leastCorrelation: same.leastCorrelation,
      counts,
    },
  };
}

/** Names of sets that say which is which: the last part of a location, and its place where two would have the same. */
export function setNames(locations: readonly string[]): string[] {
  const short = locations.map((location) => basename(location.split("#")[0]!) || location);
  return short.map((name, index) => (short.indexOf(name) === short.lastIndexOf(name) ? name : `${name}-${index + 1}`));
}

function namer(sets: readonly MeasuredSet[], names: readonly string[]) {
  return ({ set, image }: PlacedImage): NamedImage => {
    const { source, indices } = sets[set]!;
    const className = source.className(indices[image]!);
    return { set: names[set]!, name: source.name(indices[image]!), ...(className !== undefined && { className }) };
  };
}

function describeSet(measured: MeasuredSet, set: string, odd: InspectedData["odd"][number]): SetDescription {
  const { source, indices, count, statistics, problems, channels, transparent, bits, paged } = measured;
  const { height, width } = statistics;
  const sizeOf = (image: number): string => `${width[image]}x${height[image]}`;
  const all = Array.from({ length: count }, (_, image) => image);
  const byArea = (image: number): number => height[image]! * width[image]!;
  const named = ({ image, score }: { readonly image: number; readonly score: number }): OddFinding => ({
    name: source.name(indices[image]!),
    score,
  });
  return {
    set,
    location: source.location,
    format: source.format,
    images: count,
    unreadable: problems,
    ignored: source.leftOut,
    remarks: source.remarks,
    sizes: tally(all, sizeOf),
    smallest: sizeOf(all.reduce((least, image) => (byArea(image) < byArea(least) ? image : least))),
    largest: sizeOf(all.reduce((most, image) => (byArea(image) > byArea(most) ? image : most))),
    channels: tally(all, (image) => channelWord(channels[image]!, transparent[image] === 1)),
    depths: tally(all, (image) => depthWord(bits[image]!)),
    paged,
    classes: tally(all, (image) => source.className(indices[image]!)),
    splits: tally(all, (image) => splitOf(source, indices[image]!)),
    odd: {
      blank: odd.kinds.blank.map(named),
      dark: odd.kinds.dark.map(named),
      bright: odd.kinds.bright.map(named),
      blurred: odd.kinds.blurred.map(named),
      "odd-size": odd.kinds["odd-size"].map(named),
      "odd-colour": odd.kinds["odd-colour"].map(named),
    },
    oddest: odd.oddest.map(named),
  };
}

function channelWord(channels: number, transparent: boolean): string {
  const seen = channels - (transparent ? 1 : 0);
  const colour = seen === 1 ? "grey" : seen === 3 ? "colour" : `${seen} channels`;
  return transparent ? `${colour} with transparency` : colour;
}

function depthWord(bits: number): string {
  return bits >= 32 ? `${bits}-bit floating point` : `${bits} bits`;
}

/** How many of each, the most frequent first. */
function tally<Item>(items: readonly Item[], nameOf: (item: Item) => string | undefined): Tally[] {
  const counts = new Map<string, number>();
  for (const item of items) {
    const name = nameOf(item);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count);
}

/** Groups of one picture with more than one class. Sets are compared with each other only in classes that both know. */
function collisionsOf(groups: readonly SameImages[], sets: readonly MeasuredSet[]): SameImages[] {
  const classOf = ({ set, image }: PlacedImage) => sets[set]!.source.className(sets[set]!.indices[image]!);
  const known = sets.map(
    ({ source, indices }) => new Set(Array.from(indices, (index) => source.className(index)).filter((name) => name)),
  );
  const collide = (a: PlacedImage, b: PlacedImage): boolean => {
    const [first, second] = [classOf(a), classOf(b)];
    if (first === undefined || second === undefined || first === second) return false;
    return a.set === b.set || (known[a.set]!.has(second) && known[b.set]!.has(first));
  };
  return groups.filter(
    ({ images, correlation }) =>
      correlation > leastOfOnePicture && images.some((a, index) => images.slice(index + 1).some((b) => collide(a, b))),
  );
}

/** Whether images are of more than one set or split. */
function areApart(images: readonly PlacedImage[], sets: readonly MeasuredSet[]): boolean {
  const sideOf = ({ set, image }: PlacedImage): string => {
    const { source, indices } = sets[set]!;
    return `${set} ${splitOf(source, indices[image]!) ?? ""}`;
  };
  return new Set(images.map(sideOf)).size > 1;
}

/** The kinds that were named and found, for whoever must not go on with them. Throws ConfigError for a name that is none. */
export function failedKinds({ counts }: DataDescription, wished: readonly string[]): readonly FindingKind[] {
  return checkKinds(wished).filter((kind) => counts[kind] > 0);
}

/** The names as kinds of findings. Throws ConfigError for one that is none. */
export function checkKinds(wished: readonly string[]): readonly FindingKind[] {
  return wished.map((name) => {
    const kind = findingKinds.find((known) => known === name);
    if (kind !== undefined) return kind;
    throw new ConfigError({
      code: "unknown-name",
      subject: setting("failOn"),
      expected: findingKinds.join(", "),
      got: `'${name}'`,
    });
  });
}
