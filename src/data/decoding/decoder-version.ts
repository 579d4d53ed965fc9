/** The versions of what decodes images: pixels may differ in a last bit between them. */
import { sharpLibrary } from "./sharp-library.ts";

/** The versions of sharp and of libvips, which decodes and resizes for it. */
export function decoderVersions(): { readonly sharp: string; readonly libvips: string } {
  const { sharp, vips } = sharpLibrary().versions;
  return { sharp, libvips: vips };
}
