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

const name = fc
  .string({ minLength: 1, maxLength: 12 })
  .filter((text) => text !== "__metadata__" && text !== "__proto__");

describe("safetensors", () => {
  test("round trip of tensors and metadata", () => {
    const property = fc.property(fc.dictionary(name, tensor), fc.dictionary(name, fc.string()), (tensors, metadata) => {
      const file = readTensors(writeTensors({ tensors, metadata }), "test");
      expect({ ...file.tensors }).toEqual({ ...tensors });
      expect({ ...file.metadata }).toEqual({ ...metadata });
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

  test.each([
    ["a file that is too short", new Uint8Array(4), /test: expected a safetensors file, got 4 bytes/],
    ["a cut file", writeTensors({ tensors: {}, metadata: { a: "b" } }).subarray(0, 12), /copy or download it again/],
  ])("%s is refused", (_name, bytes, message) => {
    expect(() => readTensors(bytes, "test")).toThrow(message);
  });
});
