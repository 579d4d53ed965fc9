/** MATLAB's files of version 5 and 7 ("MAT-File Format", MathWorks), of them plain arrays of numbers. */
import { promisify } from "node:util";
import { inflate } from "node:zlib";

const unpack = promisify(inflate);

/** An array of numbers, columns first. */
export interface MatArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** How its numbers are stored, by MATLAB's numbers for types. */
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly isBig: boolean;
}

/** Why a file is not read, in plain words. */
export class MatDamage extends Error {
  override readonly name = "MatDamage";
}

const types = { matrix: 14, compressed: 15 } as const;

/** Bytes of a number, by type: 1 to 6 are integers of 8, 16 and 32 bits, signed and not; 7 and 9 floating point. */
const sizes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8 };
export const uint8Type = 2;

/** Reads the arrays of a file, each unpacked to `mostBytes` at most. Throws MatDamage where it is none, RangeError where there is more. */
export async function readMat(bytes: Uint8Array, mostBytes: number): Promise<MatArray[]> {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 20));
  if (start.startsWith("MATLAB 7.3") || start.startsWith("\x89HDF")) {
    throw new MatDamage("it is of version 7.3, which is not read; save it as version 7");
  }
  const mark = new TextDecoder("latin1").decode(bytes.subarray(126, 128));
  if (mark !== "IM" && mark !== "MI") throw new MatDamage(bytes.length === 0 ? "it is empty" : "it is no MATLAB file");
  const isBig = mark === "MI";
  const arrays: MatArray[] = [];
  for (let at = 128; at + 8 <= bytes.length; ) {
    const element = elementAt(bytes, at, isBig, true);
    const array = await arrayOf(element, isBig, mostBytes);
    if (array) arrays.push(array);
    at = element.next;
  }
  return arrays;
}

async function arrayOf(element: MatElement, isBig: boolean, mostBytes: number): Promise<MatArray | undefined> {
  if (element.type !== types.compressed) return readArray(element, isBig);
  let content: Uint8Array;
  try {
    content = await unpack(element.content, { maxOutputLength: mostBytes });
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new MatDamage("it cannot be unpacked");
  }
  return content.length < 8 ? undefined : readArray(elementAt(content, 0, isBig, false), isBig);
}

interface MatElement {
  readonly type: number;
  readonly content: Uint8Array;
  /** Where the next one begins. */
  readonly next: number;
}

/** Type, size and content; up to four bytes stand in the place of a size. Elements of a file are not filled up to eight bytes where they are compressed. */
function elementAt(bytes: Uint8Array, at: number, isBig: boolean, isOuter: boolean): MatElement {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 8 > bytes.length) throw new MatDamage("it is cut off");
  const first = view.getUint32(at, !isBig);
  const small = first >>> 16;
  if (small > 0) {
    if (small > 4) throw new MatDamage("it is damaged");
    return { type: first & 0xffff, content: bytes.subarray(at + 4, at + 4 + small), next: at + 8 };
  }
  const size = view.getUint32(at + 4, !isBig);
  const end = at + 8 + size;
  if (end > bytes.length) throw new MatDamage("it is cut off");
  const isFilled = !(isOuter && first === types.compressed);
  return { type: first, content: bytes.subarray(at + 8, end), next: isFilled ? end + ((8 - (size % 8)) % 8) : end };
}

/** An array of numbers; undefined for other things. */
function readArray({ type, content }: MatElement, isBig: boolean): MatArray | undefined {
  if (type !== types.matrix || content.length === 0) return undefined;
  const flags = elementAt(content, 0, isBig, false);
  const dimensions = elementAt(content, flags.next, isBig, false);
  const name = elementAt(content, dimensions.next, isBig, false);
  if (flags.content.length < 8) throw new MatDamage("it is damaged");
  const flag = new DataView(flags.content.buffer, flags.content.byteOffset).getUint32(0, !isBig);
  // Classes from 6 to 13 are numbers; a complex array has a second part.
  if ((flag & 255) < 6 || (flag & 255) > 13 || (flag & 0x800) !== 0) return undefined;
  const shape = numbersOf({ type: dimensions.type, bytes: dimensions.content, isBig });
  const values = elementAt(content, name.next, isBig, false);
  const size = sizes[values.type];
  const count = shape.reduce((product, axis) => product * axis, 1);
  if (shape.length > 32 || size === undefined || count * size !== values.content.length) {
    throw new MatDamage("its sizes are wrong");
  }
  const text = new TextDecoder("latin1").decode(name.content);
  return { name: text, shape, type: values.type, bytes: values.content, isBig };
}

/** The numbers of an array. */
export function numbersOf({ type, bytes, isBig }: Pick<MatArray, "type" | "bytes" | "isBig">): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = sizes[type];
  if (size === undefined) throw new MatDamage("it is damaged");
  const read = (at: number): number => {
    switch (type) {
      case 1:
        return view.getInt8(at);
      case 2:
        return view.getUint8(at);
      case 3:
        return view.getInt16(at, !isBig);
      case 4:
        return view.getUint16(at, !isBig);
      case 5:
        return view.getInt32(at, !isBig);
      case 6:
        return view.getUint32(at, !isBig);
      case 7:
        return view.getFloat32(at, !isBig);
      default:
        return view.getFloat64(at, !isBig);
    }
  };
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => read(index * size));
}
