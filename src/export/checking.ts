/**
 * An exported model beside the detector it came from: the same images through both, at several batch sizes, and the largest difference of every output. A
 * model that differs by more than the table allows is not handed out.
 */
import { concatenate, type ImageShape, imageSizeOf, randomKey } from "../base/index.ts";
import type { Detector } from "../detector/portable.ts";
import { type MadeKind, makeImages, smallestMadeSide } from "../made/index.ts";
import { type OnnxModel, writeModel } from "../onnx/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { prepareRaw } from "../pixels/index.ts";
import type { Engine, Program } from "../runtime/index.ts";
import { computeScore, type ModelTerms, pValues, type TermTable } from "../score/index.ts";
import { type ExportedModel, type Naming, namings } from "./model.ts";

/** How far numbers of an exported model may be from the detector's: `absolute + relative |expected|`. */
export const exportTolerances = {
  /** Nats: another order of the engine's sums. The detector's own golden outputs are held to ten times as much. */
  terms: { absolute: 1e-2, relative: 1e-5 },
  /** Nats or deviations: float32 where the detector has float64, from the terms on. */
  score: { absolute: 1e-3, relative: 1e-4 },
  /** Nats, the sum over all pixels. */
  map: { absolute: 5e-2, relative: 1e-4 },
  /** Levels of 256, there and back again through the inverse. */
  inverse: { absolute: 1, relative: 0 },
} as const;

/** What was found of one output. */
export interface ExportDifference {
  readonly output: string;
  /** The largest absolute difference. */
  readonly largest: number;
  /** The largest share of what is allowed; above 1 the output differs. */
  readonly share: number;
  readonly allowed: string;
}

/** What was found of an exported model. */
export interface ExportCheck {
  readonly images: number;
  readonly batches: readonly number[];
  readonly differences: readonly ExportDifference[];
}

/** Batches that a model is run with. */
const batchSizes = [1, 3, 17] as const;

/** Runs an exported model beside the detector. */
export async function checkExport(
  detector: Detector,
  { model, score, map }: ExportedModel,
  names: Naming,
  engine: Engine,
): Promise<ExportCheck> {
  const { input, calibration } = detector.manifest;
  const pixels = checkedImages(input);
  const count = pixels.length / imageSizeOf(input);
  const got = await runInBatches(await engine.load(writeModel(model), { weights: "constant" }), pixels, input);
  const terms = await detector.terms(pixels, { measured: ["pixels"] });
  const expected = computeScore(score.name, terms, calibration).values;
  const differences = [
    compareNumbers(namings[names].score, got[namings[names].score], expected, exportTolerances.score),
    comparePValues(got.p_value!, expected, (scores) => pValues(calibration, score.name, scores)),
    ...tablesOf(terms).map(([name, values]) => compareNumbers(name, got[name], values, exportTolerances.terms)),
  ];
  if (map !== undefined) {
    const area = input.height * input.width;
    const heat = got[namings[names].map]!;
    const sums = Float64Array.from({ length: count }, (_, image) =>
      heat.subarray(image * area, (image + 1) * area).reduce((sum, value) => sum + value, 0),
    );
    const whole = computeScore(map, terms, calibration).values;
    differences.push(compareNumbers(namings[names].map, sums, whole, exportTolerances.map));
  }
  return { images: count, batches: batchSizes, differences };
}

/** Made images through the flow and back through its inverse, in levels. */
export async function checkInverse(
  latents: OnnxModel,
  inverse: OnnxModel,
  shape: ImageShape,
  engine: Engine,
): Promise<ExportDifference> {
  const pixels = checkedImages(shape);
  const { channels, height, width } = shape;
  const forwards = await engine.load(writeModel(latents), { weights: "constant" });
  const images = { data: pixels, shape: [pixels.length / imageSizeOf(shape), channels, height, width] };
  const middle = await forwards.run({ images }).finally(() => forwards.dispose());
  const back = await engine.load(writeModel(inverse), { weights: "constant" });
  const again = await back.run(middle).finally(() => back.dispose());
  return compareNumbers("inverse", again.images!.data, pixels, exportTolerances.inverse);
}

