/** Plain JPEG files decoded on the calling thread, by libjpeg-turbo compiled to WebAssembly. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type JpegDecoder, jpegDecoder, jpegHeader, planesOf, type RawImage } from "../../pixels/index.ts";

/** Node has it, its type declarations do not. */
declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

let decoder: JpegDecoder | undefined;

/**
 * Decodes a JPEG to RGB [3, H, W]. Sharp needs 15 times as long for a 64x64 one and gives the same pixels.
 *
 * @param isWanted asked before decoding, which keeps the calling thread for 1 ms per 50,000 pixels.
 * @returns undefined for whatever sharp shall decode or refuse: other formats, unwanted sizes, EXIF blocks, colour profiles, CMYK, damage.
 */
export function decodePlainJpeg(bytes: Uint8Array, isWanted: (size: Size) => boolean): DecodedJpeg | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  decoder ??= jpegDecoder(compileLibrary());
  const image = decoder.decode(bytes, (header) => (header.plain && isWanted(header) ? 1 : undefined));
  return image && { ...planesOf(image.samples as Uint8Array, image), grey: jpegHeader(bytes)?.grey ?? false };
}

/** Pixels, RGB even of a grey file, and whether it is one. */
export interface DecodedJpeg extends RawImage {
  readonly grey: boolean;
}

/** Height and width in pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

function compileLibrary(): object {
  const path = createRequire(import.meta.url).resolve("@cwasm/jpeg-turbo/jpeg-turbo.wasm");
  return new WebAssembly.Module(readFileSync(path));
}
