/** Checkpoints: everything that the next step depends on, in one safetensors file that is written whole or not at all. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { type FaultCode, FormatError, messageOf } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import { readTensors, type StoredTensor, type TensorFile, writeTensors } from "../nn/index.ts";
import type { Checkpoint, CheckpointSizes, CheckpointStore, Progress } from "./progress.ts";

const count = z.number().int().min(0);

const progressFields = {
  step: count,
  updates: count,
  skipped: count,
  skippedInRow: count,
  seconds: z.number().min(0),
  best: z.number().nullable(),
  evaluationsSinceBest: count,
  finished: z.boolean(),
};

const progressSchema: z.ZodType<Progress> = z.strictObject({
  ...progressFields,
  bestBitsPerDimension: z.number().nullable(),
  memory: z.literal("low").exactOptional(),
});

/** What the header holds besides the tensors; `checksum` is SHA-256, hexadecimal, of the progress and of every tensor. */
const metadataSchema = z.object({ progress: z.string(), checksum: z.string() });

/** As programs wrote it whose held-out value was bits/dim, before there were other objectives than likelihood. */
const formerProgressSchema = z
  .strictObject({ ...progressFields, finished: z.literal(true) })
  .transform((progress): Progress => ({ ...progress, bestBitsPerDimension: progress.best }));

/** A checkpoint that cannot be used. `until` is what comes before the way out that every one of them has. */
function unusable(code: FaultCode, where: string, expected: string, got: string, until = ""): FormatError {
  const remedy = {
    key: "other",
    text: `${until}delete it to start this phase again, or restore it from a copy`,
  } as const;
  return new FormatError({ code, subject: where, expected, got, remedy });
}

/** Saves a checkpoint. Throws RunError where the disk refuses, leaving the last one as it was. */
export async function saveCheckpoint(path: string, { progress, state, best }: Checkpoint): Promise<void> {
  const vector = (data: Float32Array): StoredTensor => ({ shape: [data.length], data });
  const tensors: Record<string, StoredTensor> = {
    trainable: vector(state.parameters.trainable),
    fixed: vector(state.parameters.fixed),
  };
  for (const [index, data] of state.optimizer.entries()) tensors[optimizerName(index)] = vector(data);
  if (best) tensors.best = vector(best);
  const text = JSON.stringify(progress);
  const metadata = { progress: text, checksum: checksumOf(text, tensors) };
  await writeFileAtomic(path, writeTensors({ tensors, metadata }));
}

/**
 * The checkpoint at a path, or undefined where there is none.
 * Throws FormatError where it cannot be read, is damaged, or has other sizes than those expected.
 */
export async function loadCheckpoint(path: string, expected?: CheckpointSizes): Promise<Checkpoint | undefined> {
  const where = `checkpoint '${path}'`;
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unusable("unreadable", where, "a file that can be read", messageOf(error));
  });
  if (!bytes) return undefined;
  const file = parseFile(bytes, where);
  const progress = readProgress(file, where);
  const optimizerVectors = expected?.optimizerVectors ?? countOptimizerVectors(file);
  expectVectorCount(file, optimizerVectors, where);
  const trainable = readVector(file, "trainable", expected?.trainable, where);
  const names = Array.from({ length: optimizerVectors }, (_, index) => optimizerName(index));
  return {
    progress,
    state: {
      parameters: { trainable, fixed: readVector(file, "fixed", expected?.fixed, where) },
      optimizer: names.map((name) => readVector(file, name, trainable.length, where)),
    },
    best: Object.hasOwn(file.tensors, "best") ? readVector(file, "best", trainable.length, where) : undefined,
  };
}

/** The checkpoints of a phase in a file. */
export function checkpointFile(path: string): CheckpointStore {
  return { load: (sizes) => loadCheckpoint(path, sizes), save: (checkpoint) => saveCheckpoint(path, checkpoint) };
}

function optimizerName(index: number): string {
  return `optimizer${index}`;
}

function countOptimizerVectors({ tensors }: TensorFile): number {
  return Object.keys(tensors).filter((name) => name.startsWith("optimizer")).length;
}

/** SHA-256, hexadecimal, of the progress and of every tensor with its name and length, in the order of the names. */
function checksumOf(progress: string, tensors: TensorFile["tensors"]): string {
  const hash = createHash("sha256").update(progress);
  for (const name of Object.keys(tensors).sort()) {
    const { data } = tensors[name]!;
    // Name and length go in as well, so that numbers cannot move from one tensor to the next unnoticed.
    hash.update(`\n${name} ${data.byteLength}\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

function parseFile(bytes: Uint8Array, where: string): TensorFile {
  try {
    return readTensors(bytes, "safetensors");
  } catch (error) {
    throw unusable("damaged", where, "a whole checkpoint", `a damaged one (${messageOf(error)})`);
  }
}

function readProgress({ tensors, metadata }: TensorFile, where: string): Progress {
  const parsed = metadataSchema.safeParse(metadata);
  if (!parsed.success) throw unusable("damaged", where, "progress and checksum", "none");
  const { progress, checksum } = parsed.data;
  if (checksum !== checksumOf(progress, tensors)) {
    throw unusable("damaged", where, "content that matches its checksum", "damaged content");
  }
  const content = parseJson(progress);
  for (const schema of [progressSchema, formerProgressSchema]) {
    const result = schema.safeParse(content);
    if (result.success) return result.data;
  }
  if (z.strictObject(progressFields).safeParse(content).success) {
    const got = "one in bits/dim, as an earlier version of outglow left it";
    throw unusable("unsupported", where, "the held-out value in nats", got, "finish the run with that, or ");
  }
  throw unusable("damaged", where, "the progress of a run", `'${progress.slice(0, 80)}'`);
}

/** The value of a JSON text, undefined for another text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function expectVectorCount(file: TensorFile, expected: number, where: string): void {
  const got = countOptimizerVectors(file);
  if (got === expected) return;
  throw unusable("mismatch", where, `${expected} vectors of the optimiser`, String(got), "it belongs to another run: ");
}

/** A float32 tensor, of `size` numbers where that is known. */
function readVector({ tensors }: TensorFile, name: string, size: number | undefined, where: string): Float32Array {
  const data = Object.hasOwn(tensors, name) ? tensors[name]!.data : undefined;
  if (!(data instanceof Float32Array)) {
    throw unusable("damaged", where, `a float32 tensor '${name}'`, data ? "bytes" : "none");
  }
  if (size !== undefined && data.length !== size) {
    const expected = `${size} numbers in '${name}'`;
    throw unusable("mismatch", where, expected, String(data.length), "it belongs to another model: ");
  }
  return data;
}
