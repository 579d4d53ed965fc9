/** The files of a detector made of trained models: calibrated, with everything that loading checks. Portable. */
import { type CellDetector, cellScorerOn, writeCellFlows } from "../cells/portable.ts";
import { type EncoderExpert, encoderScorerOn, writeEncoderExpert } from "../encoder/portable.ts";
import { type FaultDetector, faultScorerOn, writeFaultNetworks } from "../faults/portable.ts";
import { modelOf, type TrainingConfiguration } from "../model/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import type { Engine } from "../runtime/index.ts";
import {
  type Calibration,
  calibrateHeldOut,
  defaultScoreName,
  type ModelTerms,
  withReferences,
} from "../score/index.ts";
import { checksumOf } from "./checksum.ts";
import {
  cellsFile,
  type DetectorFile,
  detectorFiles,
  encoderFile,
  faultsFile,
  featuresFile,
  goldenFile,
  type ModelName,
  modelFiles,
  otherFeaturesFile,
} from "./file-names.ts";
import { type GoldenPlaces, goldenImages, goldenPlaces, writeGolden } from "./golden.ts";
import { calibrationKey, hears, type JoiningParts, joinExperts, looksAtPixels, withoutUnheard } from "./joining.ts";
import type { CoderMeasure } from "./loading.ts";
import { formatVersion, type Manifest, writeManifest } from "./manifest.ts";
import { type ModelFiles, openScorers, presentModels, sourcesOfModels } from "./models.ts";
import type { FileContents } from "./replacing.ts";
import { placedSources } from "./score-sources.ts";
import { graphOfModel } from "./scoring-graph.ts";
import { packageVersion } from "./version.ts";
import { writeWeights } from "./weights.ts";

/** A model with its weights, and how it came about. */
export interface TrainedModel {
  readonly parameters: ParameterVectors;
  /** Steps trained; null for a model taken from another detector. */
  readonly steps: number | null;
  /** Of the kept weights; null for a model taken from another detector, for a classifier and where no evaluation was finite. */
  readonly heldOutBitsPerDimension: number | null;
}

/** The models of a run. */
export type TrainedModels = { readonly normal: TrainedModel } & {
  readonly [Name in Exclude<ModelName, "normal">]?: TrainedModel | undefined;
};

/** What a detector is made of. */
export interface DetectorParts {
  readonly training: TrainingConfiguration;
  readonly role: Manifest["role"];
  readonly models: TrainedModels;
  readonly data: Manifest["data"];
  /** Where the general model came from if another detector gave it. */
  readonly generalDetector?: Manifest["generalDetector"] | undefined;
  /** Held-out normal images, uint8 [N, C, H, W]: calibration comes from them alone. */
  readonly heldOutPixels: Uint8Array;
  /** Where images of one thing stayed on one side: how many things there were, and a number for each held-out image that those of one thing share. */
  readonly groups?: { readonly things: number; readonly heldOut: ArrayLike<number> } | undefined;
  /** What looks for local faults; it brings its own calibration. */
  readonly faults?: FaultDetector | undefined;
  /** What looks at cells; it brings its own calibration, too. */
  readonly cells?: CellDetector | undefined;
  /** What judges images by an encoder's features, with the encoder cut to its taps; it brings its own calibration, too. */
  readonly encoder?:
    | {
        readonly model: Uint8Array<ArrayBuffer>;
        readonly expert: EncoderExpert;
        /** The same features compared in the other way; kept where the joined score hears it. */
        readonly other?: EncoderExpert | undefined;
      }
    | undefined;
  /** What experts are compared by, for the joined score. */
  readonly joining?: JoiningParts | undefined;
}

/** What a detector is made with. */
export interface MakingOptions {
  readonly engine: Engine;
  /** What measures images as files of lossless coders; without it the detector has no score of them. */
  readonly coders: CoderMeasure | undefined;
  /** What decoded the images, for the record. */
  readonly versions: Pick<Manifest["versions"], "node" | "sharp" | "libvips">;
}

/** A detector as it will lie in its folder. */
export interface MadeDetector {
  readonly manifest: Manifest;
  /** The text of the manifest's file, which has to be written last. */
  readonly text: string;
  readonly files: FileContents;
}

/** Calibrates on the held-out images and makes the files of a detector. Throws RunError where the engine or a coder fails. */
export async function makeDetector(
  parts: DetectorParts,
  { engine, coders, versions }: MakingOptions,
): Promise<MadeDetector> {
  const { training, models } = parts;
  const files: { -readonly [Name in DetectorFile]?: FileContents[Name] } = {};
  for (const name of presentModels(models)) {
    const model = modelOf(training, name, "convolutions");
    files[modelFiles[name].weights] = writeWeights(model.parameters, models[name]!.parameters);
    files[modelFiles[name].graph] = graphOfModel(model, training.input, models[name]!.parameters);
  }
  if (parts.faults) files[faultsFile] = writeFaultNetworks(parts.faults);
  if (parts.cells) files[cellsFile] = writeCellFlows(parts.cells);
  const measured = await measurePlaces(parts, engine);
  const { heldOut, golden, trials } = await measureTerms(parts, files, engine);
  const coded = coders && [1, 3].includes(training.input.channels);
  const references = coded ? { ...heldOut, coders: await coders(parts.heldOutPixels, parts.training.input) } : heldOut;
  let calibration = calibrateHeldOut(references, calibrationKey(training), parts.groups?.heldOut);
  for (const [source, scores] of Object.entries(ownReferences(parts))) {
    calibration = withReferences(calibration, source, scores);
  }
  if (parts.joining) calibration = joinExperts(calibration, heldOut, trials, parts.joining, parts.groups?.heldOut);
  calibration = withoutUnheard(calibration, training.model.scales);
  const encoder = parts.encoder && {
    ...parts.encoder,
    other: hears(calibration, "encoder-other") ? parts.encoder.other : undefined,
  };
  if (encoder) {
    files[encoderFile] = encoder.model;
    files[featuresFile] = writeEncoderExpert(encoder.expert);
    if (encoder.other) files[otherFeaturesFile] = writeEncoderExpert(encoder.other);
  }
  const kept = measured.filter(({ source }) => source !== "encoder-other" || encoder?.other);
  files[goldenFile] = writeGolden(training.input, golden.images, golden.terms, kept);
  const made = { onnxruntime: engine.version, ...versions };
  const manifest = describeDetector({ ...parts, encoder }, calibration, made, await checksumsOf(files));
  return { manifest, text: await writeManifest(manifest), files };
}

