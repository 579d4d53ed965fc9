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
  const header: Record<string, HeaderEntry | Readonly<Record<string, string>>> = { __metadata__: metadata };
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

/** Parses a safetensors file. Throws FormatError where it is not one; `where` names it in the message. */
export function readTensors(file: Uint8Array, where: string): TensorFile {
  if (file.length < lengthBytes)
    throw new FormatError({
      code: "damaged",
      subject: where,
      expected: "a safetensors file",
      got: `${file.length} bytes`,
    });
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  const start = lengthBytes + headerLength;
  if (start > file.length) {
    throw new FormatError({
      code: "damaged",
      subject: where,
      expected: `a header of ${headerLength} bytes`,
      got: `a file of ${file.length}`,
      remedy: { key: "copy-again" },
    });
  }
  const header = parseHeader(file.subarray(lengthBytes, start), where);
  const tensors: Record<string, StoredTensor> = {};
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") metadata = entry as unknown as Record<string, string>;
    else tensors[name] = readTensor(file.subarray(start), name, entry, where);
  }
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array, where: string): Record<string, HeaderEntry> {
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header === "object" && header !== null) return header as Record<string, HeaderEntry>;
  } catch (error) {
    throw new FormatError({
      code: "damaged",
      subject: where,
      expected: "a JSON header",
      got: messageOf(error),
    });
  }
  throw new FormatError({ code: "damaged", subject: where, expected: "a JSON object as header", got: "other JSON" });
}

function readTensor(data: Uint8Array, name: string, entry: HeaderEntry, where: string): StoredTensor {
  const [from, to] = Array.isArray(entry?.data_offsets) ? entry.data_offsets : [Number.NaN, Number.NaN];
  const shape = Array.isArray(entry?.shape) ? entry.shape : [Number.NaN];
  const width = entry?.dtype === "F32" ? 4 : entry?.dtype === "U8" ? 1 : Number.NaN;
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (!(from >= 0 && to <= data.length && to - from === size * width)) {
    const got = `${entry?.dtype} ${JSON.stringify(entry?.shape)} at ${JSON.stringify(entry?.data_offsets)}`;
    throw new FormatError({
      code: "damaged",
      subject: where,
      expected: `tensor '${name}' within ${data.length} bytes of data`,
      got: got,
    });
  }
  // A copy, because a Float32Array must start at a multiple of four. Not slice(): Node's Buffer gives a view there.
  const bytes = new Uint8Array(data.subarray(from, to));
  return { shape, data: width === 4 ? new Float32Array(bytes.buffer, 0, size) : bytes };
}
