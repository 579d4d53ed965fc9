/** Some images of a source, as a source. */
import type { ImageSource } from "./image-source.ts";

/** The images at these places of a source, in this order. They keep their names, and the source its location. */
export function pickImages(source: ImageSource, indices: ArrayLike<number>): ImageSource {
  const { columns } = source;
  return {
    ...source,
    // What was made of a whole source is kept, not of some of it.
    files: undefined,
    length: indices.length,
    name: (index) => source.name(indices[index]!),
    className: (index) => source.className(indices[index]!),
    splitNames: (index) => source.splitNames(indices[index]!),
    read: (index, ...rest) => source.read(indices[index]!, ...rest),
    ...(columns && { columns: { ...columns, of: (index: number) => columns.of(indices[index]!) } }),
  };
}
