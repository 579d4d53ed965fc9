/** A training of fault networks that is under way, as it is kept: the networks that are finished, so that it can be gone on with. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { FormatError, messageOf } from "../base/index.ts";
import { readTensors, type StoredTensor, writeTensors } from "../nn/index.ts";
import { type FaultDetector, type FaultRecord, faultRecordSchema, faultTensors, readFaultDetector } from "./record.ts";
import { faultSettingsSchema } from "./settings.ts";

const begunSchema = z.strictObject({
  /** The settings that it began with; those in the record say what became of them. */
  wished: faultSettingsSchema,
  /** Seconds that it has taken. */
  seconds: z.number().min(0),
  record: faultRecordSchema,
});

/** A training that is under way: what it began with, and a detector of the networks that are finished. */
export interface BegunFaults extends Omit<z.infer<typeof begunSchema>, "record"> {
  readonly detector: FaultDetector;
}

/** A training as one safetensors file that tells damage. */
export function writeBegunFaults({ detector, ...rest }: BegunFaults): Uint8Array<ArrayBuffer> {
  return writeBegun(faultTensors(detector), { ...rest, record: detector.record });
}

/** The training that a file holds. Throws FormatError where it is damaged; `where` names it. */
export function readBegunFaults(file: Uint8Array, where: string): BegunFaults {
  return readBegun(file, where, "fault networks", (content) => {
    const { record, ...rest } = begunSchema.parse(content);
    return { ...rest, detector: readFaultDetector(record, file, where) };
  });
}

/** What a training keeps while it is under way, tensors and JSON, as one safetensors file that tells damage. */
export function writeBegun(tensors: Readonly<Record<string, StoredTensor>>, content: unknown): Uint8Array<ArrayBuffer> {
  const begun = JSON.stringify(content);
  const whole = (checksum: string) => writeTensors({ tensors, metadata: { begun, checksum } });
  return whole(checksumOf(whole("")));
}

/** What is made of such a file's JSON. Throws FormatError where the file is damaged; `where` names it, and `what` what it holds. */
export function readBegun<T>(file: Uint8Array, where: string, what: string, parse: (content: unknown) => T): T {
  try {
    const { tensors, metadata } = readTensors(file, where);
    const { begun, checksum } = z.object({ begun: z.string(), checksum: z.string() }).parse(metadata);
    if (checksumOf(writeTensors({ tensors, metadata: { begun, checksum: "" } })) !== checksum) {
      throw new Error("content that does not match its checksum");
    }
    return parse(JSON.parse(begun));
  } catch (error) {
    throw new FormatError({
      code: "damaged",
      subject: where,
      expected: `${what} as training left them`,
      got: `damaged ones (${messageOf(error)})`,
      remedy: { key: "other", text: `delete it to train these ${what} again, or restore it from a copy` },
    });
  }
}

function checksumOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * The networks of a former training that another goes on with: those of the same settings, images and folds; undefined where anything
 * differs. `record` is that of the new training, without networks.
 */
export function sameTraining(
  begun: BegunFaults | undefined,
  wished: BegunFaults["wished"],
  record: FaultRecord,
): FaultDetector | undefined {
  const beginning = (settings: BegunFaults["wished"], own: FaultRecord): string => {
    const parsed = faultRecordSchema.parse({ ...own, folds: [] });
    return JSON.stringify([
      faultSettingsSchema.parse(settings),
      { ...parsed, settings: { ...parsed.settings, steps: 1 } },
    ]);
  };
  if (!begun || beginning(begun.wished, begun.detector.record) !== beginning(wished, record)) return undefined;
  return begun.detector;
}
