/** Pixels as PNG files. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";

/** Images to write: uint8 [N, C, H, W] with 1 (grey) or 3 (RGB) channels, and a name each. */
export interface NamedPixels {
  readonly pixels: Uint8Array;
  readonly names: readonly string[];
}

/** Images encoded at a time: enough to keep every core busy. */
const concurrency = 16;

/** Writes every image as `NAME.png` into an existing folder. */
export async function writeImages(
  { pixels, names }: NamedPixels,
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
  folder: string,
): Promise<void> {
  const size = channels * height * width;
  const write = async (index: number): Promise<void> => {
    const planes = pixels.subarray(index * size, (index + 1) * size);
    const raw = { width, height, channels: channels === 1 ? 1 : 3 } as const;
    const png = await sharp(interleave(planes, channels, height * width), { raw })
      .png()
      .toBuffer();
    await writeFile(join(folder, `${names[index]}.png`), png);
  };
  for (let first = 0; first < names.length; first += concurrency) {
    const batch = Array.from({ length: Math.min(concurrency, names.length - first) }, (_, offset) => first + offset);
    await Promise.all(batch.map(write));
  }
}

/** [C, H W] to [H W, C]. */
function interleave(planes: Uint8Array, channels: number, size: number): Uint8Array {
  if (channels === 1) return planes;
  const pixels = new Uint8Array(planes.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let index = 0; index < size; index++) pixels[index * channels + channel] = planes[channel * size + index]!;
  }
  return pixels;
}
