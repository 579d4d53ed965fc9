/** Groups of images that pairs join. Pure. */

/** Groups while they are joined. */
export interface JoinedGroups {
  join(a: number, b: number): void;
  areJoined(a: number, b: number): boolean;
  /** A number for every image, numbered in the order of the groups' first images. */
  numbers(): Uint32Array;
}

/** Groups of one image each. */
export function singleGroups(count: number): JoinedGroups {
  const parents = Uint32Array.from({ length: count }, (_, index) => index);
  const rootOf = (index: number): number => {
    let root = index;
    while (parents[root] !== root) root = parents[root]!;
    parents[index] = root;
    return root;
  };
  return {
    join(a, b) {
      const [first, second] = [rootOf(a), rootOf(b)].sort((x, y) => x - y) as [number, number];
      parents[second] = first;
    },
    areJoined: (a, b) => rootOf(a) === rootOf(b),
    numbers() {
      const numbers = new Map<number, number>();
      return parents.map((_, index) => {
        const root = rootOf(index);
        if (!numbers.has(root)) numbers.set(root, numbers.size);
        return numbers.get(root)!;
      });
    },
  };
}

/** The share of the largest group. */
export function largestShare(groups: Uint32Array): number {
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return [...sizes.values()].reduce((most, size) => Math.max(most, size), 0) / groups.length;
}
