/**
 * Models of other programs: what is in them, and a part of them. Nodes and tensors are never interpreted: their bytes are carried over, so
 * that any operator, attribute and element type survives.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  damaged,
  type Fields,
  guarded,
  integer,
  message,
  readFields,
  readValueInfo,
  text,
  unsupported,
} from "./wire.ts";

/** A node of a model, without its attributes. */
export interface OutlineNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** An input of a model. `elementType` is the number of onnx.proto; a dimension that is free is undefined. */
export interface OutlineInput {
  readonly name: string;
  readonly elementType: number;
  readonly shape: readonly (number | undefined)[];
}

/** What a model takes, gives and does. */
export interface ModelOutline {
  /** Inputs that have no stored values. */
  readonly inputs: readonly OutlineInput[];
  readonly outputs: readonly string[];
  /** In the order in which they run. */
  readonly nodes: readonly OutlineNode[];
}

interface Part extends OutlineNode {
  readonly bytes: Uint8Array;
  /** Nodes within it refer to values outside without naming them as inputs. */
  readonly nested: boolean;
}

interface Parts {
  readonly nodes: readonly Part[];
  readonly inputs: readonly { readonly bytes: Uint8Array; readonly value: OutlineInput }[];
  readonly tensors: readonly { readonly bytes: Uint8Array; readonly name: string }[];
  readonly outputs: readonly { readonly bytes: Uint8Array; readonly name: string }[];
}

/** Reads what a model takes, gives and does. Throws FormatError where the bytes are no model, or keep tensors in other files. */
export function outlineModel(model: Uint8Array): ModelOutline {
  const { nodes, inputs, tensors, outputs } = partsOf(graphOf(model));
  const stored = new Set(tensors.map(({ name }) => name));
  return {
    inputs: inputs.map(({ value }) => value).filter(({ name }) => !stored.has(name)),
    outputs: outputs.map(({ name }) => name),
    nodes: nodes.map((node) => ({ operator: node.operator, inputs: node.inputs, outputs: node.outputs })),
  };
}

/**
 * The part of a model that these values need, as a model that gives them. Nodes and tensors that they do not need are left out. Throws
 * FormatError as `outlineModel`, and for a value that the model has not.
 */
export function cutModel(model: Uint8Array, values: readonly string[]): Uint8Array<ArrayBuffer> {
  const parts = partsOf(graphOf(model));
  const made = new Set([
    ...parts.nodes.flatMap(({ outputs }) => outputs),
    ...parts.inputs.map(({ value }) => value.name),
  ]);
  for (const name of values) {
    if (!made.has(name)) throw unsupported(`a value '${name}' in the model`, "none");
  }
  const writer = new BinaryWriter();
  for (const { field, bytes } of fieldsOf(model)) if (field !== graphField) writer.raw(bytes);
  writer.tag(graphField, WireType.LengthDelimited).bytes(cutGraph(graphOf(model), parts, values));
  return new Uint8Array(writer.finish());
}

const graphField = 7;
const [nodeField, tensorField, inputField, outputField, hintField] = [1, 5, 11, 12, 13];

function cutGraph(graph: Uint8Array, parts: Parts, values: readonly string[]): Uint8Array {
  const needed = new Set(values);
  const everything = parts.nodes.some(({ nested }) => nested);
  const kept: Part[] = [];
  for (const node of parts.nodes.toReversed()) {
    if (!everything && !node.outputs.some((name) => needed.has(name))) continue;
    kept.unshift(node);
    for (const name of node.inputs) needed.add(name);
  }
  const writer = new BinaryWriter();
  const own = (field: number, bytes: Uint8Array) => writer.tag(field, WireType.LengthDelimited).bytes(bytes);
  for (const { bytes } of kept) own(nodeField, bytes);
  for (const { field, bytes } of fieldsOf(graph)) {
    if (![nodeField, tensorField, inputField, outputField, hintField].includes(field)) writer.raw(bytes);
  }
  for (const { name, bytes } of parts.tensors) if (everything || needed.has(name)) own(tensorField, bytes);
  for (const { value, bytes } of parts.inputs) if (everything || needed.has(value.name)) own(inputField, bytes);
  for (const name of values) {
    const known = parts.outputs.find((output) => output.name === name);
    // The engine finds out the type of a value that has none.
    own(outputField, known?.bytes ?? new BinaryWriter().tag(1, WireType.LengthDelimited).string(name).finish());
  }
  return writer.finish();
}

function graphOf(model: Uint8Array): Uint8Array {
  return guarded(model, () => {
    let graph: Uint8Array | undefined;
    readFields(model, {
      [graphField]: message((part) => {
        graph = part;
      }),
    });
    if (!graph) throw damaged("a graph", `a model of ${model.length} bytes without one`);
    return graph;
  });
}

function partsOf(graph: Uint8Array): Parts {
  return guarded(graph, () => {
    const nodes: Part[] = [];
    const inputs: Parts["inputs"][number][] = [];
    const tensors: Parts["tensors"][number][] = [];
    const outputs: Parts["outputs"][number][] = [];
    readFields(graph, {
      [nodeField]: message((bytes) => nodes.push(readPart(bytes))),
      [tensorField]: message((bytes) => tensors.push({ bytes, name: readTensorName(bytes) })),
      [inputField]: message((bytes) => inputs.push({ bytes, value: readInput(bytes) })),
      [outputField]: message((bytes) => outputs.push({ bytes, name: readInput(bytes).name })),
    });
    return { nodes, inputs, tensors, outputs };
  });
}

function readPart(bytes: Uint8Array): Part {
  let operator = "";
  let nested = false;
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attribute: Fields = {
    5: message((part) => void readTensorName(part)),
    6: message(() => {
      nested = true;
    }),
    11: message(() => {
      nested = true;
    }),
  };
  readFields(bytes, {
    1: text((name) => inputs.push(name)),
    2: text((name) => outputs.push(name)),
    4: text((value) => {
      operator = value;
    }),
    5: message((part) => readFields(part, attribute)),
  });
  return { bytes, operator, inputs: inputs.filter(Boolean), outputs: outputs.filter(Boolean), nested };
}

/** The name of a tensor. A model could make the engine read any file by a tensor that is kept elsewhere. */
function readTensorName(bytes: Uint8Array): string {
  let name = "";
  let elsewhere = false;
  readFields(bytes, {
    8: text((value) => {
      name = value;
    }),
    13: message(() => {
      elsewhere = true;
    }),
    14: integer((value) => {
      elsewhere ||= value !== 0;
    }),
  });
  if (elsewhere) throw unsupported("a model in one file", `tensor '${name}' in another file`);
  return name;
}

function readInput(bytes: Uint8Array): OutlineInput {
  const shape: (number | undefined)[] = [];
  const onDimension = (part: Uint8Array): void => {
    let size: number | undefined;
    readFields(part, {
      1: integer((value) => {
        // Some writers say -1 or 0 where they mean any size.
        size = value > 0 ? value : undefined;
      }),
    });
    shape.push(size);
  };
  return { ...readValueInfo(bytes, onDimension), shape };
}

/** Every field of a message with the bytes of its tag and value. */
function fieldsOf(bytes: Uint8Array): { readonly field: number; readonly bytes: Uint8Array }[] {
  return guarded(bytes, () => {
    const reader = new BinaryReader(bytes);
    const fields: { field: number; bytes: Uint8Array }[] = [];
    while (reader.pos < reader.len) {
      const start = reader.pos;
      const [field, wireType] = reader.tag();
      reader.skip(wireType, field);
      fields.push({ field, bytes: bytes.subarray(start, reader.pos) });
    }
    return fields;
  });
}
