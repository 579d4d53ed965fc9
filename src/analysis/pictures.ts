/** The pictures of an analysis that show images: sorted by scores, drawn from models, redrawn except for one scale. */
import type { RandomKey } from "../base/index.ts";
import { loadWeights, redrawScales, type SamplingOptions, sampledModel, sampleImages } from "../detector/index.ts";
import { flowOf } from "../model/index.ts";
import { type ImageRow, type PixelBatch, renderImageMatrix, showNumber } from "../report/index.ts";
import { nodeEngine, type ProgramOptions } from "../runtime/index.ts";
import { toFlowWeights } from "../train/index.ts";
import { type AnalyzedDetector, modelNames, scoreOf } from "./analyzed-sets.ts";
import { scaleTitle } from "./charts.ts";
import { type AnalysisFigure, fileNamePart } from "./figures.ts";

/** Images in a row of sorted ones. */
const sortedColumns = 10;
/** Images in a row of samples and of redrawn images. */
const shownImages = 8;
const temperatures = [0.5, 0.7, 1] as const;
/** Narrower than the model's own spread: an undertrained model's images drown in noise at 1. */
const redrawingTemperature = 0.7;

/** What a reader of generated images must know. */
const beyondPixels =
  "Numbers that no pixel can have are shown black or white; many of them mean that the model was trained too briefly.";

/** The images of all sets in the order of every score, from the most normal to the most anomalous. */
export async function sortedFigures(detector: AnalyzedDetector): Promise<AnalysisFigure[]> {
  const { name, scores, sets } = detector;
  const images = sets.flatMap(({ names }, set) => names.map((_, image) => ({ set, image })));
  const columns = Math.min(sortedColumns, images.length);
  const shares = Array.from({ length: columns }, (_, column) => (columns === 1 ? 0 : column / (columns - 1)));
  const rows = scores.map((score): ImageRow => {
    const values = sets.flatMap((set) => Array.from(scoreOf(detector, set, score)));
    // A difference would not do: infinity minus infinity is NaN.
    const order = [...values.keys()].sort((a, b) =>
      values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : a - b,
    );
    const chosen = shares.map((share) => order[Math.round(share * (images.length - 1))]!);
    return {
      label: score,
      images: gather(
        detector,
        chosen.map((index) => images[index]!),
      ),
      captions: chosen.map((index) => [
        showNumber(values[index]!, 1),
        ...(sets.length > 1 ? [sets[images[index]!.set]!.name] : []),
      ]),
    };
  });
  const title = `${name}: images sorted by each score`;
  const png = await renderImageMatrix({
    title,
    rows,
    columnLabels: columns === 1 ? [] : shares.map(describeShare),
    notes: [
      `${columns === images.length ? "All images" : `${columns} of ${images.length} images, evenly spaced`} in the order of the row's score. Below each: its score in nats${sets.length > 1 ? " and its set" : ""}.`,
    ],
  });
  return [
    {
      name: `sorted-${fileNamePart(name)}`,
      caption:
        "One row for each score, the most normal image at the left and the most anomalous at the right. A percentage says how many images look more normal by that score.",
      alt: title,
      image: { png },
    },
  ];
}

function describeShare(share: number): string {
  if (share === 0) return "most normal";
  return share === 1 ? "most anomalous" : `${Math.round(100 * share)} %`;
}

interface ImagePlace {
  /** Index of the set. */
  readonly set: number;
  /** Index of the image within it. */
  readonly image: number;
}

function gather({ sets, manifest }: AnalyzedDetector, places: readonly ImagePlace[]): PixelBatch {
  const { channels, height, width } = manifest.input;
  const size = channels * height * width;
  const pixels = Buffer.concat(
    places.map(({ set, image }) => sets[set]!.pixels.subarray(image * size, (image + 1) * size)),
  );
  return { pixels, count: places.length, channels, height, width };
}

/**
 * Images drawn from every model at several temperatures; within a column only the spread of the latents differs. `onRow` is told of rows of pixels of all of
 * them, where a model draws one after the other.
 */
