/** The versions of what decodes images: pixels may differ in a last bit between them. */
import sharp from "sharp";

/** The versions of sharp and of libvips, which decodes and resizes for it. */
export function decoderVersions(): { readonly sharp: string; readonly libvips: string } {
  return { sharp: sharp.versions.sharp, libvips: sharp.versions.vips };
}
