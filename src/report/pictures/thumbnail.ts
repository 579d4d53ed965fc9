/** A prepared image as a small PNG. */
import type { ImageShape } from "../../base/index.ts";
import { sharpLibrary } from "../../data/index.ts";

/** The longest side of a thumbnail, pixels. */
export const longestThumbnail = 128;

/** The PNG of one uint8 image [C, H, W]: grey or RGB, the first channel alone of other numbers of them. Large ones are shrunk. */
export function thumbnailOf(pixels: Uint8Array, { channels, height, width }: ImageShape): Promise<Uint8Array> {
  const shown = channels === 3 ? 3 : 1;
  const size = height * width;
  const interleaved = Uint8Array.from({ length: shown * size }, (_, index) => {
    const channel = index % shown;
    return pixels[channel * size + (index - channel) / shown]!;
  });
  return sharpLibrary()(interleaved, { raw: { width, height, channels: shown } })
    .resize(longestThumbnail, longestThumbnail, { fit: "inside", withoutEnlargement: true })
    .toColourspace(shown === 1 ? "b-w" : "srgb")
    .png({ compressionLevel: 9 })
    .toBuffer();
}
