/** What an image format is: it recognises a path and lists the images behind it. */

/** An image as its source gives it. */
export type SourceImage =
  /** An encoded file: PNG, JPEG and so on. */
  | { readonly kind: "encoded"; readonly bytes: Uint8Array }
  /** Pixels [C, H, W], as data sets store them. */
  | {
      readonly kind: "raw";
      readonly pixels: Uint8Array;
      readonly channels: number;
      readonly height: number;
      readonly width: number;
    };

export interface ImageEntry {
  /** Unique within its source: a path, or a file with a number. */
  readonly name: string;
  readonly className: string | undefined;
  /** The names by which `#split=` finds it: path components, or train and test. */
  readonly splits: readonly string[];
  read(): Promise<SourceImage>;
}

/** What stands at a path. */
export interface DescribedPath {
  readonly path: string;
  readonly isFolder: boolean;
  /** Names directly inside, hidden ones left out, sorted; empty for a file. */
  readonly children: readonly string[];
}

export interface OpenedImages {
  readonly format: string;
  readonly entries: readonly ImageEntry[];
}

export interface ImageFormat {
  readonly name: string;
  matches(path: DescribedPath): boolean;
  /** Lists the images. `where` begins every message. Throws FormatError for damaged files. */
  open(path: DescribedPath, where: string): Promise<OpenedImages>;
}

/** Names of files that are images. */
export const imageName = /\.(png|jpe?g|webp|avif|tiff?|gif)$/i;

/** A name's place in a tree: class = last folder, splits = all folders. */
export function placeOf(name: string): { readonly className: string | undefined; readonly splits: readonly string[] } {
  const folders = name.split("/").slice(0, -1);
  return { className: folders.at(-1), splits: folders };
}