/** Whether everything is within its tolerance. */
export function isFaithful({ differences }: ExportCheck): boolean {
  return differences.every(({ share }) => share <= 1);
}

/** Images that the program makes: what the detector may know and what it does not, noise, black, white. uint8 [N, C, H, W]. */
export function checkedImages(shape: ImageShape): Uint8Array {
  const size = imageSizeOf(shape);
  const { channels, height, width } = shape;
  const key = randomKey("export check");
  const parts: Uint8Array[] = [];
  if ([1, 3].includes(channels) && Math.min(height, width) >= smallestMadeSide) {
    for (const kind of ["normal", "general", "natural"] as const) {
      parts.push(
        makeImages({ kind, count: 5, specification: { channels, height, width }, key: key.fold(kind) }).pixels,
      );
    }
  }
  const stream = key.fold("noise").stream();
  const noise = new Uint8Array(4 * size);
  for (const index of noise.keys()) {
    const level = 128 + (64 >> Math.floor(index / size)) * stream.normal();
    noise[index] = Math.max(0, Math.min(255, Math.round(level)));
  }
  parts.push(noise, new Uint8Array(size), new Uint8Array(size).fill(255));
  return concatenate(Uint8Array, parts);
}

/** The outputs for all images, run in batches of changing size; the program is disposed of. */
async function runInBatches(
  program: Program,
  pixels: Uint8Array,
  { channels, height, width }: ImageShape,
): Promise<Record<string, Float32Array>> {
  const size = channels * height * width;
  const parts: Record<string, Float32Array[]> = {};
  try {
    for (let first = 0, turn = 0; first * size < pixels.length; turn++) {
      const count = Math.min(batchSizes[turn % batchSizes.length]!, pixels.length / size - first);
      const data = pixels.subarray(first * size, (first + count) * size);
      const results = await program.run({ images: { data, shape: [count, channels, height, width] } });
      for (const [name, { data: values }] of Object.entries(results)) {
        const list = parts[name] ?? [];
        list.push(values as Float32Array);
        parts[name] = list;
      }
      first += count;
    }
  } finally {
    await program.dispose();
  }
  return Object.fromEntries(Object.entries(parts).map(([name, list]) => [name, concatenate(Float32Array, list)]));
}

/** What the models say, by the names of an exported model's outputs. */
function tablesOf({ normal, general, local, classes, classifier }: ModelTerms): [string, Float32Array][] {
  const flows: readonly [string, TermTable | undefined][] = [
    ["terms", normal],
    ["general_terms", general],
    ["local_terms", local],
  ];
  return [
    ...flows.flatMap(([name, table]): [string, Float32Array][] => (table ? [[name, table.values]] : [])),
    ...(classes ? [["classes", classes.values] as [string, Float32Array]] : []),
    ...(classifier ? [["logits", classifier.values] as [string, Float32Array]] : []),
  ];
}

interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** The largest difference of numbers from those that are expected. */
export function compareNumbers(
  output: string,
  got: ArrayLike<number> | undefined,
  expected: ArrayLike<number>,
  { absolute, relative }: Tolerance,
): ExportDifference {
  let [largest, share] = [0, got?.length === expected.length ? 0 : Number.POSITIVE_INFINITY];
  for (let index = 0; index < expected.length; index++) {
    const [one, other] = [got?.[index] ?? Number.NaN, expected[index]!];
    // Infinities are equal to themselves, and to nothing else.
    if (Object.is(one, other) || one === other) continue;
    const difference = Math.abs(one - other);
    const part = difference / (absolute + relative * Math.abs(other));
    largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
    share = Math.max(share, Number.isFinite(part) ? part : Number.POSITIVE_INFINITY);
  }
  const parts = [absolute > 0 ? `${absolute}` : "", relative > 0 ? `${relative} of the value` : ""];
  return { output, largest, share, allowed: parts.filter((part) => part !== "").join(" + ") };
}

