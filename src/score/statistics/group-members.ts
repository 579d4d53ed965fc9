/** Images by the group that each belongs to: a batch, a tile, a camera, a patient. */

/** The images of one group, by index. */
export interface GroupMembers {
  readonly name: string;
  readonly images: readonly number[];
}

/** The groups in the order in which they first appear. */
export function groupMembers(names: readonly string[]): GroupMembers[] {
  const groups = new Map<string, number[]>();
  names.forEach((name, image) => {
    const images = groups.get(name);
    if (images === undefined) groups.set(name, [image]);
    else images.push(image);
  });
  return Array.from(groups, ([name, images]) => ({ name, images }));
}
