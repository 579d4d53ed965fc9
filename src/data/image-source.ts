/** What images look like before they are prepared: stored images, and sources that read them one by one. */
import type { ImageShape } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";

/** The bytes of a PNG, JPEG or other image file. */
export interface EncodedImage {
  readonly kind: "encoded";
  readonly bytes: Uint8Array;
}

/** An image as it was read, not yet decoded, resized or checked. */
export type StoredImage = RawImage | EncodedImage;

/** Images that can be listed at once and read one by one. What a format makes of files. */
export interface ImageCatalogue {
  /** The format's name, such as `images`, `idx` or `cifar-10`. */
  readonly format: string;
  readonly length: number;
  /** A name that leads a person to the image: its path, starting with the location as it was typed. Unique within the catalogue. */
  name(index: number): string;
  /** The class of an image: its folder or its label. Undefined where there is none. */
  className(index: number): string | undefined;
  /** The splits an image belongs to: `train` or `test` of a data set, the folders that hold an image file. */
  splitNames(index: number): readonly string[];
  /**
   * Reads one image. Images that the program makes are made to the specification of whoever reads them, if it is known; all others come as they are stored.
   * Throws what the file system throws.
   */
  read(index: number, specification?: ImageShape): Promise<StoredImage>;
}

/** The images that a location and its selection name. */
export interface ImageSource extends ImageCatalogue {
  /** The location as it was typed, selection included. */
  readonly location: string;
  /** The argument that named the location; begins error messages. */
  readonly where: string;
  /** 1 if all images are grey, else 3. Of image files, a sample of 16 is looked at: what their headers say, not their pixels. */
  channels(): Promise<1 | 3>;
}

/** A format of images: recognised by names alone, opened on demand. Add one by adding a record to the list in `opening.ts`. */
export interface ImageFormat {
  readonly name: string;
  /** Whether the files hold images of this format. */
  matches(tree: FileTree): boolean;
  /** Lists the images. Throws FormatError where the files are not what their names say, ConfigError where they are ambiguous. */
  open(tree: FileTree, where: string): Promise<ImageCatalogue>;
}

/** A file of a folder or of an archive. */
export interface StoredFile {
  /** Path within the folder or archive, `/` between its parts. */
  readonly path: string;
  /** The path as a person may type it, from the location on. */
  readonly shown: string;
  /** All bytes of the file. */
  read(): Promise<Uint8Array>;
}

/** The files a location holds, hidden ones left out, sorted by path. */
export interface FileTree {
  readonly location: string;
  readonly container: "folder" | "archive" | "file";
  readonly files: readonly StoredFile[];
  /** Files in which to look for labels and class names: the tree's own, or what lies beside a lone file. */
  companions(): Promise<readonly StoredFile[]>;
}

/** Something that holds files: a folder, an archive, or a file by itself. */
export interface FileContainer {
  readonly name: string;
  matches(path: string, isFolder: boolean): boolean;
  /** Lists the files. Throws FormatError where an archive is damaged. */
  open(path: string, where: string): Promise<FileTree>;
}
