/** Black and white of a source's images of more than 8 bits: what a model is trained with and what it is told of later. */
import type { RangeWay } from "../../base/index.ts";
import { type NumberRange, rangeOf } from "../../pixels/index.ts";
import type { ImageCatalogue, StoredImage } from "../image-source.ts";
import { mapInOrder } from "../ordered.ts";
import { deepNumbers } from "./deep-samples.ts";
import { numbersOf } from "./float-files.ts";

/** Images that are looked at, evenly spaced, and numbers of each. */
const mostImages = 1000;
const mostNumbers = 2000;

/** The range of a source's images of floating point (`rangeOf` in `pixels/`) by a sample of their numbers; null where a sample of 16 images has none. */
export function sampleRangeOf(source: Numbered, way: RangeWay = "usual"): Promise<NumberRange | null> {
  return rangeOfSample(source, way, async (image) => {
    const numbers = await numbersOf(image);
    return numbers?.pixels instanceof Float32Array ? numbers.pixels : undefined;
  });
}

/** The quantiles of 0.1 and 99.9 % of a source's images of 16 bits by a sample of their numbers; null where a sample of 16 images has none. */
export function deepRangeOf(source: Numbered): Promise<NumberRange | null> {
  return rangeOfSample(source, "percentiles", deepNumbers);
}

type Numbered = Pick<ImageCatalogue, "length" | "read">;

async function rangeOfSample(
  { length, read }: Numbered,
  way: RangeWay,
  numbersIn: (image: StoredImage | undefined) => Promise<Float32Array | Uint16Array | undefined>,
): Promise<NumberRange | null> {
  const sampleOf = async (index: number): Promise<Float32Array | undefined> => {
    const numbers = await numbersIn(await read(index).catch(() => undefined));
    return numbers && spaced(numbers);
  };
  const indexOf = (number: number, of: number): number => Math.floor((number * length) / of);
  const sample = Math.min(length, 16);
  let found = false;
  for (let number = 0; number < sample && !found; number++) {
    found = (await sampleOf(indexOf(number, sample))) !== undefined;
  }
  if (!found) return null;
  const count = Math.min(length, mostImages);
  const all: Float32Array[] = [];
  const options = { concurrency: 4, ahead: 8 };
  for await (const numbers of mapInOrder(count, (number) => sampleOf(indexOf(number, count)), options)) {
    if (numbers) all.push(numbers);
  }
  return rangeOf(joined(all), way) ?? null;
}

/** Some of the numbers, evenly spaced. */
function spaced(numbers: Float32Array | Uint16Array): Float32Array {
  if (numbers.length <= mostNumbers) return Float32Array.from(numbers);
  return Float32Array.from(
    { length: mostNumbers },
    (_, index) => numbers[Math.floor((index * numbers.length) / mostNumbers)]!,
  );
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(arrays.reduce((length, array) => length + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    result.set(array, at);
    at += array.length;
  }
  return result;
}
