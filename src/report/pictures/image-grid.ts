/** A grid of images without text, for samples of a model, as a PNG. */
import { ConfigError } from "../../base/index.ts";
import { checkBatch, makeCanvas, type PixelBatch, paintImage } from "./canvas.ts";
import { encodePng } from "./png.ts";

/** What an image grid shows. */
export interface ImageGrid {
  readonly images: PixelBatch;
  readonly columns: number;
  /** How many times every pixel is repeated in both directions. */
  readonly scale: number;
}

/** White pixels between images, not enlarged. */
const gap = 2;

/** The PNG bytes of an image grid. Throws ConfigError for no images and where columns or scale are not whole numbers from 1. */
export async function renderImageGrid({ images, columns, scale }: ImageGrid): Promise<Uint8Array> {
  checkBatch(images);
  for (const [name, value] of Object.entries({ images: images.count, columns, scale })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new ConfigError({
      code: name === "images" ? "too-few-images" : "out-of-range",
      subject: "image grid",
      expected: `a whole number of ${name} from 1`,
      got: String(value),
    });
  }
  const size = { width: images.width * scale, height: images.height * scale };
  const used = Math.min(columns, images.count);
  const rows = Math.ceil(images.count / used);
  const canvas = makeCanvas(used * (size.width + gap) - gap, rows * (size.height + gap) - gap);
  for (let index = 0; index < images.count; index++) {
    const left = (index % used) * (size.width + gap);
    const top = Math.floor(index / used) * (size.height + gap);
    paintImage(canvas, images, index, { left, top, ...size });
  }
  return encodePng(canvas);
}
