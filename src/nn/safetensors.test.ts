/** The safetensors format: what is written is read, and nothing else crashes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../base/index.ts";
import { readTensors, type StoredTensor, writeTensors } from "./index.ts";

const seed = 20261123; // printed by fast-check with every failure

const tensor: fc.Arbitrary<StoredTensor> = fc
  .tuple(fc.array(fc.nat(3), { maxLength: 3 }), fc.boolean(), fc.integer())
  .map(([shape, floats, start]) => {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const values = Array.from({ length: size }, (_, index) => (start + index * 37) % 251);
    return { shape, data: floats ? Float32Array.from(values, (value) => value / 7) : Uint8Array.from(values) };
  });

/** The names that objects have a meaning of their own for come often. */
const special = fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty");
const name = fc.oneof({ arbitrary: special, weight: 1 }, { arbitrary: fc.string({ maxLength: 12 }), weight: 4 });
const tensorName = name.filter((text) => text !== "__metadata__");
const entriesOf = (record: object): Map<string, unknown> => new Map(Object.entries(record));

describe("safetensors", () => {
  test("round trip of tensors and metadata", () => {
    const tensors = fc.dictionary(tensorName, tensor, { noNullPrototype: false });
    const property = fc.property(tensors, fc.dictionary(name, fc.string()), (tensors, metadata) => {
      const file = readTensors(writeTensors({ tensors, metadata }), "test");
      expect(entriesOf(file.tensors)).toEqual(entriesOf(tensors));
      expect(entriesOf(file.metadata)).toEqual(entriesOf(metadata));
      expect([file.tensors, file.metadata].map((record) => Object.getPrototypeOf(record))).toEqual([null, null]);
    });
    fc.assert(property, { seed, numRuns: 200 });
  });

  test("reads out of a Buffer that is a part of a larger one", () => {
    const written = writeTensors({ tensors: { a: { shape: [2], data: Float32Array.of(1, 2) } }, metadata: {} });
    const larger = Buffer.concat([Buffer.alloc(3), written, Buffer.alloc(5)]);
    const file = readTensors(larger.subarray(3, 3 + written.length), "test");
    expect(file.tensors.a!.data).toEqual(Float32Array.of(1, 2));
  });

  test("arbitrary bytes are refused with a FormatError or read, never anything else", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readTensors(bytes, "test");
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    });
    fc.assert(property, { seed, numRuns: 500 });
  });

  test("any flipped bit of the header is refused with a FormatError or read, never anything else", () => {
    const written = writeTensors({
      tensors: { a: { shape: [2, 2], data: new Float32Array(4) } },
      metadata: { b: "c" },
    });
    for (let bit = 0; bit < 8 * (written.length - 16); bit++) {
      const bytes = written.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      try {
        readTensors(bytes, "test");
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }
  });

  /** A file with this header and eight bytes of data. */
  function withHeader(header: unknown): Uint8Array {
    const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
    const file = new Uint8Array(8 + text.length + 8);
    new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
    file.set(text, 8);
    return file;
  }
  const entry = (change: object) => withHeader({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...change } });

  test("a tensor that fits is read", () => {
    expect(readTensors(entry({}), "test").tensors.a).toEqual({ shape: [2], data: new Float32Array(2) });
  });

  test.each<[string, Uint8Array]>([
    ["half a dimension", entry({ shape: [4, 0.5] })],
    ["negative dimensions", entry({ shape: [-1, -2] })],
    ["a dimension beyond whole numbers", entry({ shape: [2 ** 60, 0], data_offsets: [0, 0] })],
    ["a dimension that is text", entry({ shape: ["2"] })],
    ["no shape", entry({ shape: undefined })],
    ["a shape that is no list", entry({ shape: { length: 1, 0: 2 } })],
    ["another type of numbers", entry({ dtype: "F64" })],
    ["a type that every object has", entry({ dtype: "constructor" })],
    ["three offsets", entry({ data_offsets: [0, 8, 8] })],
    ["offsets in reverse", entry({ shape: [0], data_offsets: [8, 0] })],
    ["offsets before the data", entry({ data_offsets: [-8, 0] })],
    ["offsets beyond the file", entry({ data_offsets: [8, 16] })],
    ["offsets between bytes", entry({ data_offsets: [0.5, 8.5] })],
    [
      "two tensors of the same bytes",
      withHeader({
        a: { dtype: "U8", shape: [8], data_offsets: [0, 8] },
        b: { dtype: "U8", shape: [8], data_offsets: [0, 8] },
      }),
    ],
    ["an entry that is null", withHeader({ a: null })],
    ["metadata that is no text", withHeader({ __metadata__: { a: 1 } })],
    ["metadata that is no record", withHeader({ __metadata__: 3 })],
    ["a list as header", withHeader([])],
    ["a number as header", withHeader("7")],
    ["a header that is longer than any file", Uint8Array.from({ length: 16 }, (_, index) => (index < 8 ? 0xff : 0))],
  ])("%s is refused", (_name, bytes) => {
    expect(() => readTensors(bytes, "test")).toThrow(FormatError);
  });

  test("a name that objects have is a tensor like any other, or none", () => {
    const { tensors } = readTensors(
      withHeader('{"__proto__":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}'),
      "test",
    );
    expect(Object.keys(tensors)).toEqual(["__proto__"]);
    expect(tensors.toString).toBeUndefined();
  });

  test.each([
    ["a file that is too short", new Uint8Array(4), /test: expected a safetensors file, got 4 bytes/],
    ["a cut file", writeTensors({ tensors: {}, metadata: { a: "b" } }).subarray(0, 12), /copy or download it again/],
  ])("%s is refused", (_name, bytes, message) => {
    expect(() => readTensors(bytes, "test")).toThrow(message);
  });
});
