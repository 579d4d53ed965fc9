/** Classes of images: their names, in one order for all models, and their labels as numbers. */
import { ConfigError } from "../base/index.ts";
import type { ImageSet } from "../data/index.ts";

const order = new Intl.Collator("en", { numeric: true });

/**
 * The names of the classes of some images, in the order of a reader: `2` before `10`. `flag` asked for them, `location` is where the images
 * came from. Throws ConfigError where images have none and where there is one alone.
 */
export function classNamesOf({ names, classNames }: ImageSet, flag: string, location: string): string[] {
  const without = names.filter((_, index) => classNames[index] === undefined);
  const wayOut = "put images in sub-folders named after classes";
  if (without.length === names.length) {
    throw new ConfigError(`train: ${flag} expects class labels, found none in '${location}'; ${wayOut}`);
  }
  if (without.length > 0) {
    throw new ConfigError(
      `train: ${flag} expects a class label for every image in '${location}', found ${without.length} without, such as '${without[0]}'; ${wayOut}`,
    );
  }
  const classes = [...new Set(classNames as readonly string[])].sort(order.compare);
  if (classes.length === 1) {
    throw new ConfigError(
      `train: ${flag} expects two classes or more, found only '${classes[0]}' in '${location}'; add others or leave ${flag} out`,
    );
  }
  return classes;
}

/** One-hot labels [K, n] of the images with some indices; a column of an image of no class is zero. */
export function oneHotLabels(
  { classNames }: Pick<ImageSet, "classNames">,
  indices: ArrayLike<number>,
  classes: readonly string[],
): Float32Array {
  const numbers = new Map(classes.map((name, index) => [name, index]));
  const labels = new Float32Array(classes.length * indices.length);
  for (let column = 0; column < indices.length; column++) {
    const row = numbers.get(classNames[indices[column]!] ?? "");
    if (row !== undefined) labels[row * indices.length + column] = 1;
  }
  return labels;
}
