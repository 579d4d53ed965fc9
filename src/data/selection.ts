/** Selections: which images of a location are meant, as in `data/mnist#split=test,class=3+5,limit=1000,seed=1`. */
import { ConfigError, nearestSpelling, permutation, randomKey } from "../base/index.ts";
import { isBuiltin } from "./builtin-images.ts";
import { areMasks } from "./image-files.ts";
import type { ImageCatalogue } from "./image-source.ts";
import { compareNames, listNames } from "./path-names.ts";

/** Which images of a location are meant. Nothing chosen means all. */
export interface Selection {
  /** Keep the images of this split. */
  readonly split?: string;
  /** Keep the images of these classes. */
  readonly classes?: readonly string[];
  /** Keep so many: the first ones, or random ones where there is a seed. */
  readonly limit?: number;
  /** Chooses which images `limit` keeps; which images are made, where they are built in. */
  readonly seed?: number;
}

/** A path and what is selected of it. */
export interface ParsedLocation {
  readonly path: string;
  readonly selection: Selection;
}

const keys = ["split", "class", "limit", "seed"] as const;
type Key = (typeof keys)[number];

/** Splits `PATH#key=value,...` at its last `#`. Throws ConfigError for a selection that is not understood. */
export function parseLocation(location: string, where: string): ParsedLocation {
  const mark = location.lastIndexOf("#");
  const path = mark < 0 ? location : location.slice(0, mark);
  if (path === "") throw new ConfigError(`${where} expects a path to images, got '${location}'`);
  if (mark < 0) return { path, selection: {} };
  const values = new Map<Key, string>();
  for (const pair of location.slice(mark + 1).split(",")) {
    const [key, value] = parsePair(pair, where);
    if (values.has(key)) throw new ConfigError(`${where} expects each selection key once, got '${key}' again`);
    values.set(key, value);
  }
  return { path, selection: readSelection(values, path, where) };
}

function parsePair(pair: string, where: string): [Key, string] {
  const equals = pair.indexOf("=");
  const key = equals < 0 ? pair : pair.slice(0, equals);
  const value = equals < 0 ? "" : pair.slice(equals + 1);
  if (!isKey(key)) {
    throw new ConfigError(
      `${where} expects a selection of ${keys.join(", ")} after '#', got '${key}'; did you mean '${nearestSpelling(key, keys)}=...'`,
    );
  }
  if (value === "") throw new ConfigError(`${where} expects a value for '${key}', got none; write '${key}=...'`);
  return [key, value];
}

function isKey(key: string): key is Key {
  return keys.some((other) => other === key);
}

function readSelection(values: ReadonlyMap<Key, string>, path: string, where: string): Selection {
  const split = values.get("split");
  const classes = values.get("class")?.split("+");
  const limit = readNumber(values, "limit", 1, where);
  const seed = readNumber(values, "seed", 0, where);
  if (classes?.includes("")) {
    throw new ConfigError(`${where} expects class names joined by '+', got '${values.get("class")}'`);
  }
  if (seed !== undefined && limit === undefined && !isBuiltin(path)) {
    throw new ConfigError(`${where} expects 'limit' beside 'seed', which chooses the images that limit keeps`);
  }
  return {
    ...(split === undefined ? {} : { split }),
    ...(classes === undefined ? {} : { classes }),
    ...(limit === undefined ? {} : { limit }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function readNumber(values: ReadonlyMap<Key, string>, key: Key, least: number, where: string): number | undefined {
  const text = values.get(key);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new ConfigError(`${where} expects a whole number of ${least} or more for '${key}', got '${text}'`);
  }
  return value;
}

/**
 * The indices of the selected images, ascending. A seed chooses which images `limit` keeps, not their order; a smaller limit of the same
 * seed keeps a subset. Masks (`ground_truth/` of MVTec-like folders) are left out unless the split asks for them.
 * Throws ConfigError where a split or a class is not present, naming what is.
 */
export function selectImages(
  { length, splitNames, className }: ImageCatalogue,
  { split, classes, limit, seed }: Selection,
  where: string,
): Uint32Array {
  let chosen = Uint32Array.from({ length }, (_, index) => index);
  if (split !== undefined) {
    const all = chosen;
    chosen = all.filter((index) => splitNames(index).includes(split));
    if (chosen.length === 0) throw missing("split", split, distinct([...all].flatMap((i) => splitNames(i))), where);
  }
  const unmasked = chosen.filter((index) => !areMasks(splitNames(index)));
  if (split === undefined || !areMasks([split])) chosen = unmasked;
  if (classes !== undefined) {
    const all = chosen;
    const present = distinct([...all].flatMap((index) => className(index) ?? []));
    for (const name of classes) if (!present.includes(name)) throw missing("class", name, present, where);
    chosen = all.filter((index) => classes.includes(className(index) ?? ""));
  }
  if (limit === undefined) return chosen;
  if (seed === undefined) return chosen.slice(0, limit);
  const order = permutation(chosen.length, randomKey(seed).fold("selection").stream());
  return order
    .slice(0, limit)
    .map((position) => chosen[position]!)
    .sort();
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort(compareNames);
}

function missing(key: Key, value: string, present: readonly string[], where: string): ConfigError {
  if (present.length === 0) return new ConfigError(`${where} expects images without ${key}, got '${key}=${value}'`);
  const nearest = nearestSpelling(value, present);
  const hint = present.length > 1 ? `; did you mean '${nearest}'` : "";
  return new ConfigError(`${where} expects a ${key} of ${listNames(present)}, got '${value}'${hint}`);
}
