/**
 * Columns of Parquet files (parquet.thrift of format version 2): numbers, texts and bytes without lists, page by page. Of our own because a reader must
 * survive what it reads: every count is compared with what can hold it before anything is filled. Pure but for unpacking.
 */
import { unpackPage } from "./parquet-codecs.ts";
import { numberIn, readThrift, structIn, ThriftDamage, type ThriftStruct } from "./thrift.ts";

/** The types of values that are read, by their numbers in a file. */
export const valueTypes = { boolean: 0, int32: 1, int64: 2, double: 5, bytes: 6 } as const;

/** A column of one row group. */
export interface ColumnChunk {
  readonly type: number;
  readonly codec: number;
  /** Where its pages begin and end in the file. */
  readonly start: number;
  readonly end: number;
  readonly rows: number;
  /** The level of a value that is there; 0 where none is missing. */
  readonly mostDefined: number;
}

/** Numbers, bytes, or null where a value is missing. */
export type ColumnValue = number | Uint8Array | null;

/** One page: where its content lies, and what it holds. */
export interface PagePlace {
  /** `skip` is one of an index, which holds no values. */
  readonly kind: "data" | "data2" | "dictionary" | "skip";
  readonly start: number;
  readonly packedSize: number;
  readonly size: number;
  readonly values: number;
  readonly encoding: number;
  /** Bytes of levels that lie before the values and are not packed with them. */
  readonly levels: readonly [repetition: number, definition: number];
  readonly isPacked: boolean;
}

/** Unpacked bytes of the largest page that is read. */
const largestPage = 2 ** 30;

/** Reads the header of a page from bytes of the file that begin at `offset`; undefined where they end before. */
export function readPageHeader(bytes: Uint8Array, offset: number, chunk: ColumnChunk): PagePlace | undefined {
  let header: ThriftStruct;
  let end: number;
  try {
    ({ value: header, end } = readThrift(bytes));
  } catch (error) {
    if (error instanceof ThriftDamage && error.message === "it is cut off") return undefined;
    throw error;
  }
  const [size, packedSize] = [numberIn(header, 2) ?? -1, numberIn(header, 3) ?? -1];
  const start = offset + end;
  if (size < 0 || packedSize < 0 || start + packedSize > chunk.end) throw new ThriftDamage("a page lies outside of it");
  if (size > largestPage) throw new ThriftDamage("a page is too large");
  const kind = ([["data", 5], undefined, ["dictionary", 7], ["data2", 8]] as const)[numberIn(header, 1) ?? 1];
  if (kind === undefined) {
    return { kind: "skip", start, packedSize, size, values: 0, encoding: 0, levels: [0, 0], isPacked: false };
  }
  const about = structIn(header, kind[1]);
  const values = numberIn(about, 1) ?? -1;
  const encoding = numberIn(about, kind[0] === "data2" ? 4 : 2) ?? -1;
  const levels = [numberIn(about, 6) ?? 0, numberIn(about, 5) ?? 0] as const;
  if (values < 0 || (kind[0] !== "dictionary" && values > chunk.rows)) throw new ThriftDamage("its row count is wrong");
  if (kind[0] === "data2" && (levels[0] !== 0 || levels[1] < 0 || levels[1] > Math.min(size, packedSize))) {
    throw new ThriftDamage("it is damaged");
  }
  const isPacked = about?.get(7) !== false;
  return {
    kind: kind[0],
    start,
    packedSize,
    size,
    values,
    encoding,
    levels: kind[0] === "data2" ? levels : [0, 0],
    isPacked,
  };
}

