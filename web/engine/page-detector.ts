/** A detector at work in a worker: opened with its golden check, then images by their files or frames. Needs no document. */
import { type ImageShape, imageSizeOf } from "../../src/base/index.ts";
import {
  type Detector,
  detectorSources,
  loadDetector,
  type Manifest,
  measuredFor,
  namedSources,
} from "../../src/detector/portable.ts";
import {
  type ImageDecoder,
  jpegDecoder,
  type PreparedImage,
  prepareDecoded,
  prepareEncoded,
  shrinkTriangle,
} from "../../src/pixels/index.ts";
import {
  computableScoreNames,
  computeScore,
  isPlaced,
  pValues,
  type ScoreSource,
  sourcesNeeded,
} from "../../src/score/index.ts";
import { mostPageBytes, pageDecoder, withoutAlpha } from "./decoding.ts";
import { readerOf } from "./detector-files.ts";
import { fetchBytes } from "./fetching.ts";
import type {
  DetectorFiles,
  EngineSetting,
  Frame,
  LoadProgress,
  NamedBlob,
  OpenedDetector,
  ScoredFile,
  ScoringWish,
  Thumbnail,
} from "./messages.ts";
import { openWebEngine } from "./ort-engine.ts";

/** A detector of a worker. */
export interface PageDetector {
  readonly opened: OpenedDetector;
  /** What it says of some files, in their order; together they are one run of the engine. */
  score(files: readonly NamedBlob[], wish: ScoringWish): Promise<readonly ScoredFile[]>;
  /** The same of raw pixels, such as a camera's; their names are their numbers. */
  scoreFrames(frames: readonly Frame[], wish: ScoringWish): Promise<readonly ScoredFile[]>;
}

/** Opens engine and detector, side by side. Throws as `openWebEngine` and `loadDetector`. */
export async function openPageDetector(
  setting: EngineSetting,
  files: DetectorFiles,
  onProgress: (progress: LoadProgress) => void,
): Promise<PageDetector> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const part = (name: LoadProgress["part"]) => {
    let [bytes, total] = [0, 0];
    return (more: number, ofFile: number | undefined): void => {
      bytes += more;
      total += ofFile ?? 0;
      onProgress({ part: name, bytes, total: total >= bytes ? total : undefined });
    };
  };
  const [engine, jpeg] = await Promise.all([
    openWebEngine(setting, part("engine")),
    fetchBytes(setting.files.jpeg).then((bytes) => WebAssembly.compile(bytes)),
  ]);
  const engineSeconds = seconds();
  const detector = await loadDetector(readerOf(files, part("detector")), engine);
  const { manifest } = detector;
  const scores = pageScores(manifest);
  const opened: OpenedDetector = {
    manifest,
    engine: engine.version,
    scores,
    shortage: shortageOf(manifest, scores),
    seconds: { engine: engineSeconds, detector: seconds() },
  };
  const decode = pageDecoder(jpegDecoder(jpeg));
  return {
    opened,
    async score(wanted, wish) {
      const prepared = await prepareFiles(wanted, manifest, decode);
      const names = wanted.map(({ name }) => name);
      return scorePrepared(detector, names, prepared, wish);
    },
    scoreFrames(frames, wish) {
      const prepared = frames.map(({ rgba, height, width }) =>
        prepareDecoded(withoutAlpha({ data: rgba, height, width }), manifest.input),
      );
      return scorePrepared(detector, Array.from(frames.keys(), String), prepared, wish);
    },
  };
}

/** Whether a page cannot measure it: coders are Node's, and places are looked at in images of their own size, which the page does not keep. */
const isBeyondPages = (source: ScoreSource): boolean => source === "coders" || isPlaced(source);

/** The calibrated scores of a detector that a page can compute: its own default first, where it is one of them. */
function pageScores(manifest: Manifest): string[] {
  const { calibration, defaultScore, training } = manifest;
  const sources = detectorSources(manifest);
  const inReach = Object.keys(calibration.scores).filter((name) => {
    if (name !== defaultScore && measuredFor(manifest, [name]).length > 0) return false;
    const needs = sourcesNeeded(name, training.model.scales, namedSources(manifest), calibration);
    return needs.every((source) => !isBeyondPages(source) && (sources.includes(source) || name === defaultScore));
  });
  return [defaultScore, ...inReach.filter((name) => name !== defaultScore)].filter((name) => inReach.includes(name));
}

