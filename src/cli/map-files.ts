/** The maps that `outglow predict --maps` leaves: for every image a picture and the numbers, in a folder. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { safeName, writeArray, writeFileAtomic } from "../data/index.ts";
import { renderHeatMap } from "../report/index.ts";
import { fullSizeMap, type MapListener } from "../workflow/index.ts";

/** Writes `NAME.png`, the image tinted where it is hot within the range, and `NAME.npy`, float32 [height, width], both of the image's size. */
export function mapWriter(folder: string, range: readonly [number, number]): MapListener {
  let made: Promise<unknown> | undefined;
  return async (mapped) => {
    made ??= mkdir(folder, { recursive: true });
    await made;
    const heat = fullSizeMap(mapped);
    const { pixels, channels, height, width } = mapped.image;
    const path = join(folder, safeName(mapped.name));
    await writeFileAtomic(`${path}.npy`, writeArray(heat, [height, width]));
    await writeFileAtomic(`${path}.png`, await renderHeatMap({ pixels, channels, height, width, heat, range }));
  };
}
