/** How long an image takes to pass an encoder here, for whoever has so much time. */
import { randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { openEncoder } from "./features.ts";
import type { GivenEncoder } from "./fitting.ts";
import { tapsOf } from "./record.ts";
import { cellsOf } from "./scoring.ts";
import type { EncoderSettings } from "./settings.ts";
import { fitImage } from "./sizing.ts";

/** Seconds from an image of a size to its cells, measured on noise: of two passes the second, as the first one allocates. Throws RunError where the engine fails. */
export async function secondsPerImage(
  { engine, model, record }: GivenEncoder,
  settings: EncoderSettings,
  { height, width }: { readonly height: number; readonly width: number },
): Promise<number> {
  const stream = randomKey("pass time").stream();
  const pixels = Uint8Array.from({ length: height * width }, () => stream.integer(256));
  const image: RawImage = { kind: "raw", pixels, channels: 1, height, width };
  const open = await openEncoder(engine, model, { ...record, taps: [...tapsOf({ settings, encoder: record })] });
  try {
    const pass = async (): Promise<number> => {
      const started = performance.now();
      await cellsOf(open, settings, fitImage(image, record, settings));
      return (performance.now() - started) / 1000;
    };
    await pass();
    return await pass();
  } finally {
    await open.dispose();
  }
}