/** A p-value must be one that a score within its tolerance has: a step lies where scores of two images are the same but for rounding. */
function comparePValues(
  got: ArrayLike<number>,
  scores: Float64Array,
  pValuesOf: (scores: ArrayLike<number>) => Float64Array,
): ExportDifference {
  const { absolute, relative } = exportTolerances.score;
  const moved = (sign: number): Float64Array =>
    pValuesOf(
      scores.map((score) => (Number.isFinite(score) ? score + sign * (absolute + relative * Math.abs(score)) : score)),
    );
  const [exact, low, high] = [pValuesOf(scores), moved(1), moved(-1)];
  let [largest, share] = [0, 0];
  for (let image = 0; image < scores.length; image++) {
    const value = got[image]!;
    largest = Math.max(largest, Math.abs(value - exact[image]!));
    const inside = value >= low[image]! - 1e-6 && value <= high[image]! + 1e-6;
    if (!inside) share = Number.POSITIVE_INFINITY;
  }
  return { output: "p_value", largest, share, allowed: "what a score within its own tolerance has" };
}

/** What ONNX's `Resize` makes of images, beside what this program makes of them. */
export interface ResizeDifference {
  /** Largest and mean difference of a pixel, in levels of 256. */
  readonly largest: number;
  readonly mean: number;
  /** The sizes looked at, as multiples of the model's. */
  readonly factors: readonly number[];
  /** The largest difference of the score that comes of it. */
  readonly score: number;
}

/** Sides of images that are resized, as multiples of the model's: enlarged, shrunk a little, shrunk much. */
const resizedFactors = [0.75, 1.5, 2, 3.3, 6] as const;

/** Two images of any number of channels: neither grey nor RGB, they are grey ones, one on another. */
function makePair(kind: MadeKind, size: ImageShape): Uint8Array {
  const bands = size.channels === 3 ? 1 : size.channels;
  const specification = { ...size, channels: size.channels / bands };
  return makeImages({ kind, count: 2 * bands, specification, key: randomKey("resize").fold(kind) }).pixels;
}

/** Runs a model that resizes beside the same one that does not, given this program's pixels. */
export async function resizeDifference(
  plain: OnnxModel,
  resizing: OnnxModel,
  shape: ImageShape,
  scoreName: string,
  engine: Engine,
): Promise<ResizeDifference> {
  const { channels, height, width } = shape;
  const [given, made] = [await engine.load(writeModel(plain)), await engine.load(writeModel(resizing))];
  let [largest, sum, count, score] = [0, 0, 0, 0];
  try {
    for (const factor of resizedFactors) {
      const size = { channels, height: Math.round(factor * height), width: Math.round(factor * width) };
      if (Math.min(size.height, size.width) < smallestMadeSide) continue;
      for (const kind of ["normal", "natural"] as const) {
        const pixels = makePair(kind, size);
        for (let image = 0; image < 2; image++) {
          const one: RawImage = {
            kind: "raw",
            ...size,
            pixels: pixels.subarray(image * imageSizeOf(size), (image + 1) * imageSizeOf(size)),
          };
          const prepared = prepareRaw(one, shape);
          if ("reason" in prepared) continue;
          const own = await given.run({ images: { data: prepared.pixels, shape: [1, channels, height, width] } });
          const other = await made.run({ images: { data: one.pixels, shape: [1, channels, size.height, size.width] } });
          for (const [index, value] of prepared.pixels.entries()) {
            const difference = Math.abs(value - other.prepared!.data[index]!);
            largest = Math.max(largest, difference);
            sum += difference;
            count++;
          }
          score = Math.max(score, Math.abs(own[scoreName]!.data[0]! - other[scoreName]!.data[0]!));
        }
      }
    }
  } finally {
    await given.dispose();
    await made.dispose();
  }
  return { largest, mean: count > 0 ? sum / count : 0, factors: resizedFactors, score };
}
