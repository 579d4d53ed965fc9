/** The IDX format of MNIST and its relatives, from bytes to numbers. Pure. */
import { FormatError } from "../base/index.ts";

/** Grey images: uint8 [count, height, width]. */
export interface IdxImages {
  readonly pixels: Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

const imagesMagic = 0x00000803;
const labelsMagic = 0x00000801;

/** Images of an IDX file with three dimensions of unsigned bytes. Throws FormatError naming `shown`. */
export function parseIdxImages(bytes: Uint8Array, where: string, shown: string): IdxImages {
  const [count, height, width] = parseHeader(bytes, imagesMagic, 3, where, shown) as [number, number, number];
  if (count === 0 || height === 0 || width === 0) {
    throw new FormatError(
      `${where} expects images in '${shown}', got a header for ${count} of ${width}x${height} pixels`,
    );
  }
  return { pixels: bytes.subarray(16), count, height, width };
}

/** Labels of an IDX file with one dimension of unsigned bytes. Throws FormatError naming `shown`. */
export function parseIdxLabels(bytes: Uint8Array, where: string, shown: string): Uint8Array {
  parseHeader(bytes, labelsMagic, 1, where, shown);
  return bytes.subarray(8);
}

function parseHeader(bytes: Uint8Array, magic: number, rank: number, where: string, shown: string): number[] {
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw truncated(where, shown, `a header of ${header}`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = view.getUint32(0);
  if (found !== magic) {
    throw new FormatError(
      `${where} expects IDX magic number ${showMagic(magic)} in '${shown}', got ${showMagic(found)}; is it an IDX file of ${rank === 3 ? "images" : "labels"}`,
    );
  }
  const dimensions = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = dimensions.reduce((product, dimension) => product * dimension, 1);
  if (bytes.length - header < size)
    throw truncated(where, shown, `${dimensions.join("x")} = ${size}`, bytes.length - header);
  if (bytes.length - header > size) {
    throw new FormatError(
      `${where} expects ${dimensions.join("x")} = ${size} bytes of data in '${shown}', got ${bytes.length - header}; copy or download it again`,
    );
  }
  return dimensions;
}

function truncated(where: string, shown: string, expected: string, got: number): FormatError {
  return new FormatError(
    `${where} expects ${expected} bytes in IDX file '${shown}', got ${got}; it is cut off, copy or download it again`,
  );
}

function showMagic(magic: number): string {
  return `0x${magic.toString(16).padStart(8, "0")}`;
}