export async function sampleFigures(
  detector: AnalyzedDetector,
  key: RandomKey,
  engine: ProgramOptions,
  onRow: SamplingOptions["onRow"] = undefined,
): Promise<AnalysisFigure[]> {
  const { name, folder, manifest } = detector;
  const { channels, height, width } = manifest.input;
  const rows: ImageRow[] = [];
  const models = modelNames(detector);
  const total = models.length * temperatures.length * height;
  for (const model of models) {
    const parameters = await loadWeights(folder, manifest, model);
    for (const temperature of temperatures) {
      const drawn = rows.length * height;
      const request = {
        count: shownImages,
        temperature,
        key: key.fold("samples"),
        onRow: (done: number) => onRow?.(drawn + done, total),
      };
      const pixels = await sampleImages(
        sampledModel(manifest.training, model),
        parameters,
        request,
        nodeEngine(engine),
      );
      rows.push({
        label: `${model} model, temperature ${temperature}`,
        images: { pixels, count: shownImages, channels, height, width },
      });
    }
  }
  const title = `${name}: images drawn from its models`;
  const png = await renderImageMatrix({
    title,
    rows,
    notes: ["Temperature: 1 draws from the model itself, less gives images that it finds more typical.", beyondPixels],
  });
  return [
    {
      name: `samples-${fileNamePart(name)}`,
      caption:
        "What each model takes for its images. Within a model, the images of a column differ in the temperature only.",
      alt: title,
      image: { png },
    },
  ];
}

/** Images with the latents of one scale kept and all others redrawn, by every model; none for models of a single scale. */
export async function redrawnFigures(
  detector: AnalyzedDetector,
  key: RandomKey,
  engine: ProgramOptions,
): Promise<AnalysisFigure[]> {
  const { name, folder, manifest } = detector;
  const places = spreadOverSets(detector, key.fold("redrawn images"));
  const images = gather(detector, places);
  const figures: AnalysisFigure[] = [];
  for (const model of modelNames(detector)) {
    const flow = flowOf(manifest.training, model);
    const scales = flow.latentShapes.length;
    if (scales < 2) continue;
    const weights = await loadWeights(folder, manifest, model);
    // A model with classes lends the flow beneath them: nothing says which class a redrawn latent belongs to.
    const parameters = model === "normal" ? toFlowWeights(manifest.training, weights) : weights;
    const rows: ImageRow[] = [{ label: "the image itself", images }];
    for (let scale = 0; scale < scales; scale++) {
      const request = { kept: [scale], temperature: redrawingTemperature, key: key.fold("redrawn latents") };
      const pixels = await redrawScales(flow, parameters, images.pixels, request, nodeEngine(engine));
      rows.push({ label: `${scaleTitle(scale, scales)} kept`, images: { ...images, pixels } });
    }
    const title = `${name}: one scale kept, all others redrawn by the ${model} model`;
    const png = await renderImageMatrix({
      title,
      rows,
      columnLabels: places.map(({ set }) => detector.sets[set]!.name),
      notes: [`The latents of all other scales are drawn at temperature ${redrawingTemperature}.`, beyondPixels],
    });
    figures.push({
      name: `scales-kept-${fileNamePart(name)}-${model}`,
      caption:
        "Below each image, what remains of it where the model keeps what one scale knows and makes up the rest. What an image still shares with the one at the top is what that scale knows of it.",
      alt: title,
      image: { png },
    });
  }
  return figures;
}

/** Some images, chosen at random, divided as evenly among the sets as their sizes allow; in the order of the sets. */
function spreadOverSets({ sets }: AnalyzedDetector, key: RandomKey): ImagePlace[] {
  const streams = sets.map(({ name }) => key.fold(name).stream());
  const chosen = sets.map(() => new Set<number>());
  const total = sets.reduce((sum, { names }) => sum + names.length, 0);
  for (let turn = 0, taken = 0; taken < Math.min(shownImages, total); turn = (turn + 1) % sets.length) {
    const count = sets[turn]!.names.length;
    if (chosen[turn]!.size === count) continue;
    let image = streams[turn]!.integer(count);
    while (chosen[turn]!.has(image)) image = (image + 1) % count;
    chosen[turn]!.add(image);
    taken++;
  }
  return chosen.flatMap((images, set) => [...images].map((image) => ({ set, image })));
}
