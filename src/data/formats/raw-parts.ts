/** Data sets that keep raw images in a few large files: their parts joined into one catalogue. */

import type { ImageCatalogue, StoredImage } from "../image-source.ts";

/** One file of raw images. */
export interface RawPart {
  /** The file's path as a person may type it. */
  readonly shown: string;
  /** The name of a part's only image, where that is the file's. */
  readonly name?: string;
  readonly splits: readonly string[];
  readonly count: number;
  className(index: number): string | undefined;
  read(index: number): StoredImage | Promise<StoredImage>;
}

/** Where image `index` of several parts lies. */
export interface JoinedParts {
  readonly length: number;
  find(index: number): { readonly part: RawPart; readonly index: number };
}

/** Parts one after another: training parts first, whatever their names. */
export function joinParts(unsorted: readonly RawPart[]): JoinedParts {
  const parts = [...unsorted].sort((a, b) => Number(b.splits.includes("train")) - Number(a.splits.includes("train")));
  const starts: number[] = [];
  let length = 0;
  for (const { count } of parts) {
    starts.push(length);
    length += count;
  }
  return {
    length,
    find(index) {
      let [number, high] = [0, starts.length - 1];
      while (number < high) {
        const middle = Math.ceil((number + high) / 2);
        if (starts[middle]! <= index) number = middle;
        else high = middle - 1;
      }
      return { part: parts[number]!, index: index - starts[number]! };
    },
  };
}

/** The catalogue of raw images. An image is named by its file and its number in it, such as `mnist/t10k-images-idx3-ubyte/00012`. */
export function rawCatalogue(format: string, { length, find }: JoinedParts): ImageCatalogue {
  return {
    format,
    length,
    name(position) {
      const { part, index } = find(position);
      return part.name ?? `${part.shown}/${String(index).padStart(5, "0")}`;
    },
    className(position) {
      const { part, index } = find(position);
      return part.className(index);
    },
    splitNames: (position) => find(position).part.splits,
    async read(position) {
      const { part, index } = find(position);
      return part.read(index);
    },
  };
}
