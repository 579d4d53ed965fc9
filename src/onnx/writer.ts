/** ONNX models as bytes: onnx.proto's messages on a protobuf wire library. Field numbers are those of onnx.proto3. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { elementTypes, type OnnxModel, type OnnxNode, type OnnxTensor, type OnnxValue } from "./model.ts";

const irVersion = 8;
const attributeTypes = { float: 1, int: 2, text: 3, ints: 7 } as const;

/** The bytes of a ModelProto, standard operator domain. Equal models give equal bytes. */
export function writeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(irVersion);
  writer.tag(2, WireType.LengthDelimited).string(model.producer);
  message(writer, 7, () => writeGraph(writer, model));
  message(writer, 8, () => {
    writer.tag(1, WireType.LengthDelimited).string("");
    writer.tag(2, WireType.Varint).int64(model.opset);
  });
  for (const [key, value] of Object.entries(model.metadata)) {
    message(writer, 14, () => {
      writer.tag(1, WireType.LengthDelimited).string(key);
      writer.tag(2, WireType.LengthDelimited).string(value);
    });
  }
  return new Uint8Array(writer.finish());
}

function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}

function writeGraph(writer: BinaryWriter, model: OnnxModel): void {
  for (const node of model.nodes) message(writer, 1, () => writeNode(writer, node));
  writer.tag(2, WireType.LengthDelimited).string(model.name);
  for (const tensor of model.initializers) message(writer, 5, () => writeTensor(writer, tensor));
  for (const value of model.inputs) message(writer, 11, () => writeValue(writer, value));
  for (const value of model.outputs) message(writer, 12, () => writeValue(writer, value));
}

function writeNode(writer: BinaryWriter, node: OnnxNode): void {
  for (const name of node.inputs) writer.tag(1, WireType.LengthDelimited).string(name);
  for (const name of node.outputs) writer.tag(2, WireType.LengthDelimited).string(name);
  writer.tag(3, WireType.LengthDelimited).string(node.name);
  writer.tag(4, WireType.LengthDelimited).string(node.operator);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, () => {
      writer.tag(1, WireType.LengthDelimited).string(name);
      if (typeof value === "number") {
        writer.tag(3, WireType.Varint).int64(value);
        writer.tag(20, WireType.Varint).int32(attributeTypes.int);
      } else if ("float" in value) {
        writer.tag(2, WireType.Bit32).float(value.float);
        writer.tag(20, WireType.Varint).int32(attributeTypes.float);
      } else if ("text" in value) {
        writer.tag(4, WireType.LengthDelimited).string(value.text);
        writer.tag(20, WireType.Varint).int32(attributeTypes.text);
      } else {
        for (const element of value) writer.tag(8, WireType.Varint).int64(element);
        writer.tag(20, WireType.Varint).int32(attributeTypes.ints);
      }
    });
  }
}

function writeTensor(writer: BinaryWriter, tensor: OnnxTensor): void {
  for (const dimension of tensor.shape) writer.tag(1, WireType.Varint).int64(dimension);
  writer.tag(2, WireType.Varint).int32(elementTypes[tensor.elementType]);
  writer.tag(8, WireType.LengthDelimited).string(tensor.name);
  writer.tag(9, WireType.LengthDelimited).bytes(tensor.data);
}

function writeValue(writer: BinaryWriter, value: OnnxValue): void {
  writer.tag(1, WireType.LengthDelimited).string(value.name);
  message(writer, 2, () =>
    message(writer, 1, () => {
      writer.tag(1, WireType.Varint).int32(elementTypes[value.elementType]);
      message(writer, 2, () => {
        for (const dimension of value.shape) {
          message(writer, 1, () => {
            if (typeof dimension === "number") writer.tag(1, WireType.Varint).int64(dimension);
            else writer.tag(2, WireType.LengthDelimited).string(dimension);
          });
        }
      });
    }),
  );
}
