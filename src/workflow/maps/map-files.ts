/** The maps of scored images, as files: for every image a picture and the numbers, in a folder. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { safeName, writeArray, writeFileAtomic } from "../../data/index.ts";
import { renderHeatMap } from "../../report/index.ts";
import type { HeatImage, HeatListener } from "./score-maps.ts";

/**
 * Writes `NAME.png`, the image tinted where it is hot within the range, and `NAME.npy`, float32 [height, width], both of the size at which the image
 * was looked at; a picture that nobody could see is enlarged.
 */
export function mapWriter(folder: string): HeatListener {
  let made: Promise<unknown> | undefined;
  return async ({ name, image, heat, range, enlargement }) => {
    made ??= mkdir(folder, { recursive: true });
    await made;
    const { height, width } = image;
    const path = join(folder, safeName(name));
    await writeFileAtomic(`${path}.npy`, writeArray(heat, [height, width]));
    await writeFileAtomic(`${path}.png`, await mapPicture({ name, image, heat, range, enlargement }));
  };
}

/** The picture of a map: the image tinted where it is hot within the range, as a PNG. */
export function mapPicture({ image, heat, range, enlargement }: HeatImage): Promise<Uint8Array> {
  const { pixels, channels, height, width } = image;
  return renderHeatMap({ pixels, channels, height, width, heat, range }, enlargement);
}
