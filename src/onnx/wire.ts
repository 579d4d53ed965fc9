/** Protobuf messages read field by field, on a wire library. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FormatError } from "../base/index.ts";

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

/** What says that a model is damaged. */
export function damaged(expected: string, got: string): FormatError {
  return new FormatError({ code: "damaged", subject: "onnx", expected, got });
}

/** What says that a model holds what is not read here. */
export function unsupported(expected: string, got: string): FormatError {
  return new FormatError({ code: "unsupported", subject: "onnx", expected, got });
}
