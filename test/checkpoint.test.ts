/** Checkpoints: read as they were written, and refused with one clear line where they are not. */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError } from "../src/base/index.ts";
import { readTensors, writeTensors } from "../src/nn/index.ts";
import { type Checkpoint, loadCheckpoint, noProgress, type Progress, saveCheckpoint } from "../src/train/index.ts";
import { temporaryFolder } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string): string => join(folder.path, `${name}.safetensors`);
const numbers = (count: number, first: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => first + index);

/** A checkpoint with `vectors` optimiser vectors, each with numbers of its own. */
function checkpointOf(vectors: number, best = true): Checkpoint {
  return {
    progress: { ...noProgress, step: 12, updates: 11, skipped: 1, seconds: 3.5, best: 4.25, evaluationsSinceBest: 2 },
    state: {
      parameters: { trainable: numbers(5, 0), fixed: numbers(3, 100) },
      optimizer: Array.from({ length: vectors }, (_, index) => numbers(5, 1000 * (index + 1))),
    },
    best: best ? numbers(5, 50) : undefined,
  };
}

const sizes = { trainable: 5, fixed: 3, optimizerVectors: 2 };

/** Saves a checkpoint and writes it again with other metadata. */
async function withMetadata(name: string, change: (metadata: Readonly<Record<string, string>>) => object) {
  await saveCheckpoint(at(name), checkpointOf(2));
  const { tensors, metadata } = readTensors(await readFile(at(name)), name);
  await writeFile(at(name), writeTensors({ tensors, metadata: change(metadata) as Record<string, string> }));
}

async function expectRefused(name: string, message: RegExp, expected?: typeof sizes): Promise<void> {
  const loading = loadCheckpoint(at(name), expected);
  await expect(loading).rejects.toBeInstanceOf(FormatError);
  await expect(loading).rejects.toThrow(message);
  await expect(loading).rejects.toThrow(`checkpoint '${at(name)}': expected `);
  await expect(loading).rejects.toThrow(/delete it to start this phase again, or restore it from a copy$/);
}

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(() => folder.dispose());

describe("a checkpoint", () => {
  test("knows that its run has gone over to another memory mode", async () => {
    const checkpoint = checkpointOf(2);
    const progress: Progress = { ...checkpoint.progress, memory: "low" };
    await saveCheckpoint(at("gone-over"), { ...checkpoint, progress });
    expect((await loadCheckpoint(at("gone-over"), sizes))!.progress).toEqual(progress);
  });

  test("of a version before there were objectives is read where it is finished, refused where it is not", async () => {
    const { bestBitsPerDimension: _, ...former } = { ...noProgress, step: 30, updates: 30, best: 4.25 };
    const save = (finished: boolean) =>
      saveCheckpoint(at("former"), { ...checkpointOf(2), progress: { ...former, finished } as Progress });
    await save(true);
    const { progress } = (await loadCheckpoint(at("former"), sizes))!;
    expect(progress).toEqual({ ...former, finished: true, bestBitsPerDimension: 4.25 });
    await save(false);
    await expectRefused("former", /got one in bits\/dim, as an earlier version of outglow left it/, sizes);
  });

  test.each([0, 2, 12])("with %i vectors of the optimiser is read as it was written", async (vectors) => {
    for (const best of [true, false]) {
      const checkpoint = checkpointOf(vectors, best);
      await saveCheckpoint(at("whole"), checkpoint);
      expect(await loadCheckpoint(at("whole"))).toEqual(checkpoint);
      expect(await loadCheckpoint(at("whole"), { ...sizes, optimizerVectors: vectors })).toEqual(checkpoint);
    }
  });

  test("that is not there is none", async () => {
    expect(await loadCheckpoint(at("nowhere"), sizes)).toBeUndefined();
  });
});

describe("refused is a checkpoint", () => {
  test.each([0, 1, 7, 20, 150, 300, -1, -4, -100])("with a flipped bit at byte %i", async (position) => {
    await saveCheckpoint(at("flipped"), checkpointOf(2));
    const bytes = await readFile(at("flipped"));
    bytes[(position + bytes.length) % bytes.length]! ^= 1;
    await writeFile(at("flipped"), bytes);
    await expectRefused("flipped", /damaged/);
  });

  test.each([0, 5, 100, -1])("cut off at byte %i", async (length) => {
    await saveCheckpoint(at("cut"), checkpointOf(2));
    await writeFile(at("cut"), (await readFile(at("cut"))).subarray(0, length));
    await expectRefused("cut", /expected a whole checkpoint, got a damaged one \(safetensors: /);
  });

  test.each([
    ["no metadata", () => ({})],
    ["no progress", ({ checksum }: Readonly<Record<string, string>>) => ({ checksum })],
    ["no checksum", ({ progress }: Readonly<Record<string, string>>) => ({ progress })],
    ["a number for its progress", (metadata: object) => ({ ...metadata, progress: 3 })],
  ])("with %s", async (_name, change) => {
    await withMetadata("metadata", change);
    await expectRefused("metadata", /expected (progress and checksum, got none|texts as metadata, got 3)/);
  });

  test("with another progress than it was saved with", async () => {
    await withMetadata("edited", (metadata) => ({ ...metadata, progress: JSON.stringify(noProgress) }));
    await expectRefused("edited", /expected content that matches its checksum/);
  });

  test.each(["not JSON", "null", "3", "[]", "{}", '{"step":-1}', JSON.stringify({ ...noProgress, step: "1" })])(
    "with a right checksum over the progress %s",
    async (progress) => {
      await withMetadata("progress", () => ({ progress, checksum: "" }));
      const { tensors } = readTensors(await readFile(at("progress")), "progress");
      const hash = createHash("sha256").update(progress);
      for (const [name, { data }] of Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1))) {
        hash.update(`\n${name} ${data.byteLength}\n`).update(new Uint8Array(data.buffer, 0, data.byteLength));
      }
      const checksum = hash.digest("hex");
      await writeFile(at("progress"), writeTensors({ tensors, metadata: { progress, checksum } }));
      await expectRefused("progress", /expected the progress of a run, got '/);
    },
  );

  test.each([
    [{ ...sizes, trainable: 6 }, /expected 6 numbers in 'trainable', got 5; it belongs to another model/],
    [{ ...sizes, fixed: 2 }, /expected 2 numbers in 'fixed', got 3; it belongs to another model/],
    [{ ...sizes, optimizerVectors: 3 }, /expected 3 vectors of the optimiser, got 2; it belongs to another run/],
    [{ ...sizes, optimizerVectors: 1 }, /expected 1 vectors of the optimiser, got 2; it belongs to another run/],
  ])("of another size than %j", async (expected, message) => {
    await saveCheckpoint(at("sizes"), checkpointOf(2));
    await expectRefused("sizes", message, expected);
  });

  test.each([
    ["optimizer1", { ...checkpointOf(2).state, optimizer: [numbers(5, 0), numbers(4, 0)] }, numbers(5, 0)],
    ["best", checkpointOf(2).state, numbers(6, 0)],
  ])("whose %s has another size than its parameters", async (name, state, best) => {
    await saveCheckpoint(at("own-sizes"), { ...checkpointOf(2), state, best });
    await expectRefused("own-sizes", new RegExp(`expected 5 numbers in '${name}', got `));
  });

  test("that is a folder", async () => {
    await mkdir(at("folder"));
    await expectRefused("folder", /expected a file that can be read, got EISDIR/);
  });
});
