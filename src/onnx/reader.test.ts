/** The reader against the writer, and against bytes that are no model. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../base/index.ts";
import { elementTypes, type OnnxModel, type OnnxNode, type OnnxTensor, readModel, writeModel } from "./index.ts";

/** Printed by fast-check where a property fails; the same cases on every run. */
const settings = { seed: 20201, numRuns: 200 };

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const int64 = fc.maxSafeInteger();
const size = fc.nat({ max: 5 });
const elementType = fc.constantFrom("float32", "uint8", "int64", "bool");
const bytesEach = { float32: 4, uint8: 1, int64: 8, bool: 1 };

const tensor: fc.Arbitrary<OnnxTensor> = fc
  .record({ name: text, elementType, shape: fc.array(size, { maxLength: 3 }) })
  .chain((head) => {
    const length = head.shape.reduce((product, dimension) => product * dimension, bytesEach[head.elementType]);
    return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ ...head, data }));
  });

const value = fc.record({ name: text, elementType, shape: fc.array(fc.oneof(fc.nat(), text), { maxLength: 4 }) });

const attribute: fc.Arbitrary<OnnxNode["attributes"][string]> = fc.oneof(
  int64,
  fc.array(int64, { maxLength: 5 }),
  fc.record({ float: fc.float({ noNaN: true }) }),
  fc.record({ text }),
);

const node: fc.Arbitrary<OnnxNode> = fc.record({
  name: text,
  operator: text,
  inputs: fc.array(text, { maxLength: 3 }),
  outputs: fc.array(text, { maxLength: 3 }),
  attributes: fc.dictionary(text, attribute, { maxKeys: 4, noNullPrototype: true }),
});

const model: fc.Arbitrary<OnnxModel> = fc.record({
  producer: text,
  opset: fc.nat({ max: 40 }),
  name: text,
  inputs: fc.array(value, { maxLength: 3 }),
  outputs: fc.array(value, { maxLength: 3 }),
  initializers: fc.array(tensor, { maxLength: 3 }),
  nodes: fc.array(node, { maxLength: 4 }),
  metadata: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
});

const small: OnnxModel = {
  producer: "outglow",
  opset: 18,
  name: "small",
  inputs: [{ name: "x", elementType: "float32", shape: [2, "4N"] }],
  outputs: [{ name: "y", elementType: "uint8", shape: [] }],
  initializers: [{ name: "c", elementType: "float32", shape: [2], data: new Uint8Array(8).fill(1) }],
  nodes: [
    {
      name: "n",
      operator: "Reshape",
      inputs: ["x", "c"],
      outputs: ["y"],
      attributes: { axis: -1, perm: [-(2 ** 40), 0, 3], alpha: { float: -0.5 } },
    },
  ],
  metadata: { made: "now" },
};

function readOrRefuse(bytes: Uint8Array): void {
  try {
    readModel(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).message).toMatch(/^onnx: expected .+, got .+/s);
  }
}

/** A message in a field, written by hand. */
function message(field: number, write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter().tag(field, WireType.LengthDelimited).fork();
  write(writer);
  return writer.join().finish();
}

const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

/** The small model with one more node. */
function withNode(write: (writer: BinaryWriter) => void): Uint8Array {
  return join(
    message(7, (writer) => writer.raw(message(1, write))),
    message(8, (writer) => writer.tag(2, WireType.Varint).int64(18)),
  );
}

