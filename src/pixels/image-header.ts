/** What the headers of JPEG and PNG files say of their pixels, as far as preparation depends on it. Pure. */

/** A file's size and samples, as they are stored. */
export interface ImageHeader {
  readonly height: number;
  readonly width: number;
  /** Grey, alpha aside. */
  readonly grey: boolean;
  /** Bits of a sample. */
  readonly depth: number;
  /** EXIF orientation, 1 to 8. */
  readonly orientation: number;
  /** A file that needs no more than decoding: no EXIF or XMP block and no colour profile. */
  readonly plain: boolean;
}

/** The header of a JPEG, or undefined where it is none, is damaged, or has neither one nor three colours. */
export function jpegHeader(bytes: Uint8Array): ImageHeader | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  let [orientation, plain] = [1, true];
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    // APP1 holds EXIF or XMP, APP2 colour profiles.
    if (marker === 0xe1 || marker === 0xe2) {
      plain = false;
      const segment = bytes.subarray(at + 4, at + 2 + length);
      if (marker === 0xe1 && startsWith(segment, "Exif\0\0")) orientation = exifOrientation(segment.subarray(6));
    }
    if (marker >= 0xc0 && marker <= 0xc2) {
      const [depth, channels] = [bytes[at + 4]!, bytes[at + 9]];
      if (channels !== 1 && channels !== 3) return undefined;
      const height = bytes[at + 5]! * 256 + bytes[at + 6]!;
      const width = bytes[at + 7]! * 256 + bytes[at + 8]!;
      return height > 0 && width > 0 ? { height, width, grey: channels === 1, depth, orientation, plain } : undefined;
    }
    at += 2 + length;
  }
  return undefined;
}

/** The header of a PNG, or undefined where it is none. */
export function pngHeader(bytes: Uint8Array): ImageHeader | undefined {
  if (!startsWith(bytes, "\x89PNG\r\n\x1a\n") || bytes.length < 33) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  let [orientation, plain] = [1, true];
  for (let at = 33; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const chunk = bytes.subarray(at + 8, at + 8 + view.getUint32(at));
    if (startsWith(bytes.subarray(at + 4), "eXIf")) [orientation, plain] = [exifOrientation(chunk), false];
    if (startsWith(bytes.subarray(at + 4), "iCCP")) plain = false;
  }
  // Colour types 0 and 4.
  return { height, width, grey: (bytes[25]! & 3) === 0, depth: bytes[24]!, orientation, plain };
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return bytes.length >= text.length && Array.from(text).every((letter, at) => bytes[at] === letter.charCodeAt(0));
}

/** The orientation that an EXIF block (a TIFF header with its first directory) gives; 1 where it gives none. */
function exifOrientation(block: Uint8Array): number {
  const little = startsWith(block, "II");
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (block.length < 14 || !(little || startsWith(block, "MM"))) return 1;
  const start = view.getUint32(4, little);
  if (start + 2 > block.length) return 1;
  const entries = view.getUint16(start, little);
  for (let entry = 0; entry < entries; entry++) {
    const at = start + 2 + 12 * entry;
    if (at + 12 > block.length) return 1;
    if (view.getUint16(at, little) !== 0x0112) continue;
    const orientation = view.getUint16(at + 8, little);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}
