/** The catalogues of several archives of one folder as one. */
import type { ImageCatalogue } from "./image-source.ts";

/** A catalogue, and what its archive is called: the split of its images, and the class of those that have none. */
export interface NamedCatalogue {
  readonly name: string;
  readonly catalogue: ImageCatalogue;
}

/** One catalogue after another, in their order. */
export function joinCatalogues(parts: readonly NamedCatalogue[]): ImageCatalogue {
  const starts: number[] = [];
  let length = 0;
  for (const { catalogue } of parts) {
    starts.push(length);
    length += catalogue.length;
  }
  const at = (index: number): readonly [NamedCatalogue, number] => {
    const part = starts.findLastIndex((start) => start <= index);
    return [parts[part]!, index - starts[part]!];
  };
  const formats = new Set(parts.map(({ catalogue }) => catalogue.format));
  return {
    format: formats.size === 1 ? [...formats][0]! : "several",
    length,
    name: (index) => {
      const [{ catalogue }, inside] = at(index);
      return catalogue.name(inside);
    },
    className: (index) => {
      const [{ name, catalogue }, inside] = at(index);
      return catalogue.className(inside) ?? name;
    },
    splitNames: (index) => {
      const [{ name, catalogue }, inside] = at(index);
      return [name, ...catalogue.splitNames(inside)];
    },
    read: (index, specification) => {
      const [{ catalogue }, inside] = at(index);
      return catalogue.read(inside, specification);
    },
    remarks: [...new Set(parts.flatMap(({ catalogue }) => catalogue.remarks ?? []))],
    ...(parts[0]?.catalogue.decoder !== undefined && { decoder: parts[0].catalogue.decoder }),
  };
}
