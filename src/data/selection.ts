/** The selection behind a `#` in a location: which of the images there are meant. */
import { ConfigError, nearestSpelling } from "../base/index.ts";

export interface Selection {
  readonly split?: string;
  readonly classes?: readonly string[];
  readonly limit?: number;
  readonly seed?: number;
}

const keys = ["split", "class", "limit", "seed"] as const;

/**
 * `PATH#split=test,class=3+5,limit=1000,seed=1` in parts. `limit` takes the first images, or with `seed` a random choice.
 * Throws ConfigError for unknown keys and values that cannot be.
 */
export function parseLocation(
  location: string,
  where: string,
): { readonly path: string; readonly selection: Selection } {
  const hash = location.indexOf("#");
  const path = hash < 0 ? location : location.slice(0, hash);
  if (path === "")
    throw new ConfigError(`${where} expects a path, got '${location}'; write PATH or PATH#split=test,limit=100`);
  if (hash < 0) return { path, selection: {} };
  const selection: { split?: string; classes?: readonly string[]; limit?: number; seed?: number } = {};
  for (const part of location.slice(hash + 1).split(",")) {
    const equals = part.indexOf("=");
    const key = part.slice(0, equals < 0 ? part.length : equals).trim();
    const value = equals < 0 ? "" : part.slice(equals + 1).trim();
    if (!keys.some((known) => known === key)) {
      throw new ConfigError(
        `${where} expects a selection of ${keys.join(", ")}, got '${part}'; did you mean ${nearestSpelling(key, keys)}=?`,
      );
    }
    if (value === "") throw new ConfigError(`${where} expects a value after ${key}=, got none in '${location}'`);
    if (key === "split") selection.split = value;
    else if (key === "class") selection.classes = value.split("+");
    else if (key === "limit") selection.limit = wholeNumber(key, value, 1, where);
    else selection.seed = wholeNumber(key, value, 0, where);
  }
  return { path, selection };
}

function wholeNumber(key: string, text: string, least: number, where: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new ConfigError(`${where} expects ${key}= with a whole number from ${least}, got '${text}'`);
}
