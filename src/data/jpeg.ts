/** Plain JPEG files decoded on the calling thread, by libjpeg-turbo compiled to WebAssembly. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { RawImage } from "../pixels/index.ts";

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

/** Node has it, its type declarations do not. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

let compiled: object | undefined;
let library: Library | undefined;

/**
 * Decodes a JPEG to RGB [3, H, W]. Sharp needs 15 times as long for a 64x64 one and gives the same pixels.
 *
 * @param isWanted asked before decoding, which keeps the calling thread for 1 ms per 50,000 pixels.
 * @returns undefined for whatever sharp shall decode or refuse: other formats, unwanted sizes, EXIF blocks, colour profiles, CMYK, damage.
 */
export function decodePlainJpeg(bytes: Uint8Array, isWanted: (size: Size) => boolean): RawImage | undefined {
  const size = plainSize(bytes);
  if (size === undefined || !isWanted(size)) return undefined;
  try {
    library ??= instantiate();
    return decodeWith(library, bytes, size);
  } catch {
    // The library left by a thrown error in the middle of its work: the next image gets a fresh one.
    library = undefined;
    return undefined;
  }
}

export interface Size {
  readonly height: number;
  readonly width: number;
}

function decodeWith(jpeg: Library, bytes: Uint8Array, { height, width }: Size): RawImage | undefined {
  const area = height * width;
  const source = jpeg.malloc(bytes.length + 3 * area);
  const target = source + bytes.length;
  const decompressor = jpeg.tjInitDecompress();
  new Uint8Array(jpeg.memory.buffer, source, bytes.length).set(bytes);
  const status = jpeg.tjDecompress2(decompressor, source, bytes.length, target, width, 3 * width, height, formatRgb, 0);
  const decoded = new Uint8Array(jpeg.memory.buffer, target, 3 * area);
  const pixels = new Uint8Array(3 * area);
  for (let pixel = 0, from = 0; pixel < area; pixel++) {
    pixels[pixel] = decoded[from++]!;
    pixels[area + pixel] = decoded[from++]!;
    pixels[2 * area + pixel] = decoded[from++]!;
  }
  jpeg.tjDestroy(decompressor);
  jpeg.free(source);
  return status === 0 ? { kind: "raw", pixels, channels: 3, height, width } : undefined;
}

/** setjmp and longjmp are all that the library asks of its host to decode: an error inside it becomes one here. */
function instantiate(): Library {
  const refuse = (): never => {
    throw new Error("jpeg: the library gave up");
  };
  const path = createRequire(import.meta.url).resolve("@cwasm/jpeg-turbo/jpeg-turbo.wasm");
  compiled ??= new WebAssembly.Module(readFileSync(path));
  const host = { environ_sizes_get: () => 0, environ_get: refuse, proc_exit: refuse };
  const { exports } = new WebAssembly.Instance(compiled, {
    env: { setjmp: () => 0, longjmp: refuse },
    wasi_snapshot_preview1: { ...host, fd_close: refuse, fd_seek: refuse, fd_write: refuse },
  });
  return exports as Library;
}

/** Height and width of a JPEG that needs no more than decoding: 8 bits, grey or three colours, no EXIF block and no colour profile. */
function plainSize(bytes: Uint8Array): Size | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    // APP1 holds EXIF, APP2 colour profiles.
    if (marker === 0xe1 || marker === 0xe2) return undefined;
    if (marker >= 0xc0 && marker <= 0xc2) {
      const [precision, channels] = [bytes[at + 4], bytes[at + 9]];
      if (precision !== 8 || (channels !== 1 && channels !== 3)) return undefined;
      const height = bytes[at + 5]! * 256 + bytes[at + 6]!;
      const width = bytes[at + 7]! * 256 + bytes[at + 8]!;
      return height > 0 && width > 0 ? { height, width } : undefined;
    }
    at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
  }
  return undefined;
}
