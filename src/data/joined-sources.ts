/** Several sources as one, in their order. */
import { ConfigError, type Fault, isUserError } from "../base/index.ts";
import { litterName } from "./containers/litter.ts";
import { detectChannels } from "./decoding/preparation.ts";
import { baseName } from "./files/path-names.ts";
import { concernsAll, type ImageSource, type PreparationProblem, type SourceFiles } from "./image-source.ts";
import { addOtherFile, type LeftOutTally, tallyLeftOut } from "./source-summary.ts";

/**
 * Opens several locations, such as those a shell makes of `folder/*`. What lies there but holds no images is counted and named, never the end, as long as
 * one location holds some. Throws as `open` where a location alone was given, where one does not exist, or none has images.
 */
export async function openEach(
  locations: readonly string[],
  subject: string,
  open: (location: string) => Promise<ImageSource>,
): Promise<ImageSource> {
  if (locations.length === 1) return open(locations[0]!);
  const leftOut = tallyLeftOut();
  const problems: PreparationProblem[] = [];
  const sources: ImageSource[] = [];
  let first: unknown;
  for (const location of locations) {
    if (isLitter(location, leftOut)) continue;
    try {
      sources.push(await open(location));
    } catch (error) {
      if (!isUserError(error) || error.fault?.code === "not-found" || isSelection(error) || concernsAll(error))
        throw error;
      first ??= error;
      if (error.fault?.code === "unsupported") addOtherFile(leftOut, location);
      else problems.push({ name: location, reason: reasonOf(error, location) });
    }
  }
  if (sources.length === 0) {
    throw first ?? new ConfigError({ code: "too-few-images", subject, expected: "images", got: "none" });
  }
  return join(sources, subject, problems, leftOut);
}

/** Why a location holds nothing, beside its name. */
function reasonOf({ fault, message }: Error & { readonly fault: Fault | undefined }, location: string): string {
  if (!fault) return message;
  const about = `'${location}', which `;
  return fault.got.startsWith(about) ? fault.got.slice(about.length) : `got ${fault.got}`;
}

/** Whether a selection was refused: a person's slip, not a stray file. */
function isSelection({ fault }: { readonly fault: { readonly code: string } | undefined }): boolean {
  return ["unknown-name", "out-of-range", "missing-setting"].includes(fault?.code ?? "");
}

/** Whether a name among others is what a system left there, which is then counted. */
function isLitter(location: string, leftOut: LeftOutTally): boolean {
  const name = baseName(location.replace(/[\\/]+$/, ""));
  const litter = litterName(name, true) ?? litterName(name, false);
  if (litter === undefined || litter === "hidden") return false;
  leftOut.add("litter", litter, location);
  return true;
}

/** Sources that are open already as one. */
export function joinSources(sources: readonly ImageSource[], subject: string): ImageSource {
  return join(sources, subject, [], tallyLeftOut());
}

function join(
  sources: readonly ImageSource[],
  subject: string,
  problems: readonly PreparationProblem[],
  leftOut: LeftOutTally,
): ImageSource {
  let length = 0;
  for (const source of sources) {
    length += source.length;
    for (const { kind, what, example, count } of source.leftOut) leftOut.add(kind, what, example, count);
  }
  const placeOf = finderOf(sources.map((source) => source.length));
  const find = (index: number): readonly [ImageSource, number] => {
    const [part, inside] = placeOf(index);
    return [sources[part]!, inside];
  };
  const joined = {
    subject,
    location: sources.length === 1 ? sources[0]!.location : `${sources[0]!.location} and ${sources.length - 1} more`,
    format: sources[0]!.format,
    length,
    problems: [...problems, ...sources.flatMap((source) => source.problems)],
    leftOut: leftOut.list(),
    remarks: sources.flatMap((source) => source.remarks),
    name: (index: number) => at(find(index), "name"),
    className: (index: number) => at(find(index), "className"),
    splitNames: (index: number) => at(find(index), "splitNames"),
    ...joinColumns(sources, find),
    read: (index: number, ...rest: [] | [Parameters<ImageSource["read"]>[1]]) => {
      const [source, inside] = find(index);
      return source.read(inside, ...rest);
    },
  };
  return { ...joined, channels: () => detectChannels(joined), files: () => joinFiles(sources) };
}

/** The files of all sources; undefined where images of one lie in none. */
function joinFiles(sources: readonly ImageSource[]): SourceFiles | undefined {
  const all: SourceFiles[] = [];
  for (const source of sources) {
    const files = source.files?.();
    if (!files) return undefined;
    all.push(files);
  }
  const find = finderOf(all.map(({ count }) => count));
  return {
    about: JSON.stringify(all.map(({ about, count }) => [about, count])),
    count: all.reduce((sum, { count }) => sum + count, 0),
    at: (index) => {
      const [part, inside] = find(index);
      return all[part]!.at(inside);
    },
    apart: all.every(({ apart }) => apart),
    listed: Math.min(...all.map(({ listed }) => listed)),
  };
}

/** In which of several parts a number is, and which it is in it. */
function finderOf(lengths: readonly number[]): (index: number) => readonly [part: number, inside: number] {
  const starts: number[] = [];
  let sum = 0;
  for (const length of lengths) {
    starts.push(sum);
    sum += length;
  }
  return (index) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return [low, index - starts[low]!];
  };
}

/** The further columns of all sources; empty where a source lacks one. */
function joinColumns(
  sources: readonly ImageSource[],
  find: (index: number) => readonly [ImageSource, number],
): Pick<ImageSource, "columns"> {
  const names = [...new Set(sources.flatMap(({ columns }) => columns?.names ?? []))];
  if (names.length === 0) return {};
  const of = (index: number): string[] => {
    const [{ columns }, inside] = find(index);
    const values = columns?.of(inside) ?? [];
    return names.map((name) => values[columns?.names.indexOf(name) ?? -1] ?? "");
  };
  return { columns: { names, of } };
}

function at<Key extends "name" | "className" | "splitNames">(
  [source, index]: readonly [ImageSource, number],
  key: Key,
): ReturnType<ImageSource[Key]> {
  return source[key](index) as ReturnType<ImageSource[Key]>;
}
