/** What a format of image files is that is decoded here and not by libvips. */
import type { ImageRefusal, NumberImage, RawImage } from "../../pixels/index.ts";

/** A decoded page, and how many there are. */
export interface DecodedFile {
  readonly image: RawImage | NumberImage;
  readonly pages: number;
}

/** A format of image files that libvips lacks. */
export interface FileFormat {
  readonly name: string;
  /** Endings of names, in lower case without the dot. */
  readonly endings: readonly string[];
  /** Whether a file is one, by its first bytes. */
  recognises(bytes: Uint8Array): boolean;
  /** Height and width as the header says, before anything is decoded; undefined where it says none. */
  sizeOf(bytes: Uint8Array): Promise<{ readonly height: number; readonly width: number } | undefined>;
  /** Decodes a page, the first by default. Throws nothing: what is damaged or not read is a reason. */
  decode(bytes: Uint8Array, page: number): Promise<DecodedFile | ImageRefusal>;
}

/** More pixels are refused, as libvips does. */
export const mostPixels = 268_402_689;

/** Why there is no such page; undefined where there is. */
export function refuseLater(page: number, pages: number): ImageRefusal | undefined {
  if (page <= pages) return undefined;
  return { reason: `file has ${pages} ${pages === 1 ? "page" : "pages"}, none of number ${page}` };
}
