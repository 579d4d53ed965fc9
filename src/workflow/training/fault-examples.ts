/** A person's own examples of faults (`faultsLike`): images with masks in MVTec's layout, or crops that show nothing but a fault. */
import { createHash } from "node:crypto";
import { ConfigError, setting } from "../../base/index.ts";
import { type ImageSet, openImages, readWhole, recordedLocation } from "../../data/index.ts";
import { cropPatch, type FaultPatch, faultSettingsSchema, type LevelSize, maskedPatches } from "../../faults/index.ts";
import type { InputForm, RawImage } from "../../pixels/index.ts";
import type { RunRecord } from "../../train/index.ts";
import { openMasks } from "../maps/map-evaluation.ts";

/** Of more images than these the first ones are taken. */
const mostExamples = 100;

/** What is taken for a crop is at most this share as long as the shorter side of a normal image. */
const mostOfNormal = 0.5;

/** Normal images that are read to know how large normal images are. */
const measuredImages = 5;

/** Examples as they are drawn. */
export interface FaultExamples {
  readonly patches: readonly FaultPatch[];
  /** Images that they were taken from. */
  readonly images: number;
  /** SHA-256 of the patches: whether they are the same again. */
  readonly fingerprint: string;
}

/**
 * Reads the examples at a location. With a mask (`ground_truth/KIND/NAME_mask.png` beside `test/KIND/NAME.png`) every region is a fault. Without
 * one an image has to be a crop, at most half as long as a normal image's shorter side, and all of it counts as a fault: of larger ones nobody
 * knows where the fault is. The first few of the normal images are read to know their size. Throws ConfigError for examples without mask that are
 * larger, masks of another size, and where there is none at all.
 */
export async function readFaultExamples(
  location: string,
  { normal, configuration }: Pick<RunRecord, "normal" | "configuration">,
  { indices }: Pick<ImageSet, "indices">,
): Promise<FaultExamples> {
  const form = configuration.input;
  const sizes = faultSettingsSchema.parse({});
  const subject = setting("faultsLike");
  const source = await openImages(location, subject, { use: "anomalies" });
  const masks = await openMasks(location, subject);
  const usual = await usualSize(normal.location, indices, form);
  const count = Math.min(mostExamples, source.length);
  const patches: FaultPatch[] = [];
  for (let index = 0; index < count; index++) {
    const image = await readWhole(source, index, form);
    const { height, width } = image;
    const mask = masks?.of(source.className(index), source.name(index));
    if (mask) {
      const whole = await readWhole(mask.source, mask.index, { channels: 1, height, width });
      if (whole.height !== height || whole.width !== width) throw otherSize(source.name(index), image, whole);
      patches.push(...maskedPatches(image, whole, sizes));
    } else if (Math.max(height, width) <= mostOfNormal * Math.min(usual.height, usual.width)) {
      patches.push(cropPatch(image, usual, sizes));
    } else throw withoutMask(source.name(index), image);
  }
  if (patches.length === 0) {
    throw new ConfigError({
      code: "too-few-images",
      subject,
      expected: "at least one fault",
      got: `${count} images whose masks are empty`,
      remedy: { key: "choose-another" },
    });
  }
  return { patches, images: count, fingerprint: fingerprintOf(patches) };
}

/** Where examples are, and what was cut out of them; null where none are wished. Throws as `readFaultExamples`. */
export async function locateExamples(
  location: string | undefined,
  record: Parameters<typeof readFaultExamples>[1],
  normal: Pick<ImageSet, "indices">,
): Promise<{ readonly location: string; readonly fingerprint: string } | null> {
  if (location === undefined) return null;
  const { fingerprint } = await readFaultExamples(location, record, normal);
  return { location: await recordedLocation(location, setting("faultsLike")), fingerprint };
}

/** The size of the normal image that is in the middle of a few by its area. */
async function usualSize(location: string, indices: ImageSet["indices"], form: InputForm): Promise<LevelSize> {
  const source = await openImages(location, setting("normal"), { use: "training" });
  const sizes: LevelSize[] = [];
  for (const index of indices.slice(0, measuredImages)) {
    const { height, width } = await readWhole(source, index, form);
    sizes.push({ height, width });
  }
  return sizes.sort((a, b) => a.height * a.width - b.height * b.width)[sizes.length >> 1]!;
}

function withoutMask(name: string, { height, width }: RawImage): ConfigError {
  return new ConfigError({
    code: "not-found",
    subject: setting("faultsLike"),
    expected: "a mask for every image, or crops at most half as long as a normal image that show nothing but a fault",
    got: `'${name}' (${width}x${height}) without a mask`,
    remedy: {
      key: "other",
      text: "cut the faults out, or put masks into ground_truth/ beside test/ and name the folder above them with '#split=test,class=...'",
    },
  });
}

function otherSize(name: string, image: RawImage, mask: RawImage): ConfigError {
  return new ConfigError({
    code: "mismatch",
    subject: setting("faultsLike"),
    expected: `a mask of ${image.width}x${image.height} for '${name}'`,
    got: `one of ${mask.width}x${mask.height}`,
  });
}

function fingerprintOf(patches: readonly FaultPatch[]): string {
  const hash = createHash("sha256");
  for (const { image, mask } of patches) {
    hash.update(`${image.channels}x${image.height}x${image.width}\n`).update(image.pixels).update(mask.pixels);
  }
  return hash.digest("hex");
}
