/** Classes of images: their names, in one order for all models, and their labels as numbers. */
import { ConfigError } from "../base/index.ts";
import type { ImageSet } from "../data/portable.ts";

const order = new Intl.Collator("en", { numeric: true });

/**
 * The names of the classes of some images, in the order of a reader: `2` before `10`. The setting `asked` wants them, `location` is where the
 * images came from. Throws ConfigError where images have none and where there is one alone.
 */
export function classNamesOf({ names, classNames }: ImageSet, asked: string, location: string): string[] {
  const without = names.filter((_, index) => classNames[index] === undefined);
  const refuse = (expected: string, got: string, wayOut = "put images in sub-folders named after classes"): never => {
    const remedy = { key: "other", text: wayOut } as const;
    throw new ConfigError({ code: "unsupported", subject: asked, expected, got: `${got} in '${location}'`, remedy });
  };
  if (without.length === names.length) refuse("class labels", "none");
  if (without.length > 0) {
    refuse("a class label for every image", `${without.length} without, such as '${without[0]}',`);
  }
  const classes = [...new Set(classNames as readonly string[])].sort(order.compare);
  if (classes.length === 1) {
    refuse("two classes or more", `only '${classes[0]}'`, `add others or leave ${asked} out`);
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
