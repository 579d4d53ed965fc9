/** What the benches of local faults share: images as grey planes, and maps thinned for pixel measures. */
import { resampled } from "outglow/faults";
import sharp from "sharp";

/** Every third pixel of a map counts: enough for an AUROC, a ninth of the time. */
const pixelStep = 3;

/** An image of a source as one grey plane of its own size. */
export async function greyOf(source, index) {
  const stored = await source.read(index);
  const options = { raw: { width: stored.width, height: stored.height, channels: stored.channels } };
  const image = stored.kind === "raw" ? sharp(stored.pixels, options) : sharp(stored.bytes);
  const { data, info } = await image.greyscale().raw().toBuffer({ resolveWithObject: true });
  return { kind: "raw", pixels: new Uint8Array(data), channels: 1, height: info.height, width: info.width };
}

/** A map and its mask at every third pixel. */
export function thinned(map, { height, width }, mask) {
  const [rows, columns] = [Math.floor(height / pixelStep), Math.floor(width / pixelStep)];
  const thin = new Uint8Array(rows * columns);
  for (let y = 0; mask && y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const pixel = (pixelStep * y + 1) * width + pixelStep * x + 1;
      thin[y * columns + x] = mask.pixels[pixel] > 127 ? 1 : 0;
    }
  }
  return { height: rows, width: columns, scores: resampled(map, rows, columns).values, mask: thin };
}
