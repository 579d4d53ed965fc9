/** Patterns of paths, as a shell knows them, that reach the program unexpanded: in quotes, in a request, or because there are too many files. */
import { stat } from "node:fs/promises";
import { ConfigError } from "../../base/index.ts";
import { systemPath } from "../files/path-bytes.ts";
import { foldersOf } from "../files/path-names.ts";
import type { FileContainer } from "../image-source.ts";
import { openFolder } from "./folder-tree.ts";

/** Whether a path that does not exist may be a pattern. */
export function isPattern(path: string): boolean {
  return /[*?[{]/.test(path);
}

/**
 * What a pattern matches below its fixed part: `*` and `?` stand for signs of one name, `**` for any folders, `[ab]` for one sign, `{a,b}` for one of
 * several texts. A folder that matches counts with everything below it.
 */
export const patternContainer: FileContainer = {
  name: "pattern",
  matches: () => false,
  async open(path, opening) {
    const { fixed, found, enters } = readPattern(path.replaceAll("\\", "/"));
    const folder = fixed || (path.startsWith("/") ? "/" : ".");
    const isFolder = await stat(systemPath(folder)).then(
      (status) => status.isDirectory(),
      () => false,
    );
    const tree = isFolder ? await openFolder(folder, opening, enters) : undefined;
    const files = tree?.files.filter((file) => found(file.path)) ?? [];
    if (!tree || files.length === 0) {
      const got = `nothing that matches '${path}'`;
      throw new ConfigError({ code: "not-found", subject: opening.subject, expected: "images", got });
    }
    return { ...tree, location: path, files, companions: async () => tree.files };
  },
};

/** A pattern, understood. */
export interface PathPattern {
  /** The folders before the first that is not named; empty where there is none. */
  readonly fixed: string;
  /** Whether a path from there on matches, or lies in a folder that does. */
  found(inside: string): boolean;
  /** Whether something below a folder may match. */
  enters(inside: string): boolean;
}

/** Reads a pattern, `/` between its parts. */
export function readPattern(path: string): PathPattern {
  const parts = path.split("/");
  const first = parts.findIndex(isPattern);
  const patterns = alternatives(parts.slice(first).join("/")).map(compile);
  return {
    fixed: parts.slice(0, first).join("/"),
    found: (inside) => patterns.some((pattern) => fits(pattern, inside, false)),
    enters: (inside) => patterns.some((pattern) => fits(pattern, inside, true)),
  };
}

/** The names of a pattern from left to right; undefined for any number of folders. */
type Pattern = readonly (RegExp | undefined)[];

/** Texts in braces written out, of which there may be a thousand at most. */
function alternatives(pattern: string): string[] {
  const braces = /\{([^{}]*,[^{}]*)\}/.exec(pattern);
  if (!braces) return [pattern];
  const [before, after] = [pattern.slice(0, braces.index), pattern.slice(braces.index + braces[0].length)];
  return braces[1]!
    .split(",")
    .flatMap((text) => alternatives(before + text + after))
    .slice(0, 1000);
}

function compile(pattern: string): Pattern {
  return pattern
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .map((part) => (part === "**" ? undefined : nameOf(part)));
}

function nameOf(part: string): RegExp {
  let source = "";
  for (let at = 0; at < part.length; at++) {
    const sign = part[at]!;
    const end = sign === "[" ? part.indexOf("]", at + 2) : -1;
    if (sign === "*") {
      // Several are as good as one.
      while (part[at + 1] === "*") at++;
      source += "[^/]*";
    } else if (sign === "?") source += "[^/]";
    else if (end > 0) {
      const signs = part.slice(at + 1, end).replace(/[\\\]^[]/g, "\\$&");
      source += signs.startsWith("!") ? `[^/${signs.slice(1)}]` : `[${signs}]`;
      at = end;
    } else source += sign.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  }
  return new RegExp(`^${source}$`, "su");
}

/** Whether a path, or a folder that it lies in, matches; with `begins`, whether something below it may. */
function fits(pattern: Pattern, path: string, begins: boolean): boolean {
  const names = [...foldersOf(path), path.slice(path.lastIndexOf("/") + 1)];
  // Places in the pattern that may come next.
  let places = skipped(pattern, new Set([0]));
  for (const name of names) {
    if (places.has(pattern.length)) return true;
    const next = new Set<number>();
    for (const place of places) {
      const one = pattern[place];
      if (one === undefined) next.add(place);
      else if (one.test(name)) next.add(place + 1);
    }
    places = skipped(pattern, next);
  }
  return begins ? places.size > 0 : places.has(pattern.length);
}

/** The places, and those after a `**` that stands for no folder. */
function skipped(pattern: Pattern, places: ReadonlySet<number>): Set<number> {
  const all = new Set(places);
  for (const place of all) if (place < pattern.length && pattern[place] === undefined) all.add(place + 1);
  return all;
}