/** The values of a page, given the bytes of its content. Throws an Error that says in plain words what is wrong. */
export function readPage(
  content: Uint8Array,
  page: PagePlace,
  { type, codec, mostDefined }: ColumnChunk,
  dictionary: readonly ColumnValue[] | undefined,
): ColumnValue[] {
  const levelBytes = page.levels[1];
  const packed = content.subarray(levelBytes);
  const bytes = page.isPacked ? unpackPage(packed, page.size - levelBytes, codec) : packed;
  if (page.kind === "dictionary") return readPlain(bytes, type, page.values);
  let at = 0;
  let defined: Uint8Array | undefined;
  if (mostDefined > 0) {
    const width = 32 - Math.clz32(mostDefined);
    if (page.kind === "data2") defined = readLevels(content.subarray(0, levelBytes), width, page.values);
    else {
      const size = bytes.length < 4 ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      if (size < 0 || size + 4 > bytes.length) throw new Error("it is damaged (a page is cut off)");
      defined = readLevels(bytes.subarray(4, 4 + size), width, page.values);
      at = 4 + size;
    }
  }
  const count = defined ? defined.reduce((sum, level) => sum + Number(level === mostDefined), 0) : page.values;
  const values = readValues(bytes.subarray(at), page.encoding, type, count, dictionary);
  if (!defined || count === page.values) return values;
  let next = 0;
  return Array.from(defined, (level) => (level === mostDefined ? values[next++]! : null));
}

function readLevels(bytes: Uint8Array, width: number, count: number): Uint8Array {
  const levels = new Uint8Array(count);
  readRuns(bytes, width, count, (at, value) => {
    levels[at] = value;
  });
  return levels;
}

function readValues(
  bytes: Uint8Array,
  encoding: number,
  type: number,
  count: number,
  dictionary: readonly ColumnValue[] | undefined,
): ColumnValue[] {
  if (encoding === 0) return readPlain(bytes, type, count);
  if (encoding === 6 && type === valueTypes.bytes) return readDeltaLength(bytes, count);
  if (encoding === 5 && [valueTypes.int32, valueTypes.int64].some((whole) => whole === type)) {
    return readDelta(bytes, count).values;
  }
  if (encoding === 3 && type === valueTypes.boolean) {
    const values: ColumnValue[] = new Array(count).fill(0);
    // The length of its runs comes before them.
    readRuns(bytes.subarray(4), 1, count, (at, value) => {
      values[at] = value;
    });
    return values;
  }
  if (encoding !== 2 && encoding !== 8) throw new Error(`its values are of encoding ${encoding}, which is not read`);
  if (count === 0) return [];
  const width = bytes[0] ?? 33;
  if (!dictionary || width > 32) throw new Error("it is damaged (a page has no dictionary)");
  const values: ColumnValue[] = new Array(count).fill(null);
  readRuns(bytes.subarray(1), width, count, (at, index) => {
    const value = dictionary[index];
    if (value === undefined) throw new Error("it is damaged (a value is not in its dictionary)");
    values[at] = value;
  });
  return values;
}

function readPlain(bytes: Uint8Array, type: number, count: number): ColumnValue[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cutOff = () => new Error("it is damaged (a page is cut off)");
  if (type === valueTypes.bytes) {
    // A length of four bytes before each.
    if (4 * count > bytes.length) throw cutOff();
    const values: ColumnValue[] = [];
    for (let at = 0; values.length < count; ) {
      if (at + 4 > bytes.length) throw cutOff();
      const end = at + 4 + view.getUint32(at, true);
      if (end > bytes.length) throw cutOff();
      values.push(bytes.subarray(at + 4, end));
      at = end;
    }
    return values;
  }
  if (type === valueTypes.boolean) {
    if (count > 8 * bytes.length) throw cutOff();
    return Array.from({ length: count }, (_, index) => (bytes[index >> 3]! >> (index & 7)) & 1);
  }
  const size = type === valueTypes.int32 ? 4 : 8;
  if (size * count > bytes.length) throw cutOff();
  const valueAt =
    type === valueTypes.double
      ? (at: number) => view.getFloat64(at, true)
      : size === 4
        ? (at: number) => view.getInt32(at, true)
        : (at: number) => Number(view.getBigInt64(at, true));
  const values: number[] = [];
  for (let index = 0; index < count; index++) values.push(valueAt(size * index));
  return values;
}

