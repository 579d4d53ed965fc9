/**
 * The scoring graphs of trained models: uint8 images in, weights inside, any batch size. A flow gives terms [N, scales, 2], a
 * class-conditional one also log p(x|c) as classes [N, K], a classifier logits [N, K].
 */
import type { ImageShape } from "../base/index.ts";
import { type Flow, imageInput, pixelsToData, scoreTerms, tableOfTerms } from "../flow/index.ts";
import { type Graph, makeGraph, transpose, type Value } from "../graph/index.ts";
import type { Model } from "../model/index.ts";
import { constantValues, type ParameterVectors } from "../nn/index.ts";
import { lowerGraph, writeModel } from "../onnx/index.ts";

/** What a graph may give: its outputs, and what they hold. */
const outputs = {
  terms:
    "terms: float32 [N, scales, 2], log-det and prior term of every scale in nats; their sum is log p(x), with classes the marginal one",
  classes: "classes: float32 [N, classes], log p(x|class) in nats",
  logits: "logits: float32 [N, classes], unnormalised log-probabilities of the classes",
} as const;

type OutputName = keyof typeof outputs;

/** The ONNX bytes of a flow with its weights. */
export function scoringModel(flow: Flow, parameters: ParameterVectors): Uint8Array<ArrayBuffer> {
  return graphOfModel({ kind: "flow", parameters: flow.parameters, flow }, flow.inputShape, parameters);
}

/** The ONNX bytes of any model with its weights. */
export function graphOfModel(
  model: Model,
  inputShape: ImageShape,
  parameters: ParameterVectors,
): Uint8Array<ArrayBuffer> {
  const graph = makeGraph();
  const values = outputsOf(graph, model, imageInput(graph, inputShape), parameters);
  const described = (Object.keys(values) as OutputName[]).map((name) => outputs[name]).join("; ");
  return writeModel(
    lowerGraph(values, { name: "outglow", metadata: { input: "images: uint8 [N, C, H, W]", output: described } }),
  );
}

function outputsOf(
  graph: Graph,
  model: Model,
  images: Value,
  parameters: ParameterVectors,
): { readonly [Name in OutputName]?: Value } {
  switch (model.kind) {
    case "flow":
      return { terms: scoreTerms(model.flow, constantValues(graph, model.parameters, parameters), images) };
    case "class-conditional": {
      const values = constantValues(graph, model.top.parameters, parameters);
      const { terms, classes } = model.top.normalize(values, pixelsToData(images));
      return { terms: tableOfTerms(terms, images), classes: transpose(classes, [1, 0]) };
    }
    case "classifier": {
      const values = constantValues(graph, model.parameters, parameters);
      return { logits: transpose(model.classifier.logits(values, pixelsToData(images)), [1, 0]) };
    }
  }
}
