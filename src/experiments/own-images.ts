/** Images that a reproduction writes into its own folder: those it makes, and normal ones that it holds back for comparison. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ConfigError, type ImageShape, permutation, randomKey, setting } from "../base/index.ts";
import { loadImages, type NamedLocation, openImages, safeName, writeFileAtomic, writeImages } from "../data/index.ts";
import { anomalousMadeKinds, type MadeKind, makeImages } from "../made/index.ts";
import type { Watch } from "../workflow/index.ts";
import type { SuiteData } from "./suites.ts";

/** Folder of these images within that of the reproduction. */
const folderName = "images";

/** Marks that folder as ours, whatever else a stopped call left in it. */
const markName = "made-by-outglow.txt";

/** How many images the suite `quick` makes. */
const madeCounts = { normal: 1200, general: 1500, test: 300 } as const;

/** The share of the normal images that is held back where there is no test split. */
const heldBackShare = 0.2;

/** The fewest normal images of which some can be held back. */
const leastImages = 20;

/** Whether the images in a folder were written by a reproduction. */
export async function hasOwnImages(out: string): Promise<boolean> {
  return (await readdir(join(out, folderName)).catch((): string[] => [])).includes(markName);
}

/** Makes the images of the suite `quick`. The test sets differ in the shape of one object and in nothing else. */
export async function makeQuickImages(out: string, specification: ImageShape): Promise<SuiteData> {
  const write = async (name: string, kind: MadeKind, scene: string, count: number): Promise<string> => {
    const folder = join(out, folderName, name);
    const images = makeImages({ kind, count, specification, key: randomKey("reproduce").fold(scene) });
    await writeFresh(images, specification, folder);
    return folder;
  };
  const anomalous: NamedLocation[] = [];
  for (const name of anomalousMadeKinds) {
    anomalous.push({ name, location: await write(name, name, "test", madeCounts.test) });
  }
  return {
    normal: await write("normal-train", "normal", "train", madeCounts.normal),
    test: await write("normal-test", "normal", "test", madeCounts.test),
    anomalous,
    general: await write("general", "general", "general", madeCounts.general),
  };
}

/**
 * Divides normal images into those to train on and those held back, at random and always the same ones. An image of which a copy is trained
 * on is not compared with. Throws ConfigError for too few images.
 */
export async function holdBack(
  out: string,
  location: string,
  specification: ImageShape,
  watch: Watch,
): Promise<{ readonly normal: string; readonly test: string }> {
  const source = await openImages(location, setting("normal"));
  const { pixels, count, classNames, problems } = await loadImages(source, specification, { strict: false });
  if (problems.length > 0) watch.onEvent?.({ kind: "skipped", subject: location, problems });
  if (count < leastImages) {
    throw new ConfigError({
      code: "too-few-images",
      subject: setting("normal"),
      expected: `${leastImages} images or more, some of which are held back for comparison`,
      got: String(count),
      remedy: { key: "other", text: `give others with ${setting("test")}` },
    });
  }
  const size = pixels.length / count;
  const imageOf = (index: number): Buffer => Buffer.from(pixels.subarray(index * size, (index + 1) * size));
  const order = permutation(count, randomKey("reproduce").fold("held back").stream());
  const back = Math.round(count * heldBackShare);
  const trained = [...order.subarray(back)].sort((a, b) => a - b);
  const known = new Set(trained.map((index) => imageOf(index).toString("latin1")));
  const compared = [...order.subarray(0, back)]
    .sort((a, b) => a - b)
    .filter((index) => !known.has(imageOf(index).toString("latin1")));
  const write = async (name: string, indices: readonly number[]): Promise<string> => {
    const folder = join(out, folderName, name);
    const names = indices.map((index) => {
      const name = `normal-${String(index).padStart(5, "0")}`;
      const label = classNames[index];
      return label === undefined ? name : `${safeName(label)}/${name}`;
    });
    await writeFresh({ pixels: Buffer.concat(indices.map(imageOf)), names }, specification, folder);
    return folder;
  };
  return { normal: await write("normal-train", trained), test: await write("normal-test", compared) };
}

/** Writes images into a folder that holds nothing else: an earlier call may have been stopped half-way. */
async function writeFresh(
  images: Parameters<typeof writeImages>[0],
  specification: ImageShape,
  folder: string,
): Promise<void> {
  // Only a folder that `openPlan` has found to be ours gets here with anything in it.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(dirname(folder), markName), "Images that outglow reproduce wrote for its own use.\n");
  await writeImages(images, specification, folder);
}
