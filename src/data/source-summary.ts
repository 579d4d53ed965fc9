/** What a source holds and what was left out of it, counted by kind, and the line that says so. */
import { endingOf, isUnread } from "./containers/litter.ts";
import { readableName } from "./files/path-bytes.ts";
import { baseName } from "./files/path-names.ts";

/** Why files are left out: a format that is not read, images beside a data set, what is read already, masks, litter, anything else. */
export type LeftOutKind = "unread" | "beside" | "again" | "masks" | "litter" | "other";

/** Files or folders of one kind that were left out. */
export interface LeftOut {
  readonly kind: LeftOutKind;
  /** What they are, such as `.bmp file` or `@eaDir folder`. */
  readonly what: string;
  readonly count: number;
  /** The path of one, as a person may type it. */
  readonly example: string;
}

/** A tally of what is left out. */
export interface LeftOutTally {
  add(kind: LeftOutKind, what: string, example: string, count?: number): void;
  list(): readonly LeftOut[];
}

/** A tally that is empty. */
export function tallyLeftOut(): LeftOutTally {
  const counts = new Map<string, LeftOut>();
  return {
    add(kind, what, example, count = 1) {
      const key = `${kind} ${what}`;
      const before = counts.get(key);
      counts.set(key, before ? { ...before, count: before.count + count } : { kind, what, count, example });
    },
    list: () => [...counts.values()],
  };
}

/** Counts a file that is no image: by its ending, and apart where it may hold pictures. */
export function addOtherFile(tally: LeftOutTally, shown: string): void {
  const ending = readableName(endingOf(baseName(shown)));
  const what = ending === "" || ending.length > 10 ? "other file" : `${ending} file`;
  tally.add(isUnread(ending) ? "unread" : "other", what, shown);
}

/** Whether what was left out may be missed: a person should hear of it even where they want quiet. */
export function mayBeMissed({ kind }: LeftOut): boolean {
  return kind === "unread" || kind === "beside";
}

const reasons: Readonly<Record<LeftOutKind, string>> = {
  unread: "not read",
  beside: "beside a data set, not read",
  again: "read already",
  masks: "masks",
  litter: "",
  other: "no images",
};

/** `2 .bmp files (not read), such as 'a/b.bmp'`. */
export function showLeftOut({ kind, what, count, example }: LeftOut): string {
  const reason = reasons[kind] === "" ? "" : ` (${reasons[kind]})`;
  const named = mayBeMissed({ kind, what, count, example }) ? `, such as '${readableName(example)}'` : "";
  return `${count} ${count === 1 ? what : plural(what)}${reason}${named}`;
}

function plural(what: string): string {
  return what.replace(/(^| )(file|folder|link|image|mask)\b/, "$1$2s");
}

/** What the images of a source look like as they are stored, counted while they were read. */
export interface FoundImages {
  readonly count: number;
  readonly grey: number;
  /** The channels of all of them, where these are no colours. */
  readonly bands?: number;
  /** The smallest and the largest by area, as width and height; undefined where none was readable. */
  readonly smallest: readonly [number, number] | undefined;
  readonly largest: readonly [number, number] | undefined;
  /** What was done to some of them beyond decoding and resizing, such as `laid on white`, with how many and an example. */
  readonly remarks: readonly Remark[];
}

/** Something that a person should know of the pixels of some images. */
export interface Remark {
  readonly kind: string;
  readonly text: string;
  readonly isWarning: boolean;
  readonly count: number;
  readonly example: string;
}

/** What a location offered, for `describeSource`. */
export interface Described {
  readonly length: number;
  readonly leftOut: readonly LeftOut[];
  readonly remarks: readonly string[];
}

/**
 * One line on what was read of a source: images, sizes, grey or colour, what was skipped and ignored. `skipped` counts the images and folders that
 * could not be read.
 */
export function describeSource({ length, leftOut, remarks }: Described, found: FoundImages, skipped: number): string {
  // Some that are skipped were known to be unreadable before they counted as images.
  const whole = found.count < length ? ` of ${Math.max(length, found.count + skipped)}` : "";
  const count = `${found.count} ${found.count === 1 ? "image" : "images"}${whole}`;
  const parts = [
    [count, showSizes(found), showColours(found)].filter((part) => part !== "").join(", "),
    ...(skipped > 0 ? [`skipped ${skipped}`] : []),
    ...(leftOut.length > 0 ? [`ignored ${leftOut.map(showLeftOut).join(", ")}`] : []),
    ...found.remarks.filter(({ isWarning }) => !isWarning).map(showRemark),
    ...remarks,
  ];
  return parts.join("; ");
}

/** What must not be missed of a source that was read: pictures that are not, and what was done to pixels. */
export function sourceWarnings({ leftOut }: Pick<Described, "leftOut">, { remarks }: FoundImages): string[] {
  return [
    ...leftOut.filter(mayBeMissed).map((one) => `ignored ${showLeftOut(one)}`),
    ...remarks.filter(({ isWarning }) => isWarning).map(showRemark),
  ];
}

function showRemark({ text, count, example }: Remark): string {
  return `${count} ${count === 1 ? "image" : "images"} ${text}, such as '${example}'`;
}

function showSizes({ smallest, largest }: FoundImages): string {
  if (!smallest || !largest) return "";
  const [least, most] = [smallest, largest].map(([width, height]) => `${width}x${height}`);
  return least === most ? `${least}` : `${least} to ${most}`;
}

function showColours({ count, grey, bands }: FoundImages): string {
  if (count === 0) return "";
  if (bands !== undefined) return `${bands} channels`;
  if (grey === count) return "grey";
  return grey === 0 ? "colour" : `${grey} grey and ${count - grey} colour`;
}