/** Runs of equal values and packed bits in turn. Fills `count` places, never more. */
function readRuns(bytes: Uint8Array, width: number, count: number, put: (at: number, value: number) => void): void {
  const wide = (width + 7) >> 3;
  let at = 0;
  let filled = 0;
  while (filled < count) {
    const [head, next] = readVarint(bytes, at);
    at = next;
    const isPacked = head % 2 === 1;
    const length = isPacked ? 8 * Math.floor(head / 2) : head / 2;
    if (length === 0) throw new Error("it is damaged (a run is empty)");
    const end = Math.min(count, filled + length);
    if (isPacked) {
      for (let bit = 8 * at; filled < end; filled++, bit += width) put(filled, bitsAt(bytes, bit, width));
      at += (length / 8) * width;
      continue;
    }
    if (at + wide > bytes.length) throw new Error("it is damaged (a run is cut off)");
    let value = 0;
    for (let byte = 0; byte < wide; byte++) value += bytes[at + byte]! * 2 ** (8 * byte);
    at += wide;
    for (; filled < end; filled++) put(filled, value);
  }
}

function bitsAt(bytes: Uint8Array, bit: number, width: number): number {
  let value = 0;
  for (let taken = 0; taken < width; ) {
    const byte = bytes[(bit + taken) >> 3];
    if (byte === undefined) throw new Error("it is damaged (a run is cut off)");
    const from = (bit + taken) & 7;
    const length = Math.min(8 - from, width - taken);
    value += ((byte >> from) & (2 ** length - 1)) * 2 ** taken;
    taken += length;
  }
  return value;
}

/** Numbers as differences of differences, in blocks of packed bits. Beyond 2^53 they are rounded. */
function readDelta(bytes: Uint8Array, count: number): { readonly values: number[]; readonly end: number } {
  const [blockSize, a] = readVarint(bytes, 0);
  const [pieces, b] = readVarint(bytes, a);
  const [total, c] = readVarint(bytes, b);
  const [first, d] = readVarint(bytes, c);
  const piece = blockSize / pieces;
  if (total !== count || !Number.isInteger(piece) || piece % 8 !== 0 || piece === 0 || pieces > 1024) {
    throw new Error("it is damaged (its differences are wrong)");
  }
  let at = d;
  let value = unzigzag(first);
  const values = count === 0 ? [] : [value];
  while (values.length < count) {
    const [least, afterLeast] = readVarint(bytes, at);
    const widths = bytes.subarray(afterLeast, afterLeast + pieces);
    at = afterLeast + pieces;
    for (const width of widths) {
      if (values.length >= count) break;
      if (width > 64 || at + (piece / 8) * width > bytes.length) throw new Error("it is damaged (a run is cut off)");
      const end = Math.min(count, values.length + piece);
      for (let bit = 8 * at; values.length < end; bit += width) {
        value += unzigzag(least) + bitsAt(bytes, bit, width);
        values.push(value);
      }
      at += (piece / 8) * width;
    }
    if (widths.length < pieces) throw new Error("it is damaged (a run is cut off)");
  }
  return { values, end: at };
}

function readDeltaLength(bytes: Uint8Array, count: number): ColumnValue[] {
  const { values: lengths, end } = readDelta(bytes, count);
  let at = end;
  return lengths.map((length) => {
    if (length < 0 || at + length > bytes.length) throw new Error("it is damaged (a page is cut off)");
    at += length;
    return bytes.subarray(at - length, at);
  });
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function readVarint(bytes: Uint8Array, start: number): readonly [value: number, end: number] {
  let value = 0;
  for (let group = 0; group < 10; group++) {
    const byte = bytes[start + group];
    if (byte === undefined) throw new Error("it is damaged (a run is cut off)");
    value += (byte & 0x7f) * 2 ** (7 * group);
    if (byte < 0x80) return [value, start + group + 1];
  }
  throw new Error("it is damaged (a number is too long)");
}
