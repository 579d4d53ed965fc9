/** Encoded files decoded in a page: JPEG and PNG by code of our own, the others by the browser. Needs no document. */
import { unzlibSync } from "fflate";
import { ConfigError } from "../../src/base/index.ts";
import {
  type DecodedImage,
  decodePng,
  type ImageDecoder as ImageDecoderOf,
  type ImageHeader,
  type JpegDecoder,
  jpegHeader,
  jpegReduction,
  pngHeader,
  swapsSides,
} from "../../src/pixels/index.ts";

/**
 * Pixels that a page decodes at most: four bytes each and two copies of them are a gigabyte already. JPEGs are shrunk while they are decoded,
 * so that theirs are counted after that.
 */
const mostPagePixels = 2 ** 27;

/** Bytes of a file that a page reads at most. */
export const mostPageBytes = 2 ** 29;

/** A decoder of a page, on a JPEG decoder of its own. Rejects for files that are too large or of another format, and for damage. */
export function pageDecoder(jpeg: JpegDecoder): ImageDecoderOf {
  return async (bytes, model) => {
    const reduction = (header: ImageHeader): number =>
      jpegReduction(header, swapsSides(header.orientation) ? { height: model.width, width: model.height } : model);
    const photo = jpegHeader(bytes);
    const size = photo ?? pngHeader(bytes) ?? otherSize(bytes);
    if (size === undefined) throw unsupported("PNG, JPEG, WebP or AVIF", "another file");
    const shrunk = photo?.depth === 8 ? reduction(photo) : 1;
    if ((size.height * size.width) / shrunk ** 2 > mostPagePixels) {
      const got = `${Math.round((size.height * size.width) / 1e6)} million pixels`;
      throw unsupported(`at most ${Math.floor(mostPagePixels / 1e6)} million pixels in a page`, got);
    }
    return (
      jpeg.decode(bytes, reduction) ??
      (await decodePng(bytes, inflate)) ??
      (await decodeAvif(bytes)) ??
      decodeByBrowser(bytes)
    );
  };
}

/** An error that completes `cannot be decoded: `. */
function unsupported(expected: string, got: string): ConfigError {
  return new ConfigError({
    code: "unsupported",
    subject: "image",
    expected,
    got,
    remedy: { key: "other", text: "the command line takes more" },
  });
}

/** Bytes up to which a stream is decompressed by code of our own: a browser's streams take a millisecond or more to begin. */
const shortStream = 2 ** 18;

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const quick = bytes.length <= shortStream ? inflateShort(bytes) : undefined;
  if (quick !== undefined) return quick;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** What a sound zlib stream holds; undefined for any other, of which the browser's decoder says what is wrong. */
function inflateShort(bytes: Uint8Array<ArrayBuffer>): Uint8Array | undefined {
  try {
    const content = unzlibSync(bytes);
    const told = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - 4);
    return told === adler32(content) ? content : undefined;
  } catch {
    return undefined;
  }
}

/** The checksum that ends a zlib stream (Deutsch & Gailly 1996, RFC 1950, section 9). */
function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (let at = 0; at < bytes.length; ) {
    // So many sums fit into 32 bits.
    const end = Math.min(bytes.length, at + 5552);
    for (; at < end; at++) {
      low += bytes[at]!;
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return high * 65536 + low;
}

/** Height and width of a WebP or AVIF file, from its header; undefined for other files. */
function otherSize(bytes: Uint8Array): { readonly height: number; readonly width: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length >= 30 && text(0) === "RIFF" && text(8) === "WEBP") {
    const three = (at: number): number => view.getUint16(at, true) + 65536 * bytes[at + 2]!;
    if (text(12) === "VP8X") return { width: three(24) + 1, height: three(27) + 1 };
    if (text(12) === "VP8L") {
      const packed = view.getUint32(21, true);
      return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
    }
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  if (!isAvif(bytes)) return undefined;
  for (let at = 8; at + 16 <= Math.min(bytes.length, 4096); at++) {
    if (text(at) === "ispe") return { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
  }
  return undefined;
}

function isAvif(bytes: Uint8Array): boolean {
  return ["ftypavif", "ftypavis"].includes(String.fromCharCode(...bytes.subarray(4, 12)));
}

/**
 * An opaque AVIF of 8 bits that keeps every pixel's chroma (4:4:4), from the planes that the browser decodes. Undefined for other files, as
 * for a page without a decoder of this kind: what a browser makes of fewer chroma samples, and of any AVIF on a canvas, is a level or two away
 * from Node's.
 */
async function decodeAvif(bytes: Uint8Array<ArrayBuffer>): Promise<DecodedImage | undefined> {
  if (!isAvif(bytes) || !("ImageDecoder" in globalThis)) return undefined;
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
    const at = ({ offset, stride }: PlaneLayout): number =>
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
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { height, width } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (context === null) throw new RangeError(`the browser has no room for ${width}x${height} pixels`);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return withoutAlpha(context.getImageData(0, 0, width, height));
}

/** RGB of RGBA. */
export function withoutAlpha({ data, height, width }: Pick<ImageData, "data" | "height" | "width">): DecodedImage {
  const samples = new Uint8Array(3 * height * width);
  for (let from = 0, to = 0; to < samples.length; from += 4, to += 3) {
    samples[to] = data[from]!;
    samples[to + 1] = data[from + 1]!;
    samples[to + 2] = data[from + 2]!;
  }
  return { samples, channels: 3, height, width };
}
