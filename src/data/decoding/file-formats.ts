/** Formats of image files that are decoded here and not by libvips. Add one by a record in the list: what opens, counts and prepares files asks it. */
import type { ImageRefusal, NumberImage, RawImage } from "../../pixels/index.ts";
import type { EncodedImage, StoredImage } from "../image-source.ts";
import { bmpFormat } from "./bmp.ts";
import { dicomFormat } from "./dicom.ts";
import type { FileFormat } from "./file-format.ts";

export const fileFormats: readonly FileFormat[] = [bmpFormat, dicomFormat];

/** The format of a file that is decoded here; undefined for all others. */
export function formatHere(bytes: Uint8Array): FileFormat | undefined {
  return fileFormats.find(({ recognises }) => recognises(bytes));
}

/** An image of a file that is decoded here; undefined for all others. `hasMore` says whether it is the first page of several and none was asked for. */
export async function decodeHere(
  image: StoredImage,
): Promise<{ readonly image: RawImage | NumberImage; readonly hasMore: boolean } | ImageRefusal | undefined> {
  if (image.kind !== "encoded") return undefined;
  const format = formatHere(image.bytes);
  if (!format) return undefined;
  const { bytes, page }: EncodedImage = image;
  const decoded = await format.decode(bytes, page ?? 1);
  if ("reason" in decoded) return decoded;
  return { image: decoded.image, hasMore: page === undefined && decoded.pages > 1 };
}