function shortageOf({ defaultScore }: Manifest, [first]: readonly string[]): string | undefined {
  if (first === defaultScore) return undefined;
  return `The detector's own score, ${defaultScore}, needs what a page lacks: here ${first ?? "no score"} decides. The command line computes ${defaultScore}.`;
}

/** Files of fewer bytes are prepared beside each other: most of their time they wait to be read. */
const smallFile = 2 ** 18;
const smallAtOnce = 16;

async function prepareFiles(
  files: readonly NamedBlob[],
  manifest: Manifest,
  decode: ImageDecoder,
): Promise<PreparedImage[]> {
  const prepared: PreparedImage[] = [];
  while (prepared.length < files.length) {
    const next = files.slice(prepared.length, prepared.length + smallAtOnce);
    const some = next.every(({ blob }) => blob.size <= smallFile) ? next : next.slice(0, 1);
    prepared.push(...(await Promise.all(some.map(({ blob }) => prepareFile(blob, manifest, decode)))));
  }
  return prepared;
}

async function prepareFile(blob: Blob, { input }: Manifest, decode: ImageDecoder): Promise<PreparedImage> {
  if (blob.size > mostPageBytes) {
    return {
      reason: `file has ${Math.round(blob.size / 1e6)} MB, more than the ${Math.floor(mostPageBytes / 1e6)} that a page reads`,
    };
  }
  try {
    return await prepareEncoded(new Uint8Array(await blob.arrayBuffer()), input, decode);
  } catch {
    return { reason: "cannot be read; was it moved or changed since it was chosen?" };
  }
}

async function scorePrepared(
  detector: Detector,
  names: readonly string[],
  prepared: readonly PreparedImage[],
  { score, thumbnail }: ScoringWish,
): Promise<ScoredFile[]> {
  const { input, calibration } = detector.manifest;
  const size = imageSizeOf(input);
  const readable = prepared.flatMap((image) => ("pixels" in image ? [image.pixels] : []));
  const pixels = new Uint8Array(readable.length * size);
  for (const [index, image] of readable.entries()) pixels.set(image, index * size);
  const found = readable.length === 0 ? undefined : await judge(detector, pixels, score);
  let position = 0;
  return prepared.map((image, index): ScoredFile => {
    const name = names[index]!;
    if ("reason" in image || found === undefined)
      return { name, reason: "reason" in image ? image.reason : "no pixels" };
    const at = position++;
    return {
      name,
      score: found.decisive[at]!,
      pValue: found.pValues[at]!,
      scores: Object.fromEntries(found.columns.map(({ name: other, values }) => [other, values[at]!])),
      thumbnail: thumbnail > 0 ? thumbnailOf(image.pixels, input, thumbnail) : undefined,
    };
  });

  async function judge(of: Detector, batch: Uint8Array, decisive: string) {
    const terms = await of.terms(batch, { measured: measuredFor(of.manifest, [decisive]) });
    const columns = computableScoreNames(terms, calibration).map((name) => computeScore(name, terms, calibration));
    const { values } = columns.find(({ name }) => name === decisive) ?? computeScore(decisive, terms, calibration);
    return { columns, decisive: values, pValues: pValues(calibration, decisive, values) };
  }
}

/** What the model saw, no larger than wanted. */
function thumbnailOf(pixels: Uint8Array, { channels, height, width }: ImageShape, most: number): Thumbnail {
  const shown = channels >= 3 ? 3 : 1;
  const shrink = Math.max(1, height / most, width / most);
  const size = { height: Math.max(1, Math.round(height / shrink)), width: Math.max(1, Math.round(width / shrink)) };
  const planes = {
    kind: "raw",
    pixels: pixels.slice(0, shown * height * width),
    channels: shown,
    height,
    width,
  } as const;
  const small = shrinkTriangle(planes, size.height, size.width);
  const area = size.height * size.width;
  const interleaved = Uint8Array.from(
    { length: shown * area },
    (_, at) => small.pixels[(at % shown) * area + Math.floor(at / shown)]!,
  );
  return { pixels: interleaved, ...size, channels: shown };
}
