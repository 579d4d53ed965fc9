/** Thrift's compact protocol, in which Parquet keeps what it says of its data. Of our own because whatever it reads may be a lie. Pure. */

/** A value: a number, a flag, bytes, a list, or a structure by its fields' numbers. */
export type ThriftValue = number | boolean | Uint8Array | readonly ThriftValue[] | ThriftStruct;
/** Values by the numbers of their fields. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** What is wrong with such bytes, in plain words. */
export class ThriftDamage extends Error {
  override readonly name = "ThriftDamage";
}

const deepest = 24;

/** Reads a structure from `start` on, and where it ends. Throws ThriftDamage where there is none. */
export function readThrift(bytes: Uint8Array, start = 0): { readonly value: ThriftStruct; readonly end: number } {
  const cursor = { bytes, at: start };
  const value = readStruct(cursor, 0);
  return { value, end: cursor.at };
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function byteAt(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at++];
  if (byte === undefined) throw new ThriftDamage("it is cut off");
  return byte;
}

/** At most ten groups of seven bits. Numbers beyond 2^53 are rounded: no size or place is one. */
function readNumber(cursor: Cursor): number {
  let value = 0;
  for (let group = 0; group < 10; group++) {
    const byte = byteAt(cursor);
    value += (byte & 0x7f) * 2 ** (7 * group);
    if (byte < 0x80) return value;
  }
  throw new ThriftDamage("it is damaged");
}

function readSigned(cursor: Cursor): number {
  const value = readNumber(cursor);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function readBytes(cursor: Cursor, size: number): Uint8Array {
  const end = cursor.at + size;
  if (end > cursor.bytes.length) throw new ThriftDamage("it is cut off");
  const value = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return value;
}

function readStruct(cursor: Cursor, depth: number): ThriftStruct {
  if (depth > deepest) throw new ThriftDamage("it is damaged");
  const fields = new Map<number, ThriftValue>();
  let number = 0;
  for (;;) {
    const byte = byteAt(cursor);
    if (byte === 0) return fields;
    number = byte >> 4 === 0 ? readSigned(cursor) : number + (byte >> 4);
    const type = byte & 15;
    fields.set(number, type <= 2 ? type === 1 : readValue(cursor, type, depth));
  }
}

function readValue(cursor: Cursor, type: number, depth: number): ThriftValue {
  switch (type) {
    case 1:
    case 2:
      return byteAt(cursor) === 1;
    case 3:
      return (byteAt(cursor) << 24) >> 24;
    case 4:
    case 5:
    case 6:
      return readSigned(cursor);
    case 7: {
      const bytes = readBytes(cursor, 8);
      return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
    }
    case 8:
      return readBytes(cursor, readNumber(cursor));
    case 9:
    case 10:
      return readList(cursor, depth);
    case 12:
      return readStruct(cursor, depth + 1);
    default:
      throw new ThriftDamage("it is damaged");
  }
}

function readList(cursor: Cursor, depth: number): ThriftValue[] {
  if (depth > deepest) throw new ThriftDamage("it is damaged");
  const head = byteAt(cursor);
  const size = head >> 4 === 15 ? readNumber(cursor) : head >> 4;
  // Every element takes a byte or more.
  if (size > cursor.bytes.length - cursor.at) throw new ThriftDamage("it is cut off");
  return Array.from({ length: size }, () => readValue(cursor, head & 15, depth + 1));
}

/** A field that is a number; undefined where it is missing or something else. */
export function numberIn(fields: ThriftStruct | undefined, field: number): number | undefined {
  const value = fields?.get(field);
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

/** A field that is a structure. */
export function structIn(fields: ThriftStruct | undefined, field: number): ThriftStruct | undefined {
  const value = fields?.get(field);
  return value instanceof Map ? (value as ThriftStruct) : undefined;
}

/** A field that is a text. */
export function textIn(fields: ThriftStruct | undefined, field: number): string | undefined {
  return textOf(fields?.get(field));
}

/** A value that is a text; undefined for any other. */
export function textOf(value: ThriftValue | undefined): string | undefined {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : undefined;
}

/** A field that is a list; an empty one where it is missing. */
export function listIn(fields: ThriftStruct | undefined, field: number): readonly ThriftValue[] {
  const value = fields?.get(field);
  return Array.isArray(value) ? (value as readonly ThriftValue[]) : [];
}

/** The structures of a list. */
export function structsIn(fields: ThriftStruct | undefined, field: number): readonly ThriftStruct[] {
  return listIn(fields, field).filter((value): value is ThriftStruct => value instanceof Map);
}
