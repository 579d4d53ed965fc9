/**
 * ONNX models from bytes: the subset that writer.ts writes, on a protobuf wire library. Unknown fields are skipped, as protobuf asks;
 * what is known but of another kind than written here (other element types, operator domains, attribute types) is refused.
 */
import { WireType } from "@bufbuild/protobuf/wire";
import {
  type ElementType,
  elementTypes,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from "./model.ts";
import { damaged, guarded, integer, message, readFields, readValueInfo, text, unsupported } from "./wire.ts";

/** Reads the model in the bytes of a ModelProto. Throws FormatError where the bytes are damaged or another program wrote them. */
export function readModel(bytes: Uint8Array): OnnxModel {
  return guarded(bytes, () => readModelFields(bytes));
}

function readModelFields(bytes: Uint8Array): OnnxModel {
  let producer = "";
  let opset: number | undefined;
  let graph: Uint8Array | undefined;
  const metadata: [string, string][] = [];
  readFields(bytes, {
    2: text((value) => {
      producer = value;
    }),
    7: message((part) => {
      graph = part;
    }),
    8: message((part) => {
      opset = readOpset(part);
    }),
    14: message((part) => metadata.push(readEntry(part))),
  });
  if (!graph) throw damaged("a graph", `a model of ${bytes.length} bytes without one`);
  if (opset === undefined) throw unsupported("a standard operator set", "none");
  return { producer, opset, ...readGraph(graph), metadata: Object.fromEntries(metadata) };
}

function readGraph(bytes: Uint8Array): Omit<OnnxModel, "producer" | "opset" | "metadata"> {
  let name = "";
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  readFields(bytes, {
    1: message((part) => nodes.push(readNode(part))),
    2: text((value) => {
      name = value;
    }),
    5: message((part) => initializers.push(readTensor(part))),
    11: message((part) => inputs.push(readValue(part))),
    12: message((part) => outputs.push(readValue(part))),
  });
  return { name, inputs, outputs, initializers, nodes };
}

function readOpset(bytes: Uint8Array): number {
  let domain = "";
  let version = 0;
  readFields(bytes, {
    1: text((value) => {
      domain = value;
    }),
    2: integer((value) => {
      version = value;
    }),
  });
  expectStandardDomain(domain);
  return version;
}

function expectStandardDomain(domain: string): void {
  if (domain !== "" && domain !== "ai.onnx") {
    throw unsupported("standard operators only", `domain '${domain}'`);
  }
}

function readNode(bytes: Uint8Array): OnnxNode {
  let [name, operator] = ["", ""];
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: [string, OnnxNode["attributes"][string]][] = [];
  readFields(bytes, {
    1: text((value) => inputs.push(value)),
    2: text((value) => outputs.push(value)),
    3: text((value) => {
      name = value;
    }),
    4: text((value) => {
      operator = value;
    }),
    5: message((part) => attributes.push(readAttribute(part))),
    7: text(expectStandardDomain),
  });
  return { name, operator, inputs, outputs, attributes: Object.fromEntries(attributes) };
}

function readAttribute(bytes: Uint8Array): [string, OnnxNode["attributes"][string]] {
  let name = "";
  let type = 0;
  let float = 0;
  let single = 0;
  let words = "";
  const several: number[] = [];
  readFields(bytes, {
    1: text((value) => {
      name = value;
    }),
    2: [
      WireType.Bit32,
      (reader) => {
        float = reader.float();
      },
    ],
    3: integer((value) => {
      single = value;
    }),
    4: text((value) => {
      words = value;
    }),
    8: integer((value) => several.push(value)),
    20: integer((value) => {
      type = value;
    }),
  });
  if (type === 1) return [name, { float }];
  if (type === 2) return [name, single];
  if (type === 3) return [name, { text: words }];
  if (type === 7) return [name, several];
  throw unsupported(`a float, an integer, a text or integers in attribute '${name}'`, `type ${type}`);
}

function readTensor(bytes: Uint8Array): OnnxTensor {
  let name = "";
  let type = 0;
  let data: Uint8Array = new Uint8Array(0);
  const shape: number[] = [];
  readFields(bytes, {
    1: integer((value) => shape.push(expectSize(value))),
    2: integer((value) => {
      type = value;
    }),
    8: text((value) => {
      name = value;
    }),
    // A copy, so that the numbers are aligned and the file's bytes can go.
    9: message((part) => {
      data = part.slice();
    }),
  });
  const elementType = elementTypeOf(type, name);
  const expected = shape.reduce((product, dimension) => product * dimension, elementSizes[elementType]);
  if (data.length !== expected) {
    throw damaged(`${expected} bytes in tensor '${name}'`, String(data.length));
  }
  return { name, elementType, shape, data };
}

const elementSizes: Readonly<Record<ElementType, number>> = { float32: 4, uint8: 1, int64: 8, bool: 1 };

function elementTypeOf(type: number, name: string): ElementType {
  for (const [elementType, number] of Object.entries(elementTypes)) {
    if (number === type) return elementType as ElementType;
  }
  throw unsupported(`${Object.keys(elementTypes).join(", ")} in '${name}'`, `element type ${type}`);
}

function readValue(bytes: Uint8Array): OnnxValue {
  const shape: (number | string)[] = [];
  const { name, elementType } = readValueInfo(bytes, (part, named) => shape.push(readDimension(part, named)));
  return { name, elementType: elementTypeOf(elementType, name), shape };
}

function readDimension(bytes: Uint8Array, name: string): number | string {
  let dimension: number | string | undefined;
  readFields(bytes, {
    1: integer((value) => {
      dimension = expectSize(value);
    }),
    2: text((value) => {
      dimension = value;
    }),
  });
  if (dimension === undefined) throw damaged(`a size or a name for every axis of '${name}'`, "none");
  return dimension;
}

function readEntry(bytes: Uint8Array): [string, string] {
  const entry: [string, string] = ["", ""];
  readFields(bytes, {
    1: text((key) => {
      entry[0] = key;
    }),
    2: text((value) => {
      entry[1] = value;
    }),
  });
  return entry;
}

function expectSize(value: number): number {
  if (value < 0) throw damaged("a size that is not negative", String(value));
  return value;
}
