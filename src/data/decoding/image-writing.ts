/** Writing images as PNG files. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ImageShape, imageSizeOf, internalError, messageOf, RunError } from "../../base/index.ts";
import { safeName } from "../files/safe-name.ts";
import { mapInOrder } from "../ordered.ts";
import { encodePng } from "./png.ts";

/** Images to write: uint8 [N, C, H, W] and a name for each, without the ending; `/` in it makes folders. */
export interface NamedImages {
  readonly pixels: Uint8Array;
  readonly names: readonly string[];
}

/** Writes every image as `folder/NAME.png`, making folders as needed. Throws RunError where the disk refuses. */
export async function writeImages(
  { pixels, names }: NamedImages,
  specification: ImageShape,
  folder: string,
): Promise<void> {
  const size = imageSizeOf(specification);
  if (pixels.length !== names.length * size) {
    throw internalError(`write images: ${names.length} names for ${pixels.length / size} images`);
  }
  const made = new Map<string, Promise<unknown>>();
  const make = (place: string): Promise<unknown> => {
    const making = made.get(place) ?? mkdir(place, { recursive: true });
    made.set(place, making);
    return making;
  };
  const write = async (index: number): Promise<void> => {
    // A name of several parts goes into folders, but never out of this one.
    const path = join(folder, `${names[index]!.split("/").map(safeName).join("/")}.png`);
    try {
      await make(dirname(path));
      await writeFile(path, encodePng(pixels.subarray(index * size, (index + 1) * size), specification));
    } catch (error) {
      throw new RunError({
        code: "unwritable",
        subject: `'${path}'`,
        expected: "a file that can be written",
        got: messageOf(error),
      });
    }
  };
  for await (const _ of mapInOrder(names.length, write, { concurrency: 4, ahead: 8 }));
}
