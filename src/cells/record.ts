/** A trained cell detector as plain data beside its weights, and both as they are kept. */
import { z } from "zod";
import { FormatError } from "../base/index.ts";
import { faultRecordSchema } from "../faults/portable.ts";
import {
  layoutOf,
  type ParameterVectors,
  parameterData,
  readTensors,
  type StoredTensor,
  writeTensors,
} from "../nn/index.ts";
import { type CellFlowSize, cellFlow } from "./flow.ts";
import type { CellFlows } from "./flows.ts";
import { cellSettingsSchema } from "./settings.ts";

const { channels, pixelScale, images, folds, foldOf, settings } = faultRecordSchema.shape;
const { levels, aspect, small, kinds } = settings.shape;

/** Everything about a cell detector but its weights. */
export const cellRecordSchema = z
  .object({
    settings: cellSettingsSchema.extend({ levels, aspect, small, kinds }),
    channels,
    pixelScale,
    images,
    folds,
    foldOf: foldOf.unwrap(),
  })
  .strict();

/** Everything about a cell detector but its weights. */
export type CellRecord = z.infer<typeof cellRecordSchema>;

/** A cell detector: a record and a pair of flows for every fold. */
export interface CellDetector {
  readonly record: CellRecord;
  readonly flows: readonly CellFlows[];
}

/** The size of a record's flows. */
export function flowSize({ channels, settings: { depth, hidden } }: CellRecord): CellFlowSize {
  return { channels, depth, hidden };
}

/** The names of a pair's flows. */
const pair = ["plain", "outlier"] as const;

function treeOf(record: CellRecord) {
  // Parameters are the same whatever the size of the images.
  return cellFlow(flowSize(record), { height: 8, width: 8 }).parameters;
}

/** All flows as one safetensors file, tensors named `fold0.plain.scale0.step0...` and so on. */
export function writeCellFlows(detector: CellDetector): Uint8Array<ArrayBuffer> {
  return writeTensors({ tensors: cellTensors(detector), metadata: { kind: "outglow cell flows" } });
}

/** The tensors of that file. */
export function cellTensors({ record, flows }: CellDetector): Record<string, StoredTensor> {
  const { entries } = layoutOf(treeOf(record));
  const tensors: Record<string, StoredTensor> = {};
  for (const [fold, own] of flows.entries()) {
    for (const name of pair) {
      for (const entry of entries) {
        tensors[`fold${fold}.${name}.${entry.name}`] = { shape: entry.shape, data: parameterData(entry, own[name]) };
      }
    }
  }
  return tensors;
}

/** A detector from its record and the file of its flows. Throws FormatError where the file holds other tensors; `where` names it. */
export function readCellDetector(record: CellRecord, file: Uint8Array, where: string): CellDetector {
  const { tensors } = readTensors(file, where);
  const { entries, trainableSize, fixedSize } = layoutOf(treeOf(record));
  const read = (prefix: string): ParameterVectors => {
    const vectors = { trainable: new Float32Array(trainableSize), fixed: new Float32Array(fixedSize) };
    for (const entry of entries) {
      const name = prefix + entry.name;
      const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
      if (!(tensor?.data instanceof Float32Array) || tensor.shape.join() !== entry.shape.join()) {
        throw new FormatError({
          code: "damaged",
          subject: where,
          expected: `a tensor '${name}' [${entry.shape.join(", ")}]`,
          got: tensor ? `one of [${tensor.shape.join(", ")}]` : "none",
          remedy: { key: "copy-detector-again" },
        });
      }
      parameterData(entry, vectors).set(tensor.data);
    }
    return vectors;
  };
  const flows = record.folds.map((_, fold) => ({
    plain: read(`fold${fold}.plain.`),
    outlier: read(`fold${fold}.outlier.`),
  }));
  return { record, flows };
}
