/** The split that a run uses, image by image, as a table in its folder: what was trained on, what was held out, and what was left out. */
import { asCell, asPath, quote } from "../../base/index.ts";
import { type ImageSet, openAtomicFile } from "../../data/index.ts";
import { type ImageSplit, imageSetNames, type RunImages, type RunSplits, splitPath } from "../../train/index.ts";

/** Rows that are written in one go. */
const rowsAtOnce = 1000;

/** Writes `split.csv` into a run folder: set, image, class and side. Throws RunError where the disk refuses. */
export async function writeSplit(folder: string, images: RunImages, splits: RunSplits): Promise<void> {
  const file = await openAtomicFile(splitPath(folder));
  await file.write("set,image,class,side");
  for (const name of imageSetNames) {
    // Where no others are given, the general images are what is kept away from.
    const [set, split] = [images[name], splits[name]];
    if (!set || !split) continue;
    const sides = sidesOf(set, split);
    for (let first = 0; first < set.count; first += rowsAtOnce) {
      const rows = sides.slice(first, first + rowsAtOnce).map((side, at) => rowOf(name, set, first + at, side));
      await file.write(rows.join("\n"));
    }
  }
  await file.commit();
}

function rowOf(name: string, { names, classNames }: ImageSet, index: number, side: string): string {
  return [name, quote(asPath(names[index]!)), quote(asCell(classNames[index] ?? "")), side].join(",");
}

/** Neither trained on nor held out is what equals an image that forbids it. */
function sidesOf({ count }: ImageSet, { train, heldOut }: ImageSplit): readonly string[] {
  const sides = Array<string>(count).fill("left out");
  for (const index of train) sides[index] = "trained on";
  for (const index of heldOut) sides[index] = "held out";
  return sides;
}
