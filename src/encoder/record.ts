/** A fitted expert as plain data beside its numbers, and both as they are kept. */
import { z } from "zod";
import { FormatError } from "../base/index.ts";
import { type ParameterVectors, readTensors, type StoredTensor, writeTensors } from "../nn/index.ts";
import type { ExpertTrial, TrialKind } from "../score/index.ts";
import { encoderRecordSchema } from "./description.ts";
import type { CellGaussians } from "./gaussian.ts";
import type { Projection } from "./projection.ts";
import { flowLayout } from "./residual-flow.ts";
import { keptSettingsSchema } from "./settings.ts";

/** Everything about an expert but its numbers and the encoder's bytes. */
export const encoderExpertSchema = z
  .object({
    settings: keptSettingsSchema,
    encoder: encoderRecordSchema,
    /** Images fitted on, and how many different things they show. */
    images: z.number().int(),
    groups: z.number().int(),
    /** Mean and deviation of a cell's distance on images that were held out. */
    cell: z.object({ mean: z.number(), deviation: z.number().positive() }).strict(),
    /** What each image's score was, and its fold, while it was held out: in the order of the images. */
    heldOut: z.object({ scores: z.array(z.number()), folds: z.array(z.number().int()) }).strict(),
    /** Scores of held-out images with a synthetic fault. */
    trials: z.array(z.object({ kind: z.string(), image: z.number().int(), score: z.number() }).strict()),
  })
  .strict();

/** Everything about an expert but its numbers. */
export type EncoderExpertRecord = z.infer<typeof encoderExpertSchema>;

/** What an expert compares features with. */
export type NormalFeatures =
  | {
      readonly mode: "aligned";
      readonly gaussians: CellGaussians;
      /** What deviates from these, where it is worth its cost. */
      readonly flow?: ParameterVectors | undefined;
    }
  | { readonly mode: "unaligned"; readonly centres: Float32Array };

/** An expert on an encoder's features. */
export interface EncoderExpert {
  readonly record: EncoderExpertRecord;
  readonly projection: Projection;
  readonly normal: NormalFeatures;
}

/** An expert's numbers as a safetensors file. */
export function writeEncoderExpert({ projection, normal }: EncoderExpert): Uint8Array<ArrayBuffer> {
  const features = projection.mean.length;
  const dimension = projection.directions.length / features;
  const tensors: Record<string, StoredTensor> = {
    mean: { shape: [features], data: projection.mean },
    deviation: { shape: [features], data: projection.deviation },
    directions: { shape: [dimension, features], data: projection.directions },
  };
  if (normal.mode === "aligned") {
    const { rows, columns, means, factors } = normal.gaussians;
    tensors.means = { shape: [rows, columns, dimension], data: means };
    tensors.factors = { shape: [rows, columns, (dimension * (dimension + 1)) / 2], data: factors };
    if (normal.flow) tensors.flow = { shape: [normal.flow.trainable.length], data: normal.flow.trainable };
  } else {
    tensors.centres = { shape: [normal.centres.length / dimension, dimension], data: normal.centres };
  }
  return writeTensors({ tensors, metadata: { kind: "outglow encoder expert" } });
}

/** An expert from its record and the file of its numbers. Throws FormatError where the file holds others; `where` names it. */
export function readEncoderExpert(record: EncoderExpertRecord, file: Uint8Array, where: string): EncoderExpert {
  const take = tensorsOf(file, where);
  const { settings } = record;
  const used = tapsOf(record);
  const features = used.reduce((sum, { channels }) => sum + channels, 0);
  const dimension = Math.min(features, settings.dimensions);
  const projection = {
    mean: take("mean", [features]).data,
    deviation: take("deviation", [features]).data,
    directions: take("directions", [dimension, features]).data,
  };
  if (settings.mode === "unaligned") {
    return { record, projection, normal: { mode: "unaligned", centres: take("centres", [undefined, dimension]).data } };
  }
  const { grid } = settings;
  const gaussians = {
    rows: grid,
    columns: grid,
    dimension,
    means: take("means", [grid, grid, dimension]).data,
    factors: take("factors", [grid, grid, (dimension * (dimension + 1)) / 2]).data,
  };
  const flow =
    settings.flowSteps > 0
      ? { trainable: take("flow", [flowLayout(dimension).trainableSize]).data, fixed: new Float32Array(0) }
      : undefined;
  return { record, projection, normal: { mode: "aligned", gaussians, flow } };
}

/** The taps that a mode uses: all, or the finest alone. */
export function tapsOf({ settings, encoder }: Pick<EncoderExpertRecord, "settings" | "encoder">) {
  return settings.mode === "aligned" ? encoder.taps : encoder.taps.slice(0, 1);
}

/**
 * What an expert is compared with others by: its scores of held-out images, clean and with synthetic faults, and what these are. Experts of
 * one seed and as many folds and trials were tried on the same images.
 */
export function trialOf(name: string, { heldOut, trials }: Pick<EncoderExpertRecord, "heldOut" | "trials">) {
  const trial: ExpertTrial = { name, normals: heldOut.scores, trials: trials.map(({ score }) => score) };
  return { trial, kinds: trials.map(({ kind }): TrialKind => ({ kind, family: "fault" })) };
}

/** Tensors of float32 of a file by name and shape, an axis of any size being undefined. Throws FormatError where one is missing or another. */
export function tensorsOf(file: Uint8Array, where: string) {
  const { tensors } = readTensors(file, where);
  return (name: string, shape: readonly (number | undefined)[]): StoredTensor & { data: Float32Array } => {
    const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    const fits =
      tensor?.shape.length === shape.length &&
      shape.every((size, axis) => (size ?? tensor.shape[axis]) === tensor.shape[axis]);
    if (!tensor || !(tensor.data instanceof Float32Array) || !fits || tensor.data.length === 0) {
      throw new FormatError({
        code: "damaged",
        subject: where,
        expected: `a tensor '${name}' [${shape.map((size) => size ?? "any").join(", ")}]`,
        got: tensor ? `one of [${tensor.shape.join(", ")}]` : "none",
        remedy: { key: "copy-detector-again" },
      });
    }
    return { shape: tensor.shape, data: tensor.data };
  };
}
