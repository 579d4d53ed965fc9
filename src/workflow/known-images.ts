/**
 * The images that a detector knows from its training, so that an evaluation tells where it meets them again. Kept in the run and not in the
 * detector's own files: whoever is handed a detector cannot ask whether an image of his was among those of another person.
 */
import { messageOf } from "../base/index.ts";
import { contentHashes, type HashedSet, writeFileAtomic } from "../data/index.ts";
import { folderReader } from "../detector/index.ts";
import { hashesPath, imageSetNames, type RunImages, runFolder } from "../train/index.ts";

/** Bytes that tell one image from others. */
const hashBytes = 8;

/** More than any training has: 32 million images. */
const mostBytes = 2 ** 28;

const described = {
  normal: "the images that the detector was trained on or calibrated with",
  general: "the images that its general model was trained on",
  outliers: "the outliers that it was trained to keep away from",
} as const;

/** Writes 8 bytes for every image into a run folder, one file for every set of images. Throws RunError where the disk refuses. */
export async function writeKnownImages(folder: string, images: RunImages): Promise<void> {
  for (const name of imageSetNames) {
    const set = images[name];
    if (!set) continue;
    await writeFileAtomic(
      hashesPath(folder, name),
      Buffer.from(contentHashes(set.pixels, set.count).join(""), "latin1"),
    );
  }
}

/** The images that the detector in a folder was trained with, each set by what it was for: none where its run is not there or kept none. */
export async function readKnownImages(detector: string, onWarning: (text: string) => void): Promise<HashedSet[]> {
  const files = folderReader(runFolder(detector));
  const sets = await Promise.all(
    imageSetNames.map(async (name): Promise<HashedSet[]> => {
      const bytes = await files.read(hashesPath("", name), mostBytes).catch((error: unknown) => {
        onWarning(messageOf(error));
        return undefined;
      });
      if (bytes === undefined) return [];
      const text = Buffer.from(bytes).toString("latin1");
      const count = Math.floor(text.length / hashBytes);
      const hashes = Array.from({ length: count }, (_, index) =>
        text.slice(hashBytes * index, hashBytes * (index + 1)),
      );
      return [{ name: described[name], hashes }];
    }),
  );
  return sets.flat();
}
