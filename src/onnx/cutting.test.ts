/** Models of other programs: outlined and cut without being understood. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../base/index.ts";
import { cutModel, type OnnxModel, type OnnxNode, outlineModel, readModel, writeModel } from "./index.ts";

const node = (operator: string, inputs: string[], output: string): OnnxNode => ({
  name: output,
  operator,
  inputs,
  outputs: [output],
  attributes: {},
});
const weight = (name: string) => ({ name, elementType: "float32" as const, shape: [1], data: new Uint8Array(4) });

/** x -> a -> b -> y, with c beside them. */
const chain: OnnxModel = {
  producer: "other",
  opset: 17,
  name: "chain",
  inputs: [
    { name: "x", elementType: "float32", shape: ["n", 3, "h", 8] },
    { name: "w", elementType: "float32", shape: [1] },
  ],
  outputs: [{ name: "y", elementType: "float32", shape: ["n"] }],
  initializers: [weight("w"), weight("v")],
  nodes: [
    node("Mul", ["x", "w"], "a"),
    node("Exp", ["x"], "c"),
    node("Add", ["a", "v"], "b"),
    node("Mul", ["b", "c"], "y"),
  ],
  metadata: { kind: "test" },
};
const bytes = writeModel(chain);

/** A message with one field of bytes. */
const field = (number: number, content: Uint8Array) =>
  new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content).finish();
const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const word = (number: number, value: string) => field(number, new TextEncoder().encode(value));
const modelOf = (...graphFields: Uint8Array[]) => joined(field(8, new Uint8Array(0)), field(7, joined(...graphFields)));

test("an outline names what is given, made and computed", () => {
  const { inputs, outputs, nodes } = outlineModel(bytes);
  expect(inputs).toEqual([{ name: "x", elementType: 1, shape: [undefined, 3, undefined, 8] }]);
  expect(outputs).toEqual(["y"]);
  expect(nodes.map(({ operator }) => operator)).toEqual(["Mul", "Exp", "Add", "Mul"]);
});

describe("a cut model", () => {
  test("keeps what its values need, and nothing else", () => {
    const cut = readModel(bytesWithTypes(cutModel(bytes, ["a"])));
    expect(cut.nodes).toEqual([chain.nodes[0]]);
    expect(cut.initializers.map(({ name }) => name)).toEqual(["w"]);
    expect([cut.producer, cut.opset, cut.metadata]).toEqual(["other", 17, { kind: "test" }]);
    expect(outlineModel(cutModel(bytes, ["b", "c"])).outputs).toEqual(["b", "c"]);
    expect(outlineModel(cutModel(bytes, ["b", "c"])).nodes).toHaveLength(3);
  });

  test("by all its outputs is the model itself", () => {
    const cut = readModel(cutModel(bytes, ["y"]));
    expect(cut.nodes).toEqual(chain.nodes);
    expect(cut.outputs).toEqual(chain.outputs);
    expect(cut.inputs).toEqual(chain.inputs);
  });

  test("carries attributes over that are not read here", () => {
    const attribute = joined(word(1, "auto_pad"), word(4, "SAME_UPPER"));
    const own = joined(word(1, "x"), word(2, "y"), word(4, "Conv"), field(5, attribute));
    const model = modelOf(field(1, own), field(12, word(1, "y")));
    const text = new TextDecoder("latin1");
    expect(text.decode(cutModel(model, ["y"]))).toContain(text.decode(own));
  });

  test("keeps all nodes where one has a graph of its own, which may need any of them", () => {
    const nested = joined(word(1, "x"), word(2, "y"), word(4, "If"), field(5, field(6, new Uint8Array(0))));
    const other = joined(word(1, "x"), word(2, "z"), word(4, "Relu"));
    const model = modelOf(field(1, other), field(1, nested), field(12, word(1, "y")));
    expect(outlineModel(cutModel(model, ["y"])).nodes).toHaveLength(2);
  });

  test("has no values that the model has not", () => {
    expect(() => cutModel(bytes, ["a", "q"])).toThrow("onnx: expected a value 'q' in the model, got none");
  });
});

/** The reader wants a type for every output, the engine does not. */
function bytesWithTypes(cut: Uint8Array): Uint8Array {
  const outline = outlineModel(cut);
  expect(outline.outputs).toEqual(["a"]);
  const typed = writeModel({ ...chain, outputs: [{ name: "a", elementType: "float32", shape: ["n"] }] });
  return cutModel(cutModel(typed, ["a"]), ["a"]);
}

describe("refused are", () => {
  test.each([
    ["tensors in other files", field(5, joined(word(8, "w"), field(13, new Uint8Array(0))))],
    ["such tensors in attributes", field(1, field(5, field(5, joined(word(8, "w"), field(13, new Uint8Array(0))))))],
  ])("%s", (_, part) => {
    expect(() => outlineModel(modelOf(part))).toThrow("onnx: expected a model in one file, got tensor 'w' in another");
  });

  test("any bytes but models, with a FormatError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (some) => {
        expect(() => outlineModel(some)).toThrow(FormatError);
      }),
      { seed: 20201, numRuns: 200 },
    );
  });

  test("or read: models with one byte changed", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (position, value) => {
        const changed = bytes.slice();
        changed[position] = value;
        try {
          cutModel(changed, outlineModel(changed).outputs);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { seed: 20201, numRuns: 300 },
    );
  });
});
