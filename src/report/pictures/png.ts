/** PNG bytes from a canvas and SVG overlays, by sharp. */
import { sharpLibrary } from "../../data/index.ts";
import type { Canvas } from "./canvas.ts";

/** zlib's level for whole pictures: 9 makes a chart take three times as long, drawing included, for a file that is a sixth smaller. */
export const pictureCompression = 6;

/** An SVG document and where its upper left corner goes. It must lie on the canvas. */
export interface Overlay {
  readonly svg: string;
  readonly left: number;
  readonly top: number;
}

/** The PNG of a canvas with overlays drawn onto it. */
export async function encodePng(
  { pixels, width, height }: Canvas,
  overlays: readonly Overlay[] = [],
): Promise<Uint8Array> {
  const image = sharpLibrary()(pixels, { raw: { width, height, channels: 3 } }).composite(
    overlays.map(({ svg, left, top }) => ({ input: Buffer.from(svg), left, top })),
  );
  // Compositing adds an opaque alpha channel: a third more bytes for nothing.
  return image.removeAlpha().png({ compressionLevel: pictureCompression }).toBuffer();
}
