/** A training of cell flows that is under way, as it is kept: the pairs that are finished, so that it can be gone on with. */
import { z } from "zod";
import { readBegun, writeBegun } from "../faults/index.ts";
import { type CellDetector, type CellRecord, cellRecordSchema, cellTensors, readCellDetector } from "./record.ts";
import { cellSettingsSchema } from "./settings.ts";

const begunSchema = z.strictObject({
  /** The settings that it began with; those in the record say what became of them. */
  wished: cellSettingsSchema,
  /** Seconds that it has taken. */
  seconds: z.number().min(0),
  record: cellRecordSchema,
});

/** A training that is under way: what it began with, and a detector of the pairs that are finished. */
export interface BegunCells extends Omit<z.infer<typeof begunSchema>, "record"> {
  readonly detector: CellDetector;
}

/** A training as one safetensors file that tells damage. */
export function writeBegunCells({ detector, ...rest }: BegunCells): Uint8Array<ArrayBuffer> {
  return writeBegun(cellTensors(detector), { ...rest, record: detector.record });
}

/** The training that a file holds. Throws FormatError where it is damaged; `where` names it. */
export function readBegunCells(file: Uint8Array, where: string): BegunCells {
  return readBegun(file, where, "flows", (content) => {
    const { record, ...rest } = begunSchema.parse(content);
    return { ...rest, detector: readCellDetector(record, file, where) };
  });
}

/** The pairs of a former training that another goes on with; undefined where settings, images or folds differ. `record` is that of the new one, without pairs. */
export function sameCells(
  begun: BegunCells | undefined,
  wished: BegunCells["wished"],
  record: CellRecord,
): CellDetector | undefined {
  const beginning = (settings: BegunCells["wished"], own: CellRecord): string =>
    JSON.stringify([
      cellSettingsSchema.parse(settings),
      cellRecordSchema.parse({ ...own, settings: { ...own.settings, steps: 1, plainSteps: 1 }, folds: [] }),
    ]);
  if (!begun || beginning(begun.wished, begun.detector.record) !== beginning(wished, record)) return undefined;
  return begun.detector;
}
