/** JPEG files decoded by libjpeg-turbo compiled to WebAssembly, which gives the pixels that libvips gets. Pure: the module is handed in. */
import { type ImageHeader, jpegHeader } from "./image-header.ts";
import type { DecodedImage } from "./preparation.ts";

/** TurboJPEG's pixel format R, G, B. */
const formatRgb = 0;

/** What the compiled library offers: addresses are positions in `memory`, results other than 0 are failures or warnings. */
interface Library {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(size: number): number;
  free(address: number): void;
  tjInitDecompress(): number;
  tjDestroy(decompressor: number): number;
  tjDecompress2(
    decompressor: number,
    source: number,
    sourceSize: number,
    target: number,
    width: number,
    pitch: number,
    height: number,
    format: number,
    flags: number,
  ): number;
}

/** Node and browsers have it, the type declarations of neither are here. */
declare const WebAssembly: {
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** Decodes JPEG files. */
export interface JpegDecoder {
  /**
   * Decodes a JPEG of 8 bits, grey or three colours, to RGB as it is stored. Undefined for whatever another decoder shall take or refuse:
   * other formats, CMYK, damage.
   *
   * @param reductionOf by how much it is shrunk while it is decoded (1, 2, 4 or 8), asked before it is; undefined to leave it undecoded.
   */
  decode(bytes: Uint8Array, reductionOf: (header: ImageHeader) => number | undefined): DecodedImage | undefined;
}

/** A decoder on a compiled module (`WebAssembly.Module`) of libjpeg-turbo as `@cwasm/jpeg-turbo` builds it. */
export function jpegDecoder(module: object): JpegDecoder {
  let library: Library | undefined;
  return {
    decode(bytes, reductionOf) {
      const header = jpegHeader(bytes);
      const reduction = header?.depth === 8 ? reductionOf(header) : undefined;
      if (header === undefined || reduction === undefined) return undefined;
      try {
        library ??= instantiate(module);
        return decodeWith(library, bytes, header, reduction);
      } catch {
        // The library left by a thrown error in the middle of its work: the next image gets a fresh one.
        library = undefined;
        return undefined;
      }
    },
  };
}

/** setjmp and longjmp are all that the library asks of its host to decode: an error inside it becomes one here. */
function instantiate(module: object): Library {
  const refuse = (): never => {
    throw new Error("jpeg: the library gave up");
  };
  const host = { environ_sizes_get: () => 0, environ_get: refuse, proc_exit: refuse };
  const { exports } = new WebAssembly.Instance(module, {
    env: { setjmp: () => 0, longjmp: refuse },
    wasi_snapshot_preview1: { ...host, fd_close: refuse, fd_seek: refuse, fd_write: refuse },
  });
  return exports as Library;
}

function decodeWith(
  jpeg: Library,
  bytes: Uint8Array,
  { height, width, orientation, grey, plain }: ImageHeader,
  reduction: number,
): DecodedImage | undefined {
  const [rows, columns] = [Math.ceil(height / reduction), Math.ceil(width / reduction)];
  const area = rows * columns;
  const source = jpeg.malloc(bytes.length + 3 * area);
  const decompressor = jpeg.tjInitDecompress();
  // Thrown as by the library itself: another decoder may have the memory.
  if (source === 0 || decompressor === 0) throw new Error("jpeg: no memory");
  const target = source + bytes.length;
  new Uint8Array(jpeg.memory.buffer, source, bytes.length).set(bytes);
  const pitch = 3 * columns;
  const status = jpeg.tjDecompress2(decompressor, source, bytes.length, target, columns, pitch, rows, formatRgb, 0);
  const decoded = new Uint8Array(jpeg.memory.buffer, target, 3 * area);
  // A reduced image ends with the last whole block, as in libvips.
  const size = { height: Math.floor(height / reduction), width: Math.floor(width / reduction) };
  const samples = cropped(decoded, columns, size.height, size.width);
  jpeg.tjDestroy(decompressor);
  jpeg.free(source);
  if (status !== 0) return undefined;
  // A plain file of grey goes the way of colours, as it always has.
  return { samples, channels: 3, orientation, grey: grey && !plain, reduced: reduction > 1, ...size };
}

function cropped(decoded: Uint8Array, columns: number, height: number, width: number): Uint8Array {
  if (width === columns) return decoded.slice(0, 3 * width * height);
  const samples = new Uint8Array(3 * width * height);
  for (let row = 0; row < height; row++) {
    samples.set(decoded.subarray(3 * row * columns, 3 * (row * columns + width)), 3 * row * width);
  }
  return samples;
}
