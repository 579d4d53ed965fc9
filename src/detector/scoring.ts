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
import { loadProgram, type ProgramOptions } from "../runtime/index.ts";
import { termsPerScale } from "../score/index.ts";

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

/** Numbers of many images, row-major [count, width]. */
export interface OutputTable {
  readonly width: number;
  readonly values: Float32Array;
}

/** What a graph says of `count` images. */
export interface ScorerOutputs {
  readonly count: number;
  /** [count, scales, 2] with width 2 scales, of a flow. */
  readonly terms?: OutputTable;
  /** log p(x|c) of a class-conditional flow, or the logits of a classifier. */
  readonly classes?: OutputTable;
}

/** A loaded scoring graph. */
export interface Scorer {
  /** The outputs for uint8 images [N, C, H, W]. */
  score(pixels: Uint8Array): Promise<ScorerOutputs>;
  dispose(): Promise<void>;
}

/** Images scored in one run: enough to fill the engine, few enough to stay in its caches. */
const scoringBatch = 64;

/** How many numbers an image has in every output of a model's graph. */
function outputWidths(model: Model): { readonly [Name in OutputName]?: number } {
  const widthOfTerms = ({ latentShapes }: Flow): number => latentShapes.length * termsPerScale;
  switch (model.kind) {
    case "flow":
      return { terms: widthOfTerms(model.flow) };
    case "class-conditional":
      return { terms: widthOfTerms(model.top.flow), classes: model.top.classCount };
    case "classifier":
      return { logits: model.classifier.classCount };
  }
}

/** Loads the ONNX bytes of `graphOfModel`. */
export async function loadScorer(
  bytes: Uint8Array,
  model: Model,
  { channels, height, width }: ImageShape,
  options: ProgramOptions,
): Promise<Scorer> {
  const program = await loadProgram(bytes, { ...options, weights: "constant" });
  const size = channels * height * width;
  const widths = Object.entries(outputWidths(model));
  return {
    async score(pixels) {
      const count = pixels.length / size;
      const tables: { readonly [name: string]: OutputTable } = Object.fromEntries(
        widths.map(([name, rowWidth]) => [name, { width: rowWidth, values: new Float32Array(count * rowWidth) }]),
      );
      for (let first = 0; first < count; first += scoringBatch) {
        const batch = pixels.subarray(first * size, Math.min(count, first + scoringBatch) * size);
        const images = { data: batch, shape: [batch.length / size, channels, height, width] };
        const results = await program.run({ images });
        for (const [name, table] of Object.entries(tables)) {
          table.values.set(results[name]!.data as Float32Array, first * table.width);
        }
      }
      const { terms, classes, logits } = tables;
      const rows = classes ?? logits;
      return { count, ...(terms && { terms }), ...(rows && { classes: rows }) };
    },
    dispose: () => program.dispose(),
  };
}
