/** Loading prepared images: all of them into memory, or batch after batch. */
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { ConfigError, FormatError, type ImageShape, imageSizeOf } from "../base/index.ts";
import { checkSpecification, type InputForm } from "../pixels/index.ts";
import { type ImageCache, openPrepared } from "./cache/prepared-images.ts";
import { tallyFound } from "./found-images.ts";
import type { ImageSource, PreparationProblem } from "./image-source.ts";
import { type FoundImages, mayBeMissed, showLeftOut } from "./source-summary.ts";

/** Prepared images in memory. */
export interface ImageSet {
  readonly specification: ImageShape;
  readonly count: number;
  /** uint8 [count, C, H, W]; may be a view into a larger buffer. */
  readonly pixels: Uint8Array;
  readonly names: readonly string[];
  readonly classNames: readonly (string | undefined)[];
  /** What could not be opened or used: folders first, then images in the source's order. */
  readonly problems: readonly PreparationProblem[];
  /** Where each image stands in its source. */
  readonly indices: readonly number[];
  /** What the kept images were like before. */
  readonly found: FoundImages;
  /** SHA-256 over the pixels, in hexadecimal. */
  readonly fingerprint: string;
}

/** Some prepared images on their way. */
export interface ImageBatch {
  /** uint8 [n, C, H, W]. */
  readonly pixels: Uint8Array;
  readonly names: readonly string[];
  readonly classNames: readonly (string | undefined)[];
  /** Where each image stands in its source. */
  readonly indices: readonly number[];
  /** How many usable images came in earlier batches. */
  readonly firstIndex: number;
}

/** How images are loaded at once. */
export interface LoadOptions {
  /** Fail at the first image that cannot be used instead of leaving it out. */
  readonly strict: boolean;
  /** Called about ten times a second and at the end, with the number of images seen. */
  readonly onProgress?: (done: number) => void;
  /** Where prepared images are kept for the next time. */
  readonly cache?: ImageCache | undefined;
  /** Images read and decoded at a time. Default: twice the cores, at least 16, so that reads are queued while the engine computes. */
  readonly concurrency?: number;
}

/** How images are loaded batch by batch. */
export interface StreamOptions {
  /** Images in a batch; the last batch may hold fewer. */
  readonly batchSize: number;
  /** Fail at the first image that cannot be used instead of leaving it out. */
  readonly strict: boolean;
  /** Batches decoded ahead while the consumer works. Default 2. */
  readonly prefetch?: number;
  /** Where prepared images are kept for the next time. */
  readonly cache?: ImageCache | undefined;
  /** Told of every image that was left out. */
  readonly onProblem?: (problem: PreparationProblem) => void;
  /** Told at the end what the images were like. */
  readonly onFound?: (found: FoundImages) => void;
}

const progressInterval = 100;

/** Bytes hashed in one call: Node's hashes refuse 2 GiB and more. */
const hashedAtOnce = 2 ** 28;

/**
 * Reads and prepares all images of a source.
 *
 * @throws FormatError at the first unusable image if `strict`; ConfigError if no image is usable or they do not fit in memory.
 */
export async function loadImages(
  source: ImageSource,
  specification: InputForm,
  { strict, onProgress, cache, concurrency = defaultConcurrency() }: LoadOptions,
): Promise<ImageSet> {
  checkSpecification(specification, source.subject);
  if (strict) refuseLosses(source);
  const size = imageSizeOf(specification);
  const pixels = allocate(source, size);
  const names: string[] = [];
  const classNames: (string | undefined)[] = [];
  const indices: number[] = [];
  const problems: PreparationProblem[] = [...source.problems];
  const found = tallyFound(specification.channels);
  let done = 0;
  let told = performance.now();
  const ahead = 4 * concurrency;
  const images = await openPrepared(source, specification, cache);
  try {
    for await (const prepared of images.inOrder({ concurrency, ahead })) {
      const index = done++;
      await images.keep(prepared);
      if ("reason" in prepared) problems.push(noteProblem(source, index, prepared.reason, strict));
      else {
        pixels.set(prepared.pixels, names.length * size);
        names.push(source.name(index));
        indices.push(index);
        classNames.push(source.className(index));
        found.add(names.at(-1)!, prepared);
      }
      if (onProgress && performance.now() - told >= progressInterval) {
        onProgress(done);
        told = performance.now();
      }
    }
    await images.finish();
  } finally {
    await images.close();
  }
  onProgress?.(done);
  const count = names.length;
  if (count === 0) throw noneUsable(source, problems[0]);
  // A view, not a copy: the images may fill most of the memory.
  const used = count === source.length ? pixels : pixels.subarray(0, count * size);
  return {
    specification,
    count,
    pixels: used,
    names,
    classNames,
    problems,
    indices,
    found: found.result(),
    fingerprint: fingerprintOf(used),
  };
}

