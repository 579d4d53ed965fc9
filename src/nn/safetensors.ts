/**
 * The safetensors format: named float32 and uint8 tensors with a text header. Bytes in, bytes out.
 *
 * Layout: u64 little-endian header length, JSON header {name: {dtype, shape, data_offsets}, __metadata__: {text: text}}, raw data.
 */
import { FormatError, messageOf } from "../base/index.ts";

/** Row-major numbers with a shape. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
}

/** What a safetensors file holds. */
export interface TensorFile {
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface HeaderEntry {
  readonly dtype: "F32" | "U8";
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const lengthBytes = 8;
const alignment = 8;

/** The bytes of a safetensors file. Equal content gives equal bytes. */
export function writeTensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  const header: Record<string, HeaderEntry | Readonly<Record<string, string>>> = Object.create(null);
  header.__metadata__ = metadata;
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const dtype = data instanceof Float32Array ? "F32" : "U8";
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = JSON.stringify(header);
  const bytes = new TextEncoder().encode(text);
  // Spaces pad the header, as the format allows, so that the data can be viewed as float32 in place.
  const headerLength = Math.ceil(bytes.length / alignment) * alignment;
  const file = new Uint8Array(lengthBytes + headerLength + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, lengthBytes, lengthBytes + headerLength);
  file.set(bytes, lengthBytes);
  let position = lengthBytes + headerLength;
  for (const { data } of Object.values(tensors)) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

/**
 * Parses a safetensors file, called `where` in messages. Throws FormatError where it is not one: sizes that do not fit the file, dimensions
 * that are not whole. Its records have no prototype, so that no name in a file means more than a name.
 */
export function readTensors(file: Uint8Array, where: string): TensorFile {
  if (file.length < lengthBytes) throw damaged(where, "a safetensors file", `${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  // Compared as it is stored: a number would round it.
  const headerLength = view.getBigUint64(0, true);
  if (headerLength > BigInt(file.length - lengthBytes)) {
    throw damaged(where, `a header of ${headerLength} bytes`, `a file of ${file.length}`);
  }
  const start = lengthBytes + Number(headerLength);
  const data = file.subarray(start);
  const tensors: Record<string, StoredTensor> = Object.create(null);
  let metadata: Readonly<Record<string, string>> = Object.create(null);
  let taken = 0;
  for (const [name, entry] of Object.entries(parseHeader(file.subarray(lengthBytes, start), where))) {
    if (name === "__metadata__") metadata = parseMetadata(entry, where);
    else {
      tensors[name] = readTensor(data, name, entry, where);
      taken += tensors[name].data.byteLength;
      // Tensors of the same bytes would multiply a small file in memory.
      if (taken > data.length) throw damaged(where, "tensors beside one another", `'${name}' over another`);
    }
  }
  return { tensors, metadata };
}

function damaged(subject: string, expected: string, got: string): FormatError {
  return new FormatError({ code: "damaged", subject, expected, got, remedy: { key: "copy-again" } });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseHeader(bytes: Uint8Array, where: string): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw damaged(where, "a JSON header", messageOf(error));
  }
  if (isRecord(header)) return header;
  throw damaged(where, "a JSON object as header", "another value");
}

function parseMetadata(entry: unknown, where: string): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = Object.create(null);
  for (const [name, text] of isRecord(entry) ? Object.entries(entry) : [["", entry] as const]) {
    if (typeof text !== "string") throw damaged(where, "texts as metadata", JSON.stringify(text));
    metadata[name] = text;
  }
  return metadata;
}

/** Bytes of one number. */
const widths: Readonly<Record<HeaderEntry["dtype"], number>> = { F32: 4, U8: 1 };

function readTensor(data: Uint8Array, name: string, entry: unknown, where: string): StoredTensor {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  const width = dtype === "F32" || dtype === "U8" ? widths[dtype] : undefined;
  const size = isWhole(shape) ? shape.reduce((product, dimension) => product * dimension, 1) : undefined;
  if (width !== undefined && size !== undefined && isWhole(offsets) && offsets.length === 2) {
    const [from, to] = offsets as [number, number];
    if (from <= to && to <= data.length && to - from === size * width) {
      // A copy, because a Float32Array must start at a multiple of four. Not slice(): Node's Buffer gives a view there.
      const bytes = new Uint8Array(data.subarray(from, to));
      return { shape: shape as readonly number[], data: width === 4 ? new Float32Array(bytes.buffer, 0, size) : bytes };
    }
  }
  const got = `${JSON.stringify(dtype)} ${JSON.stringify(shape)} at ${JSON.stringify(offsets)}`;
  throw damaged(where, `tensor '${name}' within ${data.length} bytes of data`, got);
}

/** Whether a value is a list of whole numbers of zero or more: dimensions, offsets. */
function isWhole(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((number) => Number.isSafeInteger(number) && number >= 0);
}
