/** The models that a detector may hold, and their scoring graphs opened together. Portable. */
import { imageSizeOf } from "../base/index.ts";
import { type FlowName, outputWidths, type TrainingConfiguration } from "../model/index.ts";
import type { Engine } from "../runtime/index.ts";
import {
  type ClassTable,
  eachSource,
  type ModelTerms,
  makeClassTable,
  makeTermTable,
  type ScoreSource,
  type SourceTables,
  type TermTable,
} from "../score/index.ts";
import { type DetectorFile, type ModelName, modelFiles } from "./file-names.ts";
import { loadScorer, type Scorer, type ScorerOutputs } from "./scorer.ts";

/** Contents of a detector's files by name. */
export type ModelFiles = { readonly [Name in DetectorFile]?: Uint8Array };

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
  engine: Engine,
): Promise<Scorers> {
  const opened: { name: ModelName; scorer: Scorer }[] = [];
  const dispose = async (): Promise<void> => {
    for (const { scorer } of opened) await scorer.dispose();
  };
  try {
    for (const name of Object.keys(modelFiles) as ModelName[]) {
      const bytes = files[modelFiles[name].graph];
      if (!bytes) continue;
      opened.push({ name, scorer: await loadScorer(bytes, outputWidths(training, name), training.input, engine) });
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

/** What of a training tells how a graph's numbers are to be read. */
type Training = Pick<TrainingConfiguration, "input" | "model" | "classes">;

/** What the graphs of some models say of the same images. */
type Said = { readonly [Name in ModelName]?: ScorerOutputs };

/** The table of every source from what the graphs say; null where it comes from the images themselves. */
const tablesOfSources: {
  readonly [Name in ScoreSource]: ((said: Said, training: Training) => SourceTables[Name] | undefined) | null;
} = {
  general: ({ general }, { model }) => termTableOf(general, model.scales),
  local: ({ local }) => termTableOf(local, 1),
  coders: null,
  classes: ({ normal }, { classes }) => classTableOf(normal, classes),
  classifier: ({ classifier }, { classes }) => classTableOf(classifier, classes),
  faults: null,
  cells: null,
  encoder: null,
  "encoder-other": null,
  pixels: null,
  latents: null,
  slopes: null,
  gradients: null,
  ensemble: null,
};

/** What all graphs say of the same images. */
function joinOutputs(said: Said, training: Training): ModelTerms {
  return {
    normal: termTableOf(said.normal, training.model.scales)!,
    ...eachSource((source) => tablesOfSources[source]?.(said, training)),
    dimensions: imageSizeOf(training.input),
  };
}

function termTableOf(outputs: ScorerOutputs | undefined, scales: number): TermTable | undefined {
  return outputs?.terms && makeTermTable(outputs.count, scales, outputs.terms.values);
}

function classTableOf(outputs: ScorerOutputs | undefined, names: Training["classes"]): ClassTable | undefined {
  return outputs?.classes && makeClassTable(outputs.count, names ?? [], outputs.classes.values);
}
