/** A small detector trained in a worker of a page: the quickstart's two flows, by the code that trains them in Node. Needs no document. */
import { ConfigError, randomKey } from "../../src/base/index.ts";
import type { ImageSet } from "../../src/data/portable.ts";
import { checksumOf, detectorFiles, makeDetector, manifestName } from "../../src/detector/portable.ts";
import { makeImages } from "../../src/made/index.ts";
import { parseConfiguration, type TrainingConfiguration } from "../../src/model/index.ts";
import { defaultBackground, jpegDecoder, prepareEncoded } from "../../src/pixels/index.ts";
import type { Engine } from "../../src/runtime/index.ts";
import {
  gatherImages,
  type LoopResult,
  makeBatchSource,
  objectiveOf,
  type PhaseImages,
  splitRun,
  trainModel,
} from "../../src/train/portable.ts";
import { pageDecoder } from "./decoding.ts";
import { fetchBytes } from "./fetching.ts";
import type { NamedBlob, TrainedInPage, TrainingCall, TrainingEvent, TrainingWish } from "./messages.ts";
import { openWebEngine } from "./ort-engine.ts";

/** Images of which training takes no more: a phone holds them all in memory. */
const mostImages = 4000;
const leastImages = 40;

/** Steps at the end of a phase with a tenth of the learning rate. */
const cooledShare = 0.1;

/**
 * Trains a general flow on images that the program makes, then a flow of the normal images from its weights, and makes a detector of both.
 * `isOver` is asked after every step: once it says so the phases end with what they have learned.
 * Throws ConfigError for too few images, RunError where training diverged or the engine failed.
 */
export async function trainInPage(
  { engine: setting, images, wish }: TrainingCall,
  onEvent: (event: TrainingEvent) => void,
  isOver: () => boolean,
): Promise<TrainedInPage> {
  let bytes = 0;
  let size: number | undefined;
  const engine = await openWebEngine(setting, (more, total) => {
    bytes += more;
    size ??= total;
    onEvent({ kind: "loading", bytes, total: size });
  });
  const started = performance.now();
  const input = { channels: 1, height: wish.size, width: wish.size };
  const { normal, skipped } =
    images.kind === "made"
      ? { normal: await madeSet("normal", images.count, wish), skipped: 0 }
      : await preparedSet(images.files, wish, setting.files.jpeg);
  const general = await madeSet("general", wish.generalImages, wish);
  const configuration = configurationOf(wish);
  const splits = splitRun({ normal, general }, configuration);
  const train = (name: "general" | "normal", of: PhaseImages, start?: LoopResult): Promise<LoopResult> =>
    trainPhase(name, { configuration, engine, images: of, start }, onEvent, isOver);
  const generalResult = await train("general", { images: general, split: splits.general! });
  const normalResult = await train("normal", { images: normal, split: splits.normal }, generalResult);
  onEvent({ kind: "calibrating" });
  const describe = ({ count, fingerprint }: ImageSet, location: string) => ({ location, count, fingerprint });
  const made = await makeDetector(
    {
      training: configuration,
      role: "detector",
      models: { normal: trainedOf(normalResult), general: trainedOf(generalResult) },
      data: {
        normal: describe(normal, images.kind === "made" ? "made in a page" : images.name),
        general: describe(general, "made in a page"),
        outliers: null,
      },
      heldOutPixels: gatherImages(normal, splits.normal.heldOut),
    },
    { engine, coders: undefined, versions: { node: "none", sharp: "none", libvips: "none" } },
  );
  const files = detectorFiles.flatMap((name): NamedBlob[] => {
    const content = made.files[name];
    return content ? [{ name, blob: new Blob([content]) }] : [];
  });
  return {
    files: [...files, { name: manifestName, blob: new Blob([made.text]) }],
    input,
    images: normal.count,
    skipped,
    bitsPerDimension: normalResult.progress.bestBitsPerDimension,
    seconds: (performance.now() - started) / 1000,
  };
}

/** The quickstart's model and its way of training, with fewer steps. */
function configurationOf({ size, seed, generalSteps, normalSteps }: TrainingWish): TrainingConfiguration {
  const phase = (steps: number, learningRate: number) => ({
    steps,
    seconds: null,
    learningRate,
    warmup: Math.min(50, Math.ceil(steps / 10)),
    milestones: steps < 10 ? [] : [Math.floor(steps * (1 - cooledShare))],
    factor: 0.1,
  });
  const learningRate = 2e-3;
  return parseConfiguration(
    {
      input: { channels: 1, height: size, width: size, background: defaultBackground, sampleBits: null },
      model: { architecture: "glow", scales: 3, depth: 4, hidden: 48 },
      batchSize: 64,
      optimizer: "adamax",
      weightDecay: 5e-5,
      clipNorm: null,
      augmentation: { flip: false, translate: 0 },
      heldOut: 0.2,
      evaluateEvery: 50,
      patience: 20,
      seed,
      threads: 1,
      device: "cpu",
      normal: phase(normalSteps, learningRate / 2),
      general: phase(generalSteps, learningRate),
      start: "general",
    },
    "training",
  );
}

