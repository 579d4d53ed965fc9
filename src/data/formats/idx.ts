/** The IDX format of MNIST and its relatives, from bytes to numbers. Pure. */
import { FormatError } from "../../base/index.ts";

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
export function parseIdxImages(bytes: Uint8Array, subject: string, shown: string): IdxImages {
  const [count, height, width] = parseHeader(bytes, imagesMagic, 3, subject, shown) as [number, number, number];
  if (count === 0 || height === 0 || width === 0) {
    throw new FormatError({
      code: "damaged",
      subject,
      expected: `images in '${shown}'`,
      got: `a header for ${count} of ${width}x${height} pixels`,
    });
  }
  return { pixels: bytes.subarray(16), count, height, width };
}

/** Labels of an IDX file with one dimension of unsigned bytes. Throws FormatError naming `shown`. */
export function parseIdxLabels(bytes: Uint8Array, subject: string, shown: string): Uint8Array {
  parseHeader(bytes, labelsMagic, 1, subject, shown);
  return bytes.subarray(8);
}

function parseHeader(bytes: Uint8Array, magic: number, rank: number, subject: string, shown: string): number[] {
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw truncated(subject, shown, `a header of ${header}`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = view.getUint32(0);
  if (found !== magic) {
    throw new FormatError({
      code: "damaged",
      subject,
      expected: `IDX magic number ${showMagic(magic)} in '${shown}'`,
      got: showMagic(found),
      remedy: { key: "other", text: `is it an IDX file of ${rank === 3 ? "images" : "labels"}?` },
    });
  }
  const dimensions = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = dimensions.reduce((product, dimension) => product * dimension, 1);
  if (bytes.length - header < size)
    throw truncated(subject, shown, `${dimensions.join("x")} = ${size}`, bytes.length - header);
  if (bytes.length - header > size) {
    throw new FormatError({
      code: "damaged",
      subject,
      expected: `${dimensions.join("x")} = ${size} bytes of data in '${shown}'`,
      got: String(bytes.length - header),
      remedy: { key: "copy-again" },
    });
  }
  return dimensions;
}

function truncated(subject: string, shown: string, expected: string, got: number): FormatError {
  return new FormatError({
    code: "damaged",
    subject,
    expected: `${expected} bytes in IDX file '${shown}'`,
    got: String(got),
    remedy: { key: "other", text: "it is cut off, copy or download it again" },
  });
}

function showMagic(magic: number): string {
  return `0x${magic.toString(16).padStart(8, "0")}`;
}
