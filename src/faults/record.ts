/** A trained fault detector as plain data beside its weights, and both as they are kept. */
import { z } from "zod";
import {
  layoutOf,
  type ParameterVectors,
  parametersFrom,
  parameterTensors,
  readTensors,
  type StoredTensor,
  writeTensors,
} from "../nn/index.ts";
import { faultNetwork } from "./network.ts";
import { faultSettingsSchema } from "./settings.ts";
import { faultKinds } from "./synthetic/kinds.ts";

const numbers = z.array(z.number());

/** What one fold's network was calibrated with: the images that it did not see. */
const foldSchema = z
  .object({
    /** Mean and deviation of a cell's logit, level by level. */
    levels: z.array(z.object({ level: z.number().int(), mean: z.number(), deviation: z.number().positive() }).strict()),
    /** Scores of the held-out images, ascending. */
    scores: numbers,
    /** Kinds of synthetic faults that the network never saw; detectors of former versions leave out none. */
    leftOut: z.array(z.string()).optional(),
  })
  .strict();

/** Everything about a fault detector but its weights. */
export const faultRecordSchema = z
  .object({
    settings: faultSettingsSchema,
    channels: z.union([z.literal(1), z.literal(3)]),
    pixelScale: z.object({ means: numbers, deviations: z.array(z.number().positive()) }).strict(),
    /** Images trained on, and how many different things they show. */
    images: z.number().int(),
    groups: z.number().int(),
    folds: z.array(foldSchema),
    /** The fold of every image in the order of training: its network did not see the image. Detectors of former versions do not know. */
    foldOf: z.array(z.number().int().min(0)).optional(),
  })
  .strict();

/** Everything about a fault detector but its weights. */
export type FaultRecord = z.infer<typeof faultRecordSchema>;

/** A fault detector: a record and the parameters of a network for every fold. */
export interface FaultDetector {
  readonly record: FaultRecord;
  readonly networks: readonly ParameterVectors[];
}

/**
 * The network that did not see an image of the training, by its position there, and the kinds of synthetic faults that are new to that network:
 * trials on them are as on anomalies that nobody thought of. Undefined for detectors of former versions and other positions.
 */
export function unseenOf({ foldOf, folds }: Pick<FaultRecord, "foldOf" | "folds">, position: number) {
  const fold = foldOf?.[position];
  const leftOut = fold === undefined ? undefined : folds[fold]?.leftOut;
  if (fold === undefined || leftOut === undefined) return undefined;
  return { fold, kinds: faultKinds.filter((kind) => leftOut.includes(kind)) };
}

function networkOf({ channels, settings }: FaultRecord) {
  return faultNetwork({ channels, width: settings.width });
}

/** All networks as one safetensors file, tensors named `fold0.layer0.weight` and so on. */
export function writeFaultNetworks(detector: FaultDetector): Uint8Array<ArrayBuffer> {
  return writeTensors({ tensors: faultTensors(detector), metadata: { kind: "outglow fault networks" } });
}

/** The tensors of that file. */
export function faultTensors({ record, networks }: FaultDetector): Record<string, StoredTensor> {
  const layout = layoutOf(networkOf(record).parameters);
  return Object.assign({}, ...networks.map((vectors, fold) => parameterTensors(layout, vectors, `fold${fold}.`)));
}

/** A detector from its record and the file of its networks. Throws FormatError where the file holds other tensors; `where` names it. */
export function readFaultDetector(record: FaultRecord, file: Uint8Array, where: string): FaultDetector {
  const { tensors } = readTensors(file, where);
  const layout = layoutOf(networkOf(record).parameters);
  const networks = record.folds.map((_, fold) => parametersFrom(layout, tensors, `fold${fold}.`, where));
  return { record, networks };
}