async function trainPhase(
  name: "general" | "normal",
  {
    configuration,
    engine,
    images,
    start,
  }: {
    readonly configuration: TrainingConfiguration;
    readonly engine: Engine;
    readonly images: PhaseImages;
    readonly start: LoopResult | undefined;
  },
  onEvent: (event: TrainingEvent) => void,
  isOver: () => boolean,
): Promise<LoopResult> {
  const key = randomKey(configuration.seed).fold(name);
  const batches = makeBatchSource({ main: images, configuration, key });
  const phase = configuration[name]!;
  const over = new AbortController();
  return trainModel({
    objective: objectiveOf(configuration, name),
    batches: {
      ...batches,
      async training(step) {
        // Words of the page wait for their turn: without a pause they would be heard at the end.
        await pause();
        if (isOver()) over.abort();
        return batches.training(step);
      },
    },
    configuration,
    phase,
    start: start?.parameters,
    key,
    engine,
    checkpointEvery: Number.POSITIVE_INFINITY,
    signal: over.signal,
    onStep: ({ step, bitsPerDimension, imagesPerSecond, heldOut }) =>
      onEvent({
        kind: "step",
        phase: name,
        step,
        steps: phase.steps!,
        bits: bitsPerDimension ?? null,
        heldOutBits: heldOut?.bitsPerDimension ?? null,
        imagesPerSecond,
      }),
  });
}

/** Lets messages in. A timer would wait for four milliseconds. */
function pause(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

function trainedOf({ parameters, progress }: LoopResult) {
  return { parameters, steps: progress.step, heldOutBitsPerDimension: progress.bestBitsPerDimension };
}

async function madeSet(kind: "normal" | "general", count: number, { seed, size }: TrainingWish): Promise<ImageSet> {
  const specification = { channels: 1, height: size, width: size };
  const scene = kind === "normal" ? "train" : "general";
  const { pixels, names } = makeImages({ kind, count, specification, key: randomKey(seed).fold(scene) });
  return imageSet(new Uint8Array(pixels), names, specification);
}

/** Decodes a person's images; those that cannot be read are counted. Throws ConfigError for too few. */
async function preparedSet(
  files: readonly NamedBlob[],
  { size }: TrainingWish,
  jpeg: string,
): Promise<{ readonly normal: ImageSet; readonly skipped: number }> {
  const form = {
    channels: 1,
    height: size,
    width: size,
    background: defaultBackground,
    sampleBits: null,
    sampleRange: null,
  };
  const decode = pageDecoder(jpegDecoder(await WebAssembly.compile(await fetchBytes(jpeg))));
  const found: Uint8Array[] = [];
  const names: string[] = [];
  for (const { name, blob } of files.slice(0, mostImages)) {
    const bytes = await blob.arrayBuffer().catch(() => new ArrayBuffer(0));
    const prepared = await prepareEncoded(new Uint8Array(bytes), form, decode);
    if ("reason" in prepared) continue;
    found.push(prepared.pixels);
    names.push(name);
  }
  if (found.length < leastImages) {
    throw new ConfigError({
      code: "too-few-images",
      subject: "training",
      expected: `${leastImages} normal images or more`,
      got: String(found.length),
      remedy: { key: "other", text: "choose a folder with more of them" },
    });
  }
  const area = size * size;
  const pixels = new Uint8Array(found.length * area);
  for (const [index, image] of found.entries()) pixels.set(image, index * area);
  return { normal: await imageSet(pixels, names, form), skipped: files.length - found.length };
}

async function imageSet(
  pixels: Uint8Array<ArrayBuffer>,
  names: readonly string[],
  { channels, height, width }: ImageSet["specification"],
): Promise<ImageSet> {
  const count = names.length;
  return {
    specification: { channels, height, width },
    count,
    pixels,
    names,
    classNames: names.map(() => undefined),
    problems: [],
    indices: names.map((_, index) => index),
    found: { count, grey: 0, smallest: undefined, largest: undefined, remarks: [] },
    fingerprint: await checksumOf(pixels),
  };
}
