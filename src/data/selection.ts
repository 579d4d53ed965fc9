/** Which images of a catalogue a selection means. */
import { ConfigError, nearestSpelling, permutation, randomKey } from "../base/index.ts";
import { compareNames, listNames } from "./files/path-names.ts";
import { areMasks } from "./formats/image-files.ts";
import type { ImageCatalogue } from "./image-source.ts";
import { encodeValue, type Selection } from "./location.ts";

/**
 * The indices of the selected images, ascending. A seed chooses which images `limit` keeps, not their order; a smaller limit of the same
 * seed keeps a subset. Masks (`ground_truth/` of MVTec-like folders) are left out unless the split asks for them.
 * `among` are the indices to select from, by default all. Throws ConfigError where a split or a class is not present, naming what is.
 */
export function selectImages(
  { length, splitNames, className }: ImageCatalogue,
  { split: wantedSplit, classes: wantedClasses, limit, seed }: Selection,
  subject: string,
  among: Uint32Array = Uint32Array.from({ length }, (_, index) => index),
): Uint32Array {
  // Catalogues name in Unicode's composed form.
  const split = wantedSplit?.normalize("NFC");
  const classes = wantedClasses?.map((name) => name.normalize("NFC"));
  let chosen = among;
  if (split !== undefined) {
    const all = chosen;
    chosen = all.filter((index) => splitNames(index).includes(split));
    if (chosen.length === 0) throw missing("split", split, distinct([...all].flatMap((i) => splitNames(i))), subject);
  }
  const unmasked = chosen.filter((index) => !areMasks(splitNames(index)));
  if (split === undefined || !areMasks([split])) chosen = unmasked;
  if (classes !== undefined) {
    const all = chosen;
    const present = distinct([...all].flatMap((index) => className(index) ?? []));
    for (const name of classes) if (!present.includes(name)) throw missing("class", name, present, subject);
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

function missing(key: "split" | "class", value: string, present: readonly string[], subject: string): ConfigError {
  const got = `'${key}=${encodeValue(value)}'`;
  if (present.length === 0) {
    return new ConfigError({ code: "unknown-name", subject, expected: `images without ${key}`, got });
  }
  const names = present.map(encodeValue);
  const nearest = nearestSpelling(encodeValue(value), names);
  return new ConfigError({
    code: "unknown-name",
    subject,
    expected: `a ${key} of ${listNames(names)}`,
    got: `'${encodeValue(value)}'`,
    remedy: present.length > 1 && nearest !== undefined ? { key: "did-you-mean", name: nearest } : undefined,
  });
}