/**
 * Reads and prepares the images of a source batch after batch, in order, decoding ahead while the consumer works. Memory does not grow
 * with the number of images.
 *
 * @throws FormatError at the first unusable image if `strict`; ConfigError after the last one if none was usable.
 */
export async function* streamImages(
  source: ImageSource,
  specification: InputForm,
  { batchSize, strict, prefetch = 2, cache, onProblem, onFound }: StreamOptions,
): AsyncGenerator<ImageBatch, void, void> {
  checkSpecification(specification, source.subject);
  if (strict) refuseLosses(source);
  for (const problem of source.problems) onProblem?.(problem);
  const found = tallyFound(specification.channels);
  const size = imageSizeOf(specification);
  const newBatch = (firstIndex: number) => ({
    pixels: new Uint8Array(batchSize * size),
    names: [] as string[],
    classNames: [] as (string | undefined)[],
    indices: [] as number[],
    firstIndex,
  });
  let batch = newBatch(0);
  let index = 0;
  let firstProblem: PreparationProblem | undefined;
  const options = { concurrency: defaultConcurrency(), ahead: batchSize * Math.max(1, prefetch) };
  const images = await openPrepared(source, specification, cache);
  try {
    for await (const prepared of images.inOrder(options)) {
      const position = index++;
      await images.keep(prepared);
      if ("reason" in prepared) {
        const problem = noteProblem(source, position, prepared.reason, strict);
        firstProblem ??= problem;
        onProblem?.(problem);
        continue;
      }
      batch.pixels.set(prepared.pixels, batch.names.length * size);
      batch.names.push(source.name(position));
      batch.indices.push(position);
      batch.classNames.push(source.className(position));
      found.add(batch.names.at(-1)!, prepared);
      if (batch.names.length === batchSize) {
        yield batch;
        batch = newBatch(batch.firstIndex + batchSize);
      }
    }
    await images.finish();
  } finally {
    await images.close();
  }
  const rest = batch.names.length;
  if (rest > 0) yield { ...batch, pixels: batch.pixels.slice(0, rest * size) };
  else if (batch.firstIndex === 0) throw noneUsable(source, firstProblem);
  onFound?.(found.result());
}

/** SHA-256 over pixels, in hexadecimal: the same images in the same order give the same fingerprint. */
export function fingerprintOf(pixels: Uint8Array): string {
  const hash = createHash("sha256");
  for (const slice of slicesOf(pixels, hashedAtOnce)) hash.update(slice);
  return hash.digest("hex");
}

/** Bytes in order, cut into views of at most `size` bytes. */
export function* slicesOf(bytes: Uint8Array, size: number): Generator<Uint8Array, void, void> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** Throws FormatError where pictures of the source cannot be read, whatever the reason. */
function refuseLosses({ subject, problems, leftOut }: ImageSource): void {
  const [problem] = problems;
  const lost = leftOut.find(mayBeMissed);
  if (!problem && !lost) return;
  throw new FormatError({
    code: "damaged",
    subject,
    expected: "usable images only",
    got: problem ? `'${problem.name}': ${problem.reason}` : showLeftOut(lost!),
    remedy: { key: "leave-out", what: "what is not read" },
  });
}

function noteProblem(source: ImageSource, index: number, reason: string, strict: boolean): PreparationProblem {
  const name = source.name(index);
  if (!strict) return { name, reason };
  throw new FormatError({
    code: "damaged",
    subject: source.subject,
    expected: "usable images only",
    got: `'${name}': ${reason}`,
    remedy: { key: "leave-out", what: "it" },
  });
}

function noneUsable({ subject, location, length }: ImageSource, first: PreparationProblem | undefined): ConfigError {
  const example = first ? `, '${first.name}': ${first.reason}` : "";
  return new ConfigError({
    code: "too-few-images",
    subject,
    expected: "usable images",
    got: `0 among ${length} in '${location}'${example}`,
  });
}

function allocate({ subject, length }: ImageSource, size: number): Uint8Array {
  try {
    return new Uint8Array(length * size);
  } catch {
    const gigabytes = ((length * size) / 1e9).toFixed(1);
    throw new ConfigError({
      code: "too-large",
      subject,
      expected: "images that fit in memory",
      got: `${length} of ${gigabytes} GB in all`,
      remedy: { key: "other", text: "take some of them with '#limit=...,seed=1'" },
    });
  }
}

function defaultConcurrency(): number {
  return Math.max(16, 2 * availableParallelism());
}
