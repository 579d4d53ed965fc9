/** The models that a detector may hold: their files, their weights as safetensors, and their scoring graphs opened together. */
import { FormatError } from "../base/index.ts";
import type { Flow } from "../flow/index.ts";
import {
  layoutOf,
  type ParameterVectors,
  parameterData,
  readTensors,
  type StoredTensor,
  writeTensors,
} from "../nn/index.ts";
import type { ProgramOptions } from "../runtime/index.ts";
import type { ModelTerms, ScoreSource, TermTable } from "../score/index.ts";
import { flowOf, type TrainingConfiguration } from "../train/index.ts";
import { loadScorer, type Scorer } from "./scoring.ts";

/** The files of every model, the normal one first. */
export const modelFiles = {
  normal: { weights: "weights.safetensors", graph: "model.onnx" },
  general: { weights: "general.safetensors", graph: "general.onnx" },
  local: { weights: "local.safetensors", graph: "local.onnx" },
} as const;

export type ModelName = keyof typeof modelFiles;

/** Contents of a detector's files by name. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

/** The models that are there, the normal one first. */
export function presentModels(models: { readonly [Name in ModelName]?: unknown }): ModelName[] {
  return (Object.keys(modelFiles) as ModelName[]).filter((name) => models[name] !== undefined && models[name] !== null);
}

/** What the scores can draw from, given some models. Coders need none. */
export function sourcesOfModels(names: readonly ModelName[]): ScoreSource[] {
  return [...names.filter((name) => name !== "normal"), "coders"];
}

/** The bytes of a weights file. */
export function writeWeights(flow: Flow, parameters: ParameterVectors): Uint8Array {
  const tensors: Record<string, StoredTensor> = {};
  for (const entry of layoutOf(flow.parameters).entries) {
    tensors[entry.name] = { shape: entry.shape, data: parameterData(entry, parameters) };
  }
  return writeTensors({ tensors, metadata: { format: "outglow glow weights" } });
}

/** The weights of a flow from the bytes of its file. Throws FormatError where a tensor is missing or of another size. */
export function readWeights(flow: Flow, bytes: Uint8Array, where: string): ParameterVectors {
  const { tensors } = readTensors(bytes, where);
  const layout = layoutOf(flow.parameters);
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
  const { channels, height, width } = training.input;
  const opened: { name: ModelName; scorer: Scorer }[] = [];
  const dispose = async (): Promise<void> => {
    for (const { scorer } of opened) await scorer.dispose();
  };
  try {
    for (const [name, { graph }] of Object.entries(modelFiles) as [ModelName, { graph: string }][]) {
      const bytes = files[graph];
      if (!bytes) continue;
      const { inputShape, latentShapes } = flowOf(training, name);
      opened.push({ name, scorer: await loadScorer(bytes, inputShape, latentShapes.length, options) });
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    terms: async (pixels) => {
      const tables: { [Name in ModelName]?: TermTable } = {};
      for (const { name, scorer } of opened) tables[name] = await scorer.terms(pixels);
      return { ...tables, normal: tables.normal!, dimensions: channels * height * width };
    },
    dispose,
  };
}
