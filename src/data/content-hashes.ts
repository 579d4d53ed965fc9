/** What tells whether two prepared images are the same, in a few bytes. */
import { createHash } from "node:crypto";

/** The first 8 bytes of the SHA-256 of every image of uint8 [n, C, H, W], as text: equal for equal pixels, whatever the files are called. */
export function contentHashes(pixels: Uint8Array, count: number): string[] {
  const size = pixels.length / count;
  return Array.from({ length: count }, (_, index) =>
    createHash("sha256")
      .update(pixels.subarray(index * size, (index + 1) * size))
      .digest()
      .toString("latin1", 0, 8),
  );
}

/** A set of images with their hashes. */
export interface HashedSet {
  readonly name: string;
  readonly hashes: readonly string[];
}

/** What two sets share. */
export interface Overlap {
  readonly sets: readonly [string, string];
  /** Images of the later set that the earlier one has as well. */
  readonly count: number;
}

/** Which sets share images, each two of them once. */
export function overlapsOf(sets: readonly HashedSet[]): Overlap[] {
  return sets.flatMap((one, index) => {
    const known = new Set(one.hashes);
    return sets.slice(index + 1).flatMap(({ name, hashes }): Overlap[] => {
      const count = hashes.filter((hash) => known.has(hash)).length;
      return count === 0 ? [] : [{ sets: [one.name, name], count }];
    });
  });
}