describe("what was written is read back", () => {
  test("a small model", () => {
    expect(readModel(writeModel(small))).toEqual(small);
  });

  test("any model", () => {
    fc.assert(
      fc.property(model, (given) => {
        expect(readModel(writeModel(given))).toEqual(given);
      }),
      settings,
    );
  });

  test("with equal bytes", () => {
    fc.assert(
      fc.property(model, (given) => {
        const bytes = writeModel(given);
        expect(writeModel(readModel(bytes))).toEqual(bytes);
      }),
      settings,
    );
  });

  test("whose numbers do not share the file's memory", () => {
    const bytes = writeModel(small);
    const { data } = readModel(bytes).initializers[0]!;
    bytes.fill(0);
    expect([...data]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(data.byteOffset).toBe(0);
  });

  test.each(["__proto__", "constructor", ""])(
    "with '%s' for the name of an attribute and of a metadata entry",
    (name) => {
      const attributes = Object.fromEntries([[name, 3]]);
      const metadata = Object.fromEntries([[name, "value"]]);
      const read = readModel(writeModel({ ...small, metadata, nodes: [{ ...small.nodes[0]!, attributes }] }));
      expect(Object.entries(read.metadata)).toEqual([[name, "value"]]);
      expect(Object.entries(read.nodes[0]!.attributes)).toEqual([[name, 3]]);
    },
  );
});

describe("other writers", () => {
  test("may add unknown fields of every wire type", () => {
    const unknown = new BinaryWriter()
      .tag(100, WireType.Varint)
      .int64(-1)
      .tag(101, WireType.Bit64)
      .double(1)
      .tag(102, WireType.LengthDelimited)
      .string("later")
      .tag(103, WireType.Bit32)
      .float(1)
      .finish();
    expect(readModel(join(unknown, writeModel(small), unknown))).toEqual(small);
  });

  test("may pack integers", () => {
    const bytes = withNode((writer) =>
      writer.raw(
        message(5, (attribute) => {
          attribute.tag(1, WireType.LengthDelimited).string("perm").tag(20, WireType.Varint).int32(7);
          attribute.tag(8, WireType.LengthDelimited).fork().int64(1).int64(-2).join();
        }),
      ),
    );
    expect(readModel(bytes).nodes[0]!.attributes).toEqual({ perm: [1, -2] });
  });
});

describe("refused", () => {
  test("any bytes but models, with a FormatError", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), readOrRefuse), { ...settings, numRuns: 2000 });
  });

  test("or read: models with one byte changed", () => {
    const bytes = writeModel(small);
    const position = fc.nat({ max: bytes.length - 1 });
    fc.assert(
      fc.property(position, fc.nat({ max: 255 }), (at, byte) => readOrRefuse(bytes.with(at, byte))),
      { ...settings, numRuns: 2000 },
    );
  });

  test("or read: models cut short anywhere", () => {
    const bytes = writeModel(small);
    for (let length = 0; length < bytes.length; length++) readOrRefuse(bytes.subarray(0, length));
  });

  const type = (tensor: Partial<OnnxTensor>) =>
    writeModel({ ...small, initializers: [{ ...small.initializers[0]!, ...tensor }] });

  test.each([
    ["no bytes", new Uint8Array(0), /expected a graph, got a model of 0 bytes/],
    ["no operator set", message(7, () => {}), /expected a standard operator set, got none/],
    ["too little data", type({ shape: [3] }), /expected 12 bytes in tensor 'c', got 8/],
    ["negative sizes", type({ shape: [-2] }), /expected a size that is not negative, got -2/],
    [
      "another domain",
      withNode((writer) => writer.tag(7, WireType.LengthDelimited).string("com.microsoft")),
      /expected standard operators only, got domain 'com.microsoft'/,
    ],
    [
      "attributes that are lists of texts",
      withNode((writer) =>
        writer.raw(
          message(5, (attribute) =>
            attribute.tag(1, WireType.LengthDelimited).string("mode").tag(20, WireType.Varint).int32(8),
          ),
        ),
      ),
      /expected a float, an integer, a text or integers in attribute 'mode', got type 8/,
    ],
    [
      "integers beyond 2^53",
      withNode((writer) =>
        writer.raw(
          message(5, (attribute) =>
            attribute
              .tag(3, WireType.Varint)
              .int64(2n ** 60n)
              .tag(20, WireType.Varint)
              .int32(2),
          ),
        ),
      ),
      /expected an integer below 2\^53, got 1152921504606846976/,
    ],
    [
      "text that is no UTF-8",
      withNode((writer) => writer.tag(3, WireType.LengthDelimited).bytes(Uint8Array.of(0xff, 0xfe))),
      /expected a well-formed model, got \d+ damaged bytes/,
    ],
    [
      "a name where a message belongs",
      new BinaryWriter().tag(7, WireType.Varint).int64(3).finish(),
      /expected wire type 2 in field 7, got 0/,
    ],
  ])("%s", (_name, bytes, match) => {
    expect(() => readModel(bytes)).toThrow(match);
    expect(() => readModel(bytes)).toThrow(FormatError);
  });

  test("element types that are not written here", () => {
    const types = Object.values(elementTypes) as number[];
    const doubles = withNode(() => {});
    const tensorOfDoubles = message(7, (graph) =>
      graph.raw(
        message(5, (part) => part.tag(2, WireType.Varint).int32(11).tag(8, WireType.LengthDelimited).string("d")),
      ),
    );
    expect(types).not.toContain(11);
    expect(() => readModel(join(doubles, tensorOfDoubles))).toThrow(/in 'd', got element type 11/);
  });
});
