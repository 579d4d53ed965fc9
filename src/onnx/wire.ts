/** Protobuf messages read field by field, on a wire library. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FormatError, messageOf } from "../base/index.ts";

/** What to do with each known field of a message; a handler reads exactly the field's value. */
export type Fields = Readonly<Record<number, readonly [WireType, (reader: BinaryReader) => void]>>;

/** Reads a message field by field. Throws where a known field has another wire type than its own. */
export function readFields(bytes: Uint8Array, fields: Fields): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = fields[number];
    if (!field) {
      reader.skip(wireType, number);
      continue;
    }
    const [expected, read] = field;
    if (wireType === expected) read(reader);
    else if (expected === WireType.Varint && wireType === WireType.LengthDelimited) readPacked(reader.bytes(), read);
    else throw damaged(`wire type ${expected} in field ${number}`, String(wireType));
  }
}

/** Other writers pack repeated integers into one field, and protobuf asks readers to take both forms. */
function readPacked(bytes: Uint8Array, read: (reader: BinaryReader) => void): void {
  const packed = new BinaryReader(bytes);
  while (packed.pos < packed.len) read(packed);
}

/** A nested message or bytes. */
export function message(use: (part: Uint8Array) => void): Fields[number] {
  return [WireType.LengthDelimited, (reader) => use(reader.bytes())];
}

/** A string in UTF-8. */
export function text(use: (value: string) => void): Fields[number] {
  return [WireType.LengthDelimited, (reader) => use(reader.string(true))];
}

/** An integer, within what a number holds exactly. */
export function integer(use: (value: number) => void): Fields[number] {
  return [
    WireType.Varint,
    (reader) => {
      const exact = reader.int64();
      const value = Number(exact);
      if (!Number.isSafeInteger(value)) throw damaged("an integer below 2^53", String(exact));
      use(value);
    },
  ];
}

/** A ValueInfoProto: its name and the number of its element type. Every dimension goes to `onDimension`, with the name, which writers put first. */
export function readValueInfo(
  bytes: Uint8Array,
  onDimension: (part: Uint8Array, name: string) => void,
): { name: string; elementType: number } {
  const value = { name: "", elementType: 0 };
  const dimensions: Fields = { 1: message((part) => onDimension(part, value.name)) };
  const tensorType: Fields = {
    1: integer((number) => {
      value.elementType = number;
    }),
    2: message((part) => readFields(part, dimensions)),
  };
  readFields(bytes, {
    1: text((name) => {
      value.name = name;
    }),
    2: message((part) => readFields(part, { 1: message((inner) => readFields(inner, tensorType)) })),
  });
  return value;
}

/** What reading gives. Throws FormatError for bytes that are cut off or malformed, which the wire library reports with errors of its own. */
export function guarded<Result>(bytes: Uint8Array, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw damaged("a well-formed model", `${bytes.length} damaged bytes: ${messageOf(error)}`);
  }
}

/** What says that a model is damaged. */
export function damaged(expected: string, got: string): FormatError {
  return new FormatError({ code: "damaged", subject: "onnx", expected, got });
}

/** What says that a model holds what is not read here. */
export function unsupported(expected: string, got: string): FormatError {
  return new FormatError({ code: "unsupported", subject: "onnx", expected, got });
}
