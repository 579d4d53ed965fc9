/** What images look like before they are prepared: stored images, and sources that read them one by one. */
import { ConfigError, type ImageShape, RunError } from "../base/index.ts";
import type { NumberImage, RawImage } from "../pixels/index.ts";
import type { NamedPlace, PlacedFiles } from "./cache/stamps.ts";
import type { SourceLimits } from "./limits.ts";
import type { LeftOut, LeftOutTally } from "./source-summary.ts";

/** The bytes of a PNG, JPEG or other image file. */
export interface EncodedImage {
  readonly kind: "encoded";
  readonly bytes: Uint8Array;
  /** The page that is meant of several, from 1 on. Default: the first, and it is said that there are more. */
  readonly page?: number;
}

/** An image as it was read, not yet decoded, resized or checked. */
export type StoredImage = RawImage | NumberImage | EncodedImage;

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
  /** How the files were understood, where a person may have meant something else. */
  readonly remarks?: readonly string[];
  /** Files of the format that could not be opened, where others could. */
  readonly problems?: readonly PreparationProblem[];
  /** What is said of the images besides, where the location is a list with further columns. */
  readonly columns?: ImageColumns;
  /** Where another program decodes the images: which, in its own words. */
  readonly decoder?: string;
  /** The file on the disk that holds an image and no other one, where each has its own. */
  readonly fileOf?: ((index: number) => NamedPlace) | undefined;
}

/** Further columns of a list of images, which are carried through to what is said of each. */
export interface ImageColumns {
  readonly names: readonly string[];
  /** The values of an image, in the order of the names. */
  of(index: number): readonly string[];
}

/** The images that a location and its selection name. */
export interface ImageSource extends ImageCatalogue {
  /** The location as it was typed, selection included. */
  readonly location: string;
  /** What named the location, such as a setting; begins error messages. */
  readonly subject: string;
  /** Folders and files that could not be opened while the images were listed. Loading counts them among what was skipped. */
  readonly problems: readonly PreparationProblem[];
  /** What lies there and is not read, by kind. */
  readonly leftOut: readonly LeftOut[];
  readonly remarks: readonly string[];
  /** 1 if all images are grey, 3 if some are of colour, else how many bands they have. A sample of 16 is looked at: what headers say, not pixels. */
  channels(): Promise<number>;
  /** The files that the images are read from, for whoever keeps what was made of them; undefined for images that no file holds. */
  readonly files?: (() => SourceFiles | undefined) | undefined;
}

/** Files that images are read from. */
export interface SourceFiles extends PlacedFiles {
  /** What pixels depend on beside these files: where they lie, the format, the selection, the limits. */
  readonly about: string;
  /** Whether each image lies in the file of its own number and in no other; else any may lie in any. */
  readonly apart: boolean;
  /** When they were listed, ms since 1970: what changed since is of no state that is known. */
  readonly listed: number;
}

/** A format of images: recognised by names alone, opened on demand. Add one by adding a record to the list in `opening.ts`. */
export interface ImageFormat {
  readonly name: string;
  /** The files that hold images of this format, by their names. */
  members(tree: FileTree): readonly StoredFile[];
  /** Whether a file of this path may be needed to open the format: its images, labels or class names. */
  concerns(path: string): boolean;
  /** Lists the images. Throws FormatError where the files are not what their names say, ConfigError where they are ambiguous. */
  open(tree: FileTree, opening: Opening): Promise<ImageCatalogue>;
}

/** What every step of opening a location is told. */
export interface Opening {
  /** What named the location; begins error messages. */
  readonly subject: string;
  readonly limits: SourceLimits;
  /** Frames a second that are taken of videos. Default: one. */
  readonly fps?: number | undefined;
  /** Whether a file of this path may be needed; others need not be kept. */
  readonly concerns: (path: string) => boolean;
}

/** A file of a folder or of an archive. */
export interface StoredFile {
  /** Path within the folder or archive, `/` between its parts. */
  readonly path: string;
  /** The path as a person may type it, from the location on. */
  readonly shown: string;
  /** Bytes of the file as it is stored. */
  size(): Promise<number>;
  /** All bytes of the file. Throws an Error for one that is larger than the limit. */
  read(): Promise<Uint8Array>;
  /** Some bytes of the file, where they can be had without the others. Throws an Error where the file ends before. */
  readonly readAt?: (offset: number, size: number) => Promise<Uint8Array>;
  /** Where it lies on the disk, unless it lies in an archive: for programs that read files themselves. */
  readonly place?: string;
}

/** The files a location holds, sorted by path, and what was left out. */
export interface FileTree {
  readonly location: string;
  readonly container: "folder" | "archive" | "file";
  readonly files: readonly StoredFile[];
  /** Folders and files that could not be opened. */
  readonly problems: readonly PreparationProblem[];
  /** Litter, hidden files, and what is read already. */
  readonly leftOut: LeftOutTally;
  /** Files in which to look for labels and class names: the tree's own, or what lies beside a lone file. */
  companions(): Promise<readonly StoredFile[]>;
  /** The files on the disk from which files of the tree are read: themselves, or their archive. */
  places(files: readonly StoredFile[]): readonly NamedPlace[];
}

/** Something that holds files: a folder, an archive, or a file by itself. */
export interface FileContainer {
  readonly name: string;
  matches(path: string, isFolder: boolean): boolean;
  /** Lists the files. Throws FormatError where an archive is damaged, ConfigError where it is larger than a limit. */
  open(path: string, opening: Opening): Promise<FileTree>;
}

/** An image that was left out, and why, as in `image is 12x10, smaller than half the model's 32x32`. */
export interface PreparationProblem {
  readonly name: string;
  readonly reason: string;
}

/** Whether what reading threw concerns all images, not the one that was read: a store that does not answer, or does not know who asks. */
export function concernsAll(error: unknown): boolean {
  if (error instanceof RunError) return true;
  const codes = ["not-allowed", "missing-setting"];
  return error instanceof ConfigError && codes.includes(error.fault?.code ?? "");
}

/** Whether reading a file threw this: plain errors with a reason, those of the system among them. Errors of other kinds are a person's to act on, or defects. */
export function isReadError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    ["Error", "ArchiveDamage"].includes(error.name) &&
    // What `internalError` makes.
    !error.message.startsWith("internal: ")
  );
}
