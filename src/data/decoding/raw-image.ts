/** Prepared pixels handed to sharp. */
import type { Sharp } from "sharp";
import { sharpLibrary } from "./sharp-library.ts";

/** Pixels uint8 [C, H, W], grey (C = 1) or RGB (C = 3), as a sharp image of the same channels. */
export function openRaw(
  pixels: Uint8Array,
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
): Sharp {
  const interleaved = new Uint8Array(pixels.length);
  const area = height * width;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < area; pixel++) {
      interleaved[pixel * channels + channel] = pixels[channel * area + pixel]!;
    }
  }
  const raw = { channels: channels === 1 ? 1 : 3, height, width } as const;
  return sharpLibrary()(interleaved, { raw }).toColourspace(channels === 1 ? "b-w" : "srgb");
}
