/** The size at which an encoder sees an image. Pure. */
import { resized } from "../faults/portable.ts";
import type { RawImage } from "../pixels/index.ts";
import type { EncoderRecord } from "./description.ts";
import type { EncoderSettings } from "./settings.ts";

/** Sides are multiples of this, so that every stride divides them. */
const step = 32;

/** Height and width in pixels at which an encoder sees an image. */
function encoderSize(
  { height, width }: { readonly height: number; readonly width: number },
  { size }: Pick<EncoderRecord, "size">,
  { mode, side, largest }: Pick<EncoderSettings, "mode" | "side" | "largest">,
): { readonly height: number; readonly width: number } {
  if (size) return size;
  const whole = (pixels: number): number => Math.max(1, Math.round(pixels / step)) * step;
  if (mode === "aligned") return { height: whole(side), width: whole(side) };
  const scale = Math.min(1, largest / Math.sqrt(height * width));
  return { height: whole(height * scale), width: whole(width * scale) };
}

/** An image as an encoder sees it. */
export function fitImage(
  image: RawImage,
  encoder: Pick<EncoderRecord, "size">,
  settings: Pick<EncoderSettings, "mode" | "side" | "largest">,
): RawImage {
  return resized(image, encoderSize(image, encoder, settings));
}
