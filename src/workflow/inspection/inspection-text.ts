/** What was found of sets of images, as lines to read. */
import { showLeftOut } from "../../data/index.ts";
import { oddityKinds } from "../../score/index.ts";
import type { DataDescription, SameFinding, SetDescription, Tally } from "./data-inspection.ts";

/** Kinds, sizes and names that are listed. */
const mostListed = 6;

/** The description as lines. */
export function showDescription(description: DataDescription): string[] {
  const { sets, duplicates, nearDuplicates, collisions, across, leastCorrelation } = description;
  return [
    ...sets.flatMap((set) => [...showSet(set), ""]),
    showSame("duplicates", duplicates, "equal to the pixel"),
    showSame("near-duplicates", nearDuplicates, correlationWords(leastCorrelation)),
    showSame("on two sides", across, "the same picture in two sets or splits"),
    showSame("collisions", collisions, "one picture, two classes"),
  ];
}

function correlationWords(least: number): string {
  return Number.isFinite(least)
    ? `shifted as it may be, structures correlate above ${least.toFixed(2)}`
    : "too alike as a whole to tell doubles";
}

function showSet(set: SetDescription): string[] {
  const odd = oddityKinds.flatMap((kind) => {
    const found = set.odd[kind];
    return found.length === 0
      ? []
      : [`${kind} ${found.length}, such as '${found[0]!.name}' (${found[0]!.score.toFixed(1)})`];
  });
  const sizes =
    set.sizes.length === 1 ? set.smallest : `${set.smallest} to ${set.largest}, mostly ${set.sizes[0]!.name}`;
  const lines: readonly (readonly [string, string])[] = [
    ["images", `${set.images} (${set.format})`],
    ["sizes", sizes],
    ["channels", list(set.channels)],
    ["depth", list(set.depths)],
    ["classes", set.classes.length === 0 ? "" : `${set.classes.length}: ${list(set.classes)}`],
    ["splits", list(set.splits)],
    ["pages", set.paged === 0 ? "" : `${set.paged} files with more than one, of which the first is looked at`],
    ["understood", set.remarks.join("; ")],
    ["unreadable", showUnreadable(set)],
    ["ignored", set.ignored.map(showLeftOut).join(", ")],
    ["odd", odd.join("; ")],
  ];
  return [
    set.location,
    ...lines.filter(([, text]) => text !== "").map(([name, text]) => `  ${name.padEnd(11)} ${text}`),
  ];
}

function showUnreadable({ unreadable }: SetDescription): string {
  const [first] = unreadable;
  return first ? `${unreadable.length}, such as '${first.name}': ${first.reason}` : "";
}

function list(tallies: readonly Tally[]): string {
  const shown = tallies.slice(0, mostListed).map(({ name, count }) => `${name} ${count}`);
  const rest = tallies.slice(mostListed);
  const more = rest.reduce((sum, { count }) => sum + count, 0);
  return [...shown, ...(rest.length > 0 ? [`${rest.length} more ${more}`] : [])].join(", ");
}

function showSame(name: string, groups: readonly SameFinding[], about: string): string {
  if (groups.length === 0) return `${name}: none`;
  const images = groups.reduce((sum, one) => sum + one.images.length, 0);
  const [first] = groups;
  const [a, b] = first!.images;
  const things = groups.length === 1 ? "1 picture" : `${groups.length} pictures`;
  return `${name}: ${things} in ${images} images (${about}), such as '${a!.name}' and '${b!.name}'`;
}
