/** ONNX models: from a graph to plain data, from plain data to bytes and back. Pure. */
export { cutModel, type ModelOutline, type OutlineInput, type OutlineNode, outlineModel } from "./cutting.ts";
export { type LoweringOptions, lowerGraph } from "./lowering.ts";
export {
  type ElementType,
  elementTypes,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from "./model.ts";
export { readModel } from "./reader.ts";
export { writeModel } from "./writer.ts";