/** Terms of the held-out images, of the trials and of the golden images, all from the graphs that the detector will hold. */
async function measureTerms({ training, heldOutPixels, joining }: DetectorParts, files: ModelFiles, engine: Engine) {
  const scorers = await openScorers(training, files, engine);
  try {
    const { channels, height, width } = training.input;
    const shape = { channels, height, width };
    const termsOf = async (pixels: Uint8Array): Promise<ModelTerms> => ({
      ...(await scorers.terms(pixels)),
      ...(joining && looksAtPixels(joining) && { pixels: { shape, values: pixels } }),
    });
    const heldOut = await termsOf(heldOutPixels);
    const trials = joining && !joining.placedOnly ? await termsOf(joining.pixels) : undefined;
    const images = goldenImages(training.input);
    return { heldOut, trials, golden: { images, terms: await scorers.terms(images) } };
  } finally {
    await scorers.dispose();
  }
}

/** Golden images and scores of the parts that look at places of images. */
async function measurePlaces(
  { faults, cells, encoder }: DetectorParts,
  engine: Engine,
): Promise<readonly GoldenPlaces[]> {
  const places: GoldenPlaces[] = [];
  if (faults) {
    const scorer = faultScorerOn(engine, faults);
    places.push(await goldenPlaces("faults", faults.record.channels, scorer).finally(() => scorer.dispose()));
  }
  if (cells) {
    const scorer = cellScorerOn(engine, cells);
    places.push(await goldenPlaces("cells", cells.record.channels, scorer).finally(() => scorer.dispose()));
  }
  for (const [name, expert] of [["encoder", encoder?.expert] as const, ["encoder-other", encoder?.other] as const]) {
    if (!encoder || !expert) continue;
    const scorer = await encoderScorerOn(engine, encoder.model, expert);
    places.push(await goldenPlaces(name, 3, scorer).finally(() => scorer.dispose()));
  }
  return places;
}

/** Scores of normal images that parts looked at while these were held out of them. */
function ownReferences({ faults, cells, encoder }: DetectorParts): Readonly<Record<string, readonly number[]>> {
  return {
    ...(faults && { faults: faults.record.folds.flatMap(({ scores }) => scores) }),
    ...(cells && { cells: cells.record.folds.flatMap(({ scores }) => scores) }),
    ...(encoder && { encoder: encoder.expert.record.heldOut.scores }),
    ...(encoder?.other && { "encoder-other": encoder.other.record.heldOut.scores }),
  };
}

async function checksumsOf(files: FileContents): Promise<Manifest["files"]> {
  const sums: Manifest["files"] = {};
  for (const name of detectorFiles) {
    const bytes = files[name];
    if (bytes) sums[name] = await checksumOf(bytes);
  }
  return sums;
}

function describeDetector(
  { training, role, models, data, generalDetector, groups, faults, cells, encoder }: DetectorParts,
  calibration: Calibration,
  versions: Omit<Manifest["versions"], "outglow">,
  checksums: Manifest["files"],
): Manifest {
  const describe = <Name extends ModelName>(name: Name) => {
    const model = models[name];
    if (!model) return null;
    return { ...modelFiles[name], steps: model.steps, heldOutBitsPerDimension: model.heldOutBitsPerDimension };
  };
  return {
    kind: "outglow detector",
    formatVersion,
    role,
    versions: { outglow: packageVersion(), ...versions },
    input: { ...training.input, type: "uint8", layout: "NCHW", transform: "x = pixel / 256 - 0.5 + 1 / 512" },
    orientation: "higher is more anomalous",
    unit: "nats",
    defaultScore: defaultScoreName(
      [
        ...sourcesOfModels(presentModels(models), training),
        ...placedSources({ faults, cells, encoder, "encoder-other": encoder?.other }),
      ],
      calibration,
      training.model.scales,
    ),
    models: {
      normal: describe("normal")!,
      general: describe("general"),
      local: describe("local"),
      classifier: describe("classifier"),
    },
    faults: faults ? { weights: faultsFile, record: faults.record } : null,
    ...(cells && { cells: { weights: cellsFile, record: cells.record } }),
    ...(encoder && { encoder: { model: encoderFile, features: featuresFile, record: encoder.expert.record } }),
    ...(encoder?.other && { "encoder-other": { features: otherFeaturesFile, record: encoder.other.record } }),
    data,
    generalDetector: generalDetector ?? null,
    // Single images are split as if nobody had asked.
    ...(groups && groups.things < data.normal.count && { things: groups.things }),
    training,
    calibration,
    files: checksums,
  };
}
