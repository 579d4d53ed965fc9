/** One pass over a set of images: what each is like in a few numbers, so that a set of any size is looked at in little memory. */
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { ConfigError, messageOf } from "../../base/index.ts";
import {
  type ImageSource,
  type InspectedImage,
  inspectImage,
  mapInOrder,
  type PreparationProblem,
  sampleBitsOf,
  sampleRangeOf,
} from "../../data/index.ts";
import { codeLength, codeOfStructure } from "../../faults/index.ts";
import { type ImageRefusal, type RawImage, statisticsOf } from "../../pixels/index.ts";
import type { SetStatistics } from "../../score/index.ts";
import type { Watch } from "../events.ts";

/** The longer side at which images are looked at: a photograph that is blurred at this size is blurred on a screen. */
const mostSide = 512;

/** What is known of the readable images of a set, one number or a few each, in the source's order. */
export interface MeasuredSet {
  readonly source: ImageSource;
  readonly count: number;
  /** Where each image stands in its source. */
  readonly indices: Uint32Array;
  readonly statistics: SetStatistics & { readonly height: Uint32Array; readonly width: Uint32Array };
  /** The first 8 bytes of the SHA-256 of each image's size and pixels: equal for the same picture in whatever file. */
  readonly hashes: BigUint64Array;
  /** The structure code of each (`codeOfStructure` in `faults/`), one after another. */
  readonly codes: Uint8Array;
  readonly channels: Uint8Array;
  readonly transparent: Uint8Array;
  readonly bits: Uint8Array;
  /** Images with further pages. */
  readonly paged: number;
  /** What could not be opened or read. */
  readonly problems: readonly PreparationProblem[];
  /** Reads one of the images again, by its place among the readable ones, as it was looked at. */
  readonly read: (image: number) => Promise<RawImage>;
}

/** What reads and looks at one image of a source, by its place in it. */
async function inspectorOf(source: ImageSource): Promise<(index: number) => Promise<InspectedImage | ImageRefusal>> {
  const samples = { sampleBits: await sampleBitsOf(source), sampleRange: await sampleRangeOf(source) };
  return async (index) => {
    const stored = await source
      .read(index)
      .catch((error: unknown) => ({ reason: `cannot be read: ${messageOf(error)}` }));
    return "reason" in stored ? stored : inspectImage(stored, samples, mostSide);
  };
}

/** What reads one image of a source again as it was looked at. Throws ConfigError where that has changed. */
export async function readerOf(source: ImageSource): Promise<(index: number) => Promise<RawImage>> {
  return reading(source, await inspectorOf(source));
}

function reading(source: ImageSource, inspect: Awaited<ReturnType<typeof inspectorOf>>) {
  return async (index: number): Promise<RawImage> => {
    const again = await inspect(index);
    if (!("reason" in again)) return again.image;
    const got = `'${source.name(index)}', ${again.reason}`;
    throw new ConfigError({
      code: "other-images",
      subject: source.subject,
      expected: "images as they were a moment ago",
      got,
    });
  };
}

/** Reads every image of a source once. Throws ConfigError where none is readable, the signal's reason where it calls the work off. */
export async function measureSet(source: ImageSource, { onEvent, signal }: Watch): Promise<MeasuredSet> {
  const { length, location, subject } = source;
  const inspect = await inspectorOf(source);
  const columns = emptyColumns(length);
  const problems = [...source.problems];
  let [done, count, paged] = [0, 0, 0];
  const concurrency = Math.max(16, 2 * availableParallelism());
  for await (const found of mapInOrder(length, inspect, { concurrency, ahead: 2 * concurrency })) {
    signal?.throwIfAborted();
    const index = done++;
    if ("reason" in found) problems.push({ name: source.name(index), reason: found.reason });
    else {
      put(columns, count, found);
      columns.indices[count++] = index;
      if (found.stored.pages > 1) paged++;
    }
    onEvent?.({ kind: "progress", task: "measuring", subject: location, done, total: length });
  }
  onEvent?.({ kind: "settled" });
  if (count === 0) {
    const got = `0 among ${length} in '${location}'${problems[0] ? `, '${problems[0].name}': ${problems[0].reason}` : ""}`;
    throw new ConfigError({ code: "too-few-images", subject, expected: "readable images", got });
  }
  const read = reading(source, inspect);
  const { codes, indices, ...others } = columns;
  const upTo = <Column extends { subarray(start: number, end: number): Column }>(column: Column): Column =>
    column.subarray(0, count);
  const { hashes, channels, transparent, bits, height, width, ...numbers } = others;
  return {
    source,
    count,
    indices: upTo(indices),
    statistics: {
      brightness: upTo(numbers.brightness),
      contrast: upTo(numbers.contrast),
      spread: upTo(numbers.spread),
      sharpness: upTo(numbers.sharpness),
      blue: upTo(numbers.blue),
      red: upTo(numbers.red),
      height: upTo(height),
      width: upTo(width),
    },
    hashes: upTo(hashes),
    codes: codes.subarray(0, count * codeLength),
    channels: upTo(channels),
    transparent: upTo(transparent),
    bits: upTo(bits),
    paged,
    problems,
    read: (image) => read(indices[image]!),
  };
}

type Columns = ReturnType<typeof emptyColumns>;

function emptyColumns(length: number) {
  return {
    indices: new Uint32Array(length),
    brightness: new Float32Array(length),
    contrast: new Float32Array(length),
    spread: new Float32Array(length),
    sharpness: new Float32Array(length),
    blue: new Float32Array(length),
    red: new Float32Array(length),
    height: new Uint32Array(length),
    width: new Uint32Array(length),
    hashes: new BigUint64Array(length),
    codes: new Uint8Array(length * codeLength),
    channels: new Uint8Array(length),
    transparent: new Uint8Array(length),
    bits: new Uint8Array(length),
  };
}

function put(columns: Columns, at: number, { image, stored }: InspectedImage): void {
  const { brightness, contrast, spread, sharpness, blue, red } = statisticsOf(image);
  columns.brightness[at] = brightness;
  columns.contrast[at] = contrast;
  columns.spread[at] = spread;
  columns.sharpness[at] = sharpness;
  columns.blue[at] = blue;
  columns.red[at] = red;
  columns.height[at] = stored.height;
  columns.width[at] = stored.width;
  columns.hashes[at] = hashOf(image, stored);
  columns.codes.set(codeOfStructure(image), at * codeLength);
  columns.channels[at] = stored.channels;
  columns.transparent[at] = stored.transparent ? 1 : 0;
  columns.bits[at] = stored.bits;
}

function hashOf({ pixels, channels }: RawImage, { height, width }: InspectedImage["stored"]): bigint {
  const digest = createHash("sha256").update(`${channels} ${height} ${width} `).update(pixels).digest();
  return digest.readBigUInt64LE(0);
}
