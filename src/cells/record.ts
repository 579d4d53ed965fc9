/** A trained cell detector as plain data beside its weights, and both as they are kept. */
import { z } from "zod";
import { faultRecordSchema } from "../faults/portable.ts";
import {
  layoutOf,
  type ParameterVectors,
  parametersFrom,
  parameterTensors,
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
  const layout = layoutOf(treeOf(record));
  const tensors = flows.flatMap((own, fold) =>
    pair.map((name) => parameterTensors(layout, own[name], `fold${fold}.${name}.`)),
  );
  return Object.assign({}, ...tensors);
}

/** A detector from its record and the file of its flows. Throws FormatError where the file holds other tensors; `where` names it. */
export function readCellDetector(record: CellRecord, file: Uint8Array, where: string): CellDetector {
  const { tensors } = readTensors(file, where);
  const layout = layoutOf(treeOf(record));
  const read = (prefix: string): ParameterVectors => parametersFrom(layout, tensors, prefix, where);
  const flows = record.folds.map((_, fold) => ({
    plain: read(`fold${fold}.plain.`),
    outlier: read(`fold${fold}.outlier.`),
  }));
  return { record, flows };
}
