/** Images at their own size, for what looks at places in them: decoded, turned upright, in a model's colours, and not resized. */
import { FormatError, messageOf } from "../../base/index.ts";
import type { ImageRefusal, InputForm, RawImage } from "../../pixels/index.ts";
import type { ImageSource, StoredImage } from "../image-source.ts";
import { openSharp } from "./encoded-images.ts";
import { decodeHere } from "./file-formats.ts";
import { prepareImage } from "./preparation.ts";

/** Sides of images that the program makes, which have no size of their own. */
const madeSide = 128;

/**
 * Reads an image of a source at its own size, or no larger than `longest` pixels a side; of the form, colours, background and bits are taken. Throws FormatError where it cannot be read or
 * decoded: sources are asked for images that could be used before.
 */
export async function readWhole(
  source: ImageSource,
  index: number,
  form: InputForm,
  longest?: number,
): Promise<RawImage> {
  const made = { channels: form.channels, height: madeSide, width: madeSide };
  const whole = await source
    .read(index, made)
    .then((stored) => decodeWhole(stored, form, longest))
    .catch((error: unknown): ImageRefusal => ({ reason: `cannot be read: ${messageOf(error)}` }));
  if (!("reason" in whole)) return whole;
  throw new FormatError({
    code: "damaged",
    subject: source.subject,
    expected: `'${source.name(index)}' as it was before`,
    got: whole.reason,
  });
}

/** A stored image at its own size, or as large as `longest` pixels a side allow; or why it cannot be used. */
export async function decodeWhole(
  stored: StoredImage,
  form: InputForm,
  longest: number = Number.POSITIVE_INFINITY,
): Promise<RawImage | ImageRefusal> {
  const here = await decodeHere(stored);
  if (here && "reason" in here) return here;
  const image = here?.image ?? stored;
  const own = await sizeOf(image);
  const factor = Math.max(1, Math.max(own.height, own.width) / longest);
  const [height, width] = [own.height, own.width].map((side) => Math.max(1, Math.round(side / factor))) as [
    number,
    number,
  ];
  const { channels } = form;
  const prepared = await prepareImage(image, { ...form, fit: "stretch", height, width });
  return "reason" in prepared ? prepared : { kind: "raw", pixels: prepared.pixels, channels, height, width };
}

async function sizeOf(image: StoredImage): Promise<{ readonly height: number; readonly width: number }> {
  if (image.kind !== "encoded") return image;
  return (await openSharp(image).metadata()).autoOrient;
}
