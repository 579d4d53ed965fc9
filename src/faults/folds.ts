/** Parts of the training images that hold each other out, and the kinds of faults that each does without. Pure. */
import { ConfigError, permutation, type RandomKey } from "../base/index.ts";

/**
 * The fold of every image: groups stay whole, and folds are about equally large (the largest groups first, each to the fold that has the
 * fewest images). Throws ConfigError where there are fewer groups than folds.
 */
export function assignFolds(groups: Uint32Array, folds: number, key: RandomKey): Uint32Array {
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  if (sizes.size < folds) {
    throw new ConfigError({
      code: "too-few-images",
      subject: "faults",
      expected: `normal images of at least ${folds} different things`,
      got: `${groups.length} images of ${sizes.size}, the others being near-duplicates`,
    });
  }
  const order = permutation(sizes.size, key.stream());
  const shuffled = [...sizes.entries()].map((entry, index) => [entry, order[index]!] as const);
  shuffled.sort(([[, a], x], [[, b], y]) => b - a || x - y);
  const counts = new Uint32Array(folds);
  const foldOfGroup = new Map<number, number>();
  for (const [[group, size]] of shuffled) {
    const smallest = counts.indexOf(Math.min(...counts));
    foldOfGroup.set(group, smallest);
    counts[smallest]! += size;
  }
  return groups.map((group) => foldOfGroup.get(group)!);
}

/**
 * The kind of faults that a fold's network never sees, so that it can be tried on what is new to it: one of two or more, spread over the kinds
 * where there are fewer folds. Two of six in each network cost two points of AUPRO.
 */
export function kindsLeftOut<Kind extends string>(kinds: readonly Kind[], fold: number, folds: number): Kind[] {
  if (kinds.length < 2) return [];
  const kind = folds < kinds.length ? Math.floor((fold * kinds.length) / folds) : fold % kinds.length;
  return [kinds[kind]!];
}
