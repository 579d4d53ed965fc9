/**
 * Models as ONNX Runtime's WebGPU execution provider can run them, with the same numbers.
 *
 * A WebGPU shader reads and writes few tensors: eight are promised, graphics cards have 10 or 16. ONNX Runtime's Split writes all pieces
 * in one shader and its Concat fills a shader to one more than allowed, so parameters by the hundred are cut out by Slices and joined in
 * rounds. It has no Transpose of uint8 either: pixels become numbers first. On the CPU the models stay as they are, where one Split is
 * quicker.
 */
import { type ElementType, elementTypes, type OnnxModel, type OnnxNode, type OnnxTensor } from "./model.ts";

/** Tensors beside the one that all of them come from or go to. */
const most = 7;

/** The model with nodes that fit; itself where all of them do. */
export function fitToWebgpu(model: OnnxModel): OnnxModel {
  const constants = new Map(model.initializers.map((tensor) => [tensor.name, tensor]));
  const added = new Map<string, OnnxTensor>();
  const int64 = (value: number): string => {
    const name = `webgpu/${value}`;
    const data = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
    added.set(name, { name, elementType: "int64", shape: [1], data });
    return name;
  };
  const nodes = model.nodes.flatMap((node): readonly OnnxNode[] => {
    if (node.operator === "Split" && node.outputs.length > most) return slices(node, constants, int64);
    if (node.operator === "Concat" && node.inputs.length > most) return rounds(node);
    if (node.operator === "Transpose" && movesPixels(node, model)) return numbersFirst(node);
    return [node];
  });
  return { ...model, nodes, initializers: [...model.initializers, ...added.values()] };
}

/** One Slice a piece. */
function slices(
  { name, inputs: [whole, sizes], outputs, attributes }: OnnxNode,
  constants: ReadonlyMap<string, OnnxTensor>,
  int64: (value: number) => string,
): OnnxNode[] {
  // A copy, as 64-bit numbers start at multiples of eight bytes.
  const lengths = new BigInt64Array(constants.get(sizes!)!.data.slice().buffer);
  const axis = int64(attributes.axis as number);
  let start = 0;
  return outputs.map((output, index) => {
    const end = start + Number(lengths[index]!);
    const inputs = [whole!, int64(start), int64(end), axis];
    start = end;
    return { name: `${name}/Slice_${index}`, operator: "Slice", inputs, outputs: [output], attributes: {} };
  });
}

/** Neighbours are joined until few enough are left. */
function rounds(node: OnnxNode): OnnxNode[] {
  const { name, inputs, attributes } = node;
  if (inputs.length <= most) return [node];
  const joined: OnnxNode[] = [];
  const parts: string[] = [];
  for (let first = 0; first < inputs.length; first += most) {
    const group = inputs.slice(first, first + most);
    const part = `${name}/${inputs.length}_${first}`;
    if (group.length > 1) joined.push({ name: part, operator: "Concat", inputs: group, outputs: [part], attributes });
    parts.push(group.length > 1 ? part : group[0]!);
  }
  return [...joined, ...rounds({ ...node, inputs: parts })];
}

/** Whether a node transposes pixels from outside that only become numbers afterwards. */
function movesPixels({ inputs: [source], outputs: [moved] }: OnnxNode, { inputs, outputs, nodes }: OnnxModel): boolean {
  const pixels: ElementType = "uint8";
  return (
    inputs.some(({ name, elementType }) => name === source && elementType === pixels) &&
    outputs.every(({ name }) => name !== moved) &&
    nodes.every((node) => node.operator === "Cast" || !node.inputs.includes(moved!))
  );
}

function numbersFirst(node: OnnxNode): OnnxNode[] {
  const numbers = `${node.name}/Cast`;
  const attributes = { to: elementTypes.float32 };
  return [
    { name: numbers, operator: "Cast", inputs: [node.inputs[0]!], outputs: [numbers], attributes },
    { ...node, inputs: [numbers] },
  ];
}
