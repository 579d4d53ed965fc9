/** Encoded files decoded in a page: JPEG and PNG by code of our own, the others by the browser. */
import {
  type DecodedImage,
  decodePng,
  type ImageDecoder as ImageDecoderOf,
  type ImageHeader,
  type JpegDecoder,
  jpegReduction,
  swapsSides,
} from "../../src/pixels/index.ts";

/** What a page has (WebCodecs) and the compiler's libraries here do not tell. */
declare const ImageDecoder: new (options: {
  readonly data: Uint8Array;
  readonly type: string;
  readonly colorSpaceConversion: "none";
}) => { decode(): Promise<{ readonly image: Frame }>; close(): void };

interface Frame {
  readonly format: string;
  readonly displayWidth: number;
  readonly displayHeight: number;
  allocationSize(): number;
  copyTo(into: Uint8Array): Promise<readonly { readonly offset: number; readonly stride: number }[]>;
  close(): void;
}

/** The rest of a page. */
interface Page {
  createImageBitmap(blob: Blob, options: object): Promise<{ readonly width: number; readonly height: number }>;
  readonly OffscreenCanvas: new (
    width: number,
    height: number,
  ) => {
    getContext(
      kind: "2d",
      options: object,
    ): {
      drawImage(image: object, x: number, y: number): void;
      getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
    };
  };
}

/** A decoder of a page, on a JPEG decoder of its own. */
export function pageDecoder(jpeg: JpegDecoder): ImageDecoderOf {
  return async (bytes, model) => {
    const reduction = (header: ImageHeader): number =>
      jpegReduction(header, swapsSides(header.orientation) ? { height: model.width, width: model.height } : model);
    return (
      jpeg.decode(bytes, reduction) ??
      (await decodePng(bytes, inflate)) ??
      (await decodeAvif(bytes)) ??
      decodeByBrowser(bytes)
    );
  };
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * An opaque AVIF of 8 bits that keeps every pixel's chroma (4:4:4), from the planes that the browser decodes. Undefined for other files: what
 * a browser makes of fewer chroma samples, and of any AVIF on a canvas, is a level or two away from Node's.
 */
async function decodeAvif(bytes: Uint8Array<ArrayBuffer>): Promise<DecodedImage | undefined> {
  if (String.fromCharCode(...bytes.subarray(4, 12)) !== "ftypavif") return undefined;
  const decoder = new ImageDecoder({ data: bytes, type: "image/avif", colorSpaceConversion: "none" });
  const { image } = await decoder.decode();
  const { format, displayHeight: height, displayWidth: width } = image;
  const data = new Uint8Array(image.allocationSize());
  const planes = await image.copyTo(data);
  image.close();
  decoder.close();
  if (format !== "I444") return undefined;
  const samples = new Uint8ClampedArray(3 * height * width);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const at = ({ offset, stride }: { readonly offset: number; readonly stride: number }): number =>
      data[offset + Math.floor(pixel / width) * stride + (pixel % width)]!;
    const [luma, blue, red] = [at(planes[0]!), at(planes[1]!) - 128, at(planes[2]!) - 128];
    // ITU-R BT.601 in full range, halves up.
    samples[3 * pixel] = Math.floor(luma + 1.402 * red + 0.5);
    samples[3 * pixel + 1] = Math.floor(luma - 0.344136 * blue - 0.714136 * red + 0.5);
    samples[3 * pixel + 2] = Math.floor(luma + 1.772 * blue + 0.5);
  }
  return { samples: Uint8Array.from(samples), channels: 3, height, width };
}

/** A file without transparency, upright, its colours as they are stored. */
async function decodeByBrowser(bytes: Uint8Array<ArrayBuffer>): Promise<DecodedImage> {
  const page = globalThis as unknown as Page;
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await page.createImageBitmap(new Blob([bytes]), options);
  const { height, width } = bitmap;
  const context = new page.OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const samples = Uint8Array.from({ length: 3 * height * width }, (_, at) => data[4 * Math.floor(at / 3) + (at % 3)]!);
  return { samples, channels: 3, height, width };
}
