/** The models that a detector may hold: their files, their weights as safetensors, and their scoring graphs opened together. */
import { FormatError, imageSizeOf } from "../base/index.ts";
import { type FlowName, modelOf, type TrainingConfiguration } from "../model/index.ts";
import {
  layoutOf,
  type ParameterTree,
  type ParameterVectors,
  parameterData,
  readTensors,
  type StoredTensor,
  writeTensors,
} from "../nn/index.ts";
import type { ProgramOptions } from "../runtime/index.ts";
import {
  type ClassTable,
  eachSource,
  type ModelTerms,
  makeClassTable,
  makeTermTable,
  type ScoreSource,
  type SourceTables,
  type TermTable,
  termsPerScale,
} from "../score/index.ts";
import { loadScorer, type Scorer, type ScorerOutputs } from "./scoring.ts";

/** The files of every model, the normal one first. */
export const modelFiles = {
  normal: { weights: "weights.safetensors", graph: "model.onnx" },
  general: { weights: "general.safetensors", graph: "general.onnx" },
  local: { weights: "local.safetensors", graph: "local.onnx" },
  classifier: { weights: "classifier.safetensors", graph: "classifier.onnx" },
} as const;

export type ModelName = keyof typeof modelFiles;

/** Contents of a detector's files by name. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

/** The models that are there, the normal one first. */
export function presentModels(models: { readonly [Name in ModelName]?: unknown }): ModelName[] {
  return (Object.keys(modelFiles) as ModelName[]).filter((name) => models[name] !== undefined && models[name] !== null);
}

/** The models with a likelihood that are there, the normal one first. */
export function presentFlows(models: { readonly [Name in ModelName]?: unknown }): FlowName[] {
  return presentModels(models).filter((name) => name !== "classifier");
}

/** What the scores can draw from, given some models. Coders need none. */
export function sourcesOfModels(
  names: readonly ModelName[],
  { classConditional }: Pick<TrainingConfiguration, "classConditional">,
): ScoreSource[] {
  return [...names.filter((name) => name !== "normal"), ...(classConditional ? (["classes"] as const) : []), "coders"];
}

/** The bytes of a weights file. */
export function writeWeights(tree: ParameterTree, parameters: ParameterVectors): Uint8Array {
  const tensors: Record<string, StoredTensor> = {};
  for (const entry of layoutOf(tree).entries) {
    tensors[entry.name] = { shape: entry.shape, data: parameterData(entry, parameters) };
  }
  return writeTensors({ tensors, metadata: { format: "outglow glow weights" } });
}

/** The weights of a model from the bytes of its file. Throws FormatError where a tensor is missing or of another size. */
export function readWeights(tree: ParameterTree, bytes: Uint8Array, where: string): ParameterVectors {
  const { tensors } = readTensors(bytes, where);
  const layout = layoutOf(tree);
  const vectors = { trainable: new Float32Array(layout.trainableSize), fixed: new Float32Array(layout.fixedSize) };
  for (const entry of layout.entries) {
    const data = tensors[entry.name]?.data;
    if (!(data instanceof Float32Array) || data.length !== entry.size) {
      throw new FormatError(
        `${where}: expected ${entry.size} numbers for '${entry.name}', got ${data?.length ?? "none"}`,
      );
    }
    parameterData(entry, vectors).set(data);
  }
  return vectors;
}

/** The opened graphs of a detector. */
export interface Scorers {
  /** Terms of uint8 images [N, C, H, W] under every model. */
  terms(pixels: Uint8Array): Promise<ModelTerms>;
  dispose(): Promise<void>;
}

/** Opens the graphs among a detector's files. Frees those that are open where one fails. */
export async function openScorers(
  training: TrainingConfiguration,
  files: ModelFiles,
  options: ProgramOptions,
): Promise<Scorers> {
  const opened: { name: ModelName; scorer: Scorer }[] = [];
  const dispose = async (): Promise<void> => {
    for (const { scorer } of opened) await scorer.dispose();
  };
  try {
    for (const [name, { graph }] of Object.entries(modelFiles) as [ModelName, { graph: string }][]) {
      const bytes = files[graph];
      if (!bytes) continue;
      opened.push({ name, scorer: await loadScorer(bytes, modelOf(training, name), training.input, options) });
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    terms: async (pixels) => {
      const said: { [Name in ModelName]?: ScorerOutputs } = {};
      for (const { name, scorer } of opened) said[name] = await scorer.score(pixels);
      return joinOutputs(said, training);
    },
    dispose,
  };
}

/** What the graphs of some models say of the same images. */
type Said = { readonly [Name in ModelName]?: ScorerOutputs };

/** The table of every source from what the graphs say; null where it comes from the images themselves. */
const tablesOfSources: {
  readonly [Name in ScoreSource]: ((said: Said, classes: readonly string[]) => SourceTables[Name] | undefined) | null;
} = {
  general: ({ general }) => termTableOf(general),
  local: ({ local }) => termTableOf(local),
  coders: null,
  classes: ({ normal }, classes) => classTableOf(normal, classes),
  classifier: ({ classifier }, classes) => classTableOf(classifier, classes),
};

/** What all graphs say of the same images. */
function joinOutputs(said: Said, { input, classes }: TrainingConfiguration): ModelTerms {
  return {
    normal: termTableOf(said.normal)!,
    ...eachSource((source) => tablesOfSources[source]?.(said, classes ?? [])),
    dimensions: imageSizeOf(input),
  };
}

function termTableOf(outputs: ScorerOutputs | undefined): TermTable | undefined {
  return outputs?.terms && makeTermTable(outputs.count, outputs.terms.width / termsPerScale, outputs.terms.values);
}

function classTableOf(outputs: ScorerOutputs | undefined, names: readonly string[]): ClassTable | undefined {
  return outputs?.classes && makeClassTable(outputs.count, names, outputs.classes.values);
}
