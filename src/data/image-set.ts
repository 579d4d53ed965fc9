/** Prepared images: all of a source in memory for training, or batch by batch for scoring. */
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { ConfigError, FormatError, messageOf } from "../base/index.ts";
import type { ImageEntry } from "./formats/image-format.ts";
import { type ImageSource, supportedFormats } from "./image-source.ts";
import { type InputSpecification, prepareImage } from "./preparation.ts";

/** An image that could not be used, and why. */
export interface PreparationProblem {
  readonly name: string;
  readonly reason: string;
}

/** Prepared images of a source. */
export interface ImageSet {
  readonly specification: InputSpecification;
  readonly count: number;
  /** [count, C, H, W]. */
  readonly pixels: Uint8Array;
  readonly names: readonly string[];
  readonly classNames: readonly (string | undefined)[];
  readonly problems: readonly PreparationProblem[];
  /** SHA-256 of the pixels, hexadecimal. */
  readonly fingerprint: string;
}

/** Some consecutive images of a source. */
export interface ImageBatch {
  /** [n, C, H, W]. */
  readonly pixels: Uint8Array;
  readonly names: readonly string[];
  readonly classNames: readonly (string | undefined)[];
}

export interface LoadOptions {
  /** Fail at the first image that cannot be used, instead of skipping it. */
  readonly strict: boolean;
  readonly onProgress?: (done: number) => void;
}

export interface StreamOptions {
  /** Entries looked at for one batch; it holds fewer images where some cannot be used. */
  readonly batchSize: number;
  readonly strict: boolean;
  readonly onProblem?: (problem: PreparationProblem) => void;
}

const loadBatch = 256;

/** SHA-256 of pixels, hexadecimal. */
export function fingerprintOf(pixels: Uint8Array): string {
  return createHash("sha256").update(pixels).digest("hex");
}

/**
 * Prepares all images of a source. Throws ConfigError where none can be used, FormatError at the first bad one where `strict`.
 */
export async function loadImages(
  source: ImageSource,
  specification: InputSpecification,
  { strict, onProgress }: LoadOptions,
): Promise<ImageSet> {
  const size = specification.channels * specification.height * specification.width;
  const pixels = new Uint8Array(source.length * size);
  const names: string[] = [];
  const classNames: (string | undefined)[] = [];
  const problems: PreparationProblem[] = [];
  const onProblem = (problem: PreparationProblem) => problems.push(problem);
  for await (const batch of streamImages(source, specification, { batchSize: loadBatch, strict, onProblem })) {
    pixels.set(batch.pixels, names.length * size);
    names.push(...batch.names);
    classNames.push(...batch.classNames);
    onProgress?.(names.length + problems.length);
  }
  const used = pixels.subarray(0, names.length * size);
  return {
    specification,
    count: names.length,
    pixels: used,
    names,
    classNames,
    problems,
    fingerprint: fingerprintOf(used),
  };
}

/**
 * Prepares the images of a source in order, batch by batch, the next batch while the consumer works on this one. Memory stays flat.
 * Throws as `loadImages`.
 */
export async function* streamImages(
  source: ImageSource,
  specification: InputSpecification,
  { batchSize, strict, onProblem }: StreamOptions,
): AsyncGenerator<ImageBatch> {
  const prepare = (first: number) => prepareBatch(source.entries.slice(first, first + batchSize), specification);
  let following = prepare(0);
  let used = 0;
  let firstProblem: PreparationProblem | undefined;
  for (let first = 0; first < source.length; first += batchSize) {
    const { batch, problems } = await following;
    for (const problem of problems) {
      if (strict)
        throw new FormatError(`${source.location}: ${problem.name}: ${problem.reason}; drop --strict to skip it`);
      firstProblem ??= problem;
      onProblem?.(problem);
    }
    if (first + batchSize < source.length) {
      following = prepare(first + batchSize);
      // Awaited in the next round; until then a failure must not count as unhandled.
      following.catch(() => undefined);
    }
    used += batch.names.length;
    if (batch.names.length > 0) yield batch;
  }
  if (used === 0) {
    const example = firstProblem ? ` (${firstProblem.name}: ${firstProblem.reason})` : "";
    throw new ConfigError(
      `'${source.location}': expected readable images, got ${source.length} that are not${example}; supported: ${supportedFormats}`,
    );
  }
}

async function prepareBatch(
  entries: readonly ImageEntry[],
  specification: InputSpecification,
): Promise<{ batch: ImageBatch; problems: PreparationProblem[] }> {
  const prepared: (Uint8Array | PreparationProblem)[] = new Array(entries.length);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < entries.length) {
      const index = next++;
      prepared[index] = await prepareEntry(entries[index]!, specification);
    }
  };
  await Promise.all(Array.from({ length: 2 * availableParallelism() }, work));

  const kept = entries.flatMap((entry, index) => {
    const result = prepared[index]!;
    return result instanceof Uint8Array ? [{ entry, pixels: result }] : [];
  });
  const size = specification.channels * specification.height * specification.width;
  const pixels = new Uint8Array(kept.length * size);
  for (const [position, image] of kept.entries()) pixels.set(image.pixels, position * size);
  return {
    batch: {
      pixels,
      names: kept.map(({ entry }) => entry.name),
      classNames: kept.map(({ entry }) => entry.className),
    },
    problems: prepared.flatMap((result) => (result instanceof Uint8Array ? [] : [result])),
  };
}

async function prepareEntry(
  entry: ImageEntry,
  specification: InputSpecification,
): Promise<Uint8Array | PreparationProblem> {
  try {
    return await prepareImage(await entry.read(), specification);
  } catch (error) {
    return { name: entry.name, reason: messageOf(error) };
  }
}
