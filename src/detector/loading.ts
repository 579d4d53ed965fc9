/** A detector ready to score: its graphs opened on an engine that is handed in, and checked against what it gave when it was written. Portable. */
import { ConfigError, type ImageShape } from "../base/index.ts";
import { cellScorerOn, readCellDetector } from "../cells/portable.ts";
import { type EncoderScorer, encoderScorerOn, readEncoderExpert } from "../encoder/portable.ts";
import { type FaultScorer, faultScorerOn, readFaultDetector } from "../faults/portable.ts";
import { type FlowName, flowOf } from "../model/index.ts";
import type { Engine } from "../runtime/index.ts";
import type { CoderSizes, ModelTerms } from "../score/index.ts";
import { cellsFile, faultsFile } from "./file-names.ts";
import type { FileReader } from "./file-reader.ts";
import { type FlowMapper, openFlowMapper } from "./flow-maps.ts";
import { checkGolden, checkGoldenPlaces, type GoldenListener } from "./golden.ts";
import type { Manifest } from "./manifest.ts";
import { flowMeter, type MeasuredSource } from "./measuring.ts";
import { openScorers } from "./models.ts";
import { readForScoring, readModelWeights } from "./reading.ts";
import { measuredFor } from "./score-sources.ts";

/** Measures uint8 images [N, C, H, W], grey or RGB, as files of lossless coders. */
export type CoderMeasure = (pixels: Uint8Array, shape: ImageShape) => Promise<CoderSizes>;

/** What is known of images besides the terms of the detector's models. */
export interface TermsOptions {
  /** Whether the images are measured as files of lossless coders, which takes longer than scoring small ones. */
  readonly coders?: boolean;
  /**
   * What is measured of the images or of the normal flow on demand, which takes as long as scoring or many times longer. Default: what the
   * detector's own default score needs.
   */
  readonly measured?: readonly MeasuredSource[];
}

/** A loaded detector. */
export interface Detector {
  /** What its files are called together, such as the path of their folder. */
  readonly location: string;
  readonly manifest: Manifest;
  /**
   * Terms of uint8 images [N, C, H, W] under its models, and their sizes by coders where asked for and where the images are grey or RGB.
   * Throws RunError where the engine or a coder fails, ConfigError where coders are asked of a detector that was given none.
   */
  terms(pixels: Uint8Array, options?: TermsOptions): Promise<ModelTerms>;
  /** Compiles the maps of one of its flows, to be disposed of. Throws ConfigError where that has none, FormatError for weights that have changed. */
  readonly openMapper: (name: FlowName) => Promise<FlowMapper>;
  /** Looks for local faults in images at their own size, where the detector can: their share of the terms is asked for here, image by image. */
  readonly faults?: FaultScorer | undefined;
  /** Looks at cells of images, in the same way. */
  readonly cells?: FaultScorer | undefined;
  /** Judges places of images by an encoder's features, in the same way. */
  readonly encoder?: EncoderScorer | undefined;
  /** The same with the features compared in the other way. */
  readonly "encoder-other"?: EncoderScorer | undefined;
  dispose(): Promise<void>;
}

/** One or two ways of comparing an encoder's features. */
const encoderNames = ["encoder", "encoder-other"] as const;

/** What a detector may be given besides files and engine. */
export interface LoadingOptions {
  /** What measures images as files of lossless coders. */
  readonly coders?: CoderMeasure | undefined;
  /** Is told what golden outputs came to, before a difference that is too large is thrown. */
  readonly onGolden?: GoldenListener | undefined;
}

/**
 * Loads a detector and checks it: format version, checksum of every file, golden outputs.
 * Throws ConfigError where the files hold none, FormatError for damage, RunError where its outputs are not those recorded.
 */
export async function loadDetector(
  files: FileReader,
  engine: Engine,
  { coders, onGolden }: LoadingOptions = {},
): Promise<Detector> {
  const { manifest, graphs, golden, faults: networks, cells: flows, encoder: given } = await readForScoring(files);
  const faults =
    manifest.faults && networks
      ? faultScorerOn(engine, readFaultDetector(manifest.faults.record, networks, files.describe(faultsFile)))
      : undefined;
  const cells =
    manifest.cells && flows
      ? cellScorerOn(engine, readCellDetector(manifest.cells.record, flows, files.describe(cellsFile)))
      : undefined;
  const scorers = await openScorers(manifest.training, graphs, engine);
  const byFeatures: { encoder?: EncoderScorer; "encoder-other"?: EncoderScorer } = {};
  const own = measuredFor(manifest, [manifest.defaultScore]);
  const meter = flowMeter(manifest.training, () => readModelWeights(files, manifest, "normal"), engine);
  const dispose = async (): Promise<void> => {
    await meter.dispose();
    await scorers.dispose();
    await faults?.dispose();
    await cells?.dispose();
    for (const scorer of Object.values(byFeatures)) await scorer.dispose();
  };
  try {
    for (const name of encoderNames) {
      const [part, features] = [manifest[name], name === "encoder" ? given?.features : given?.otherFeatures];
      if (!part || !given || !features) continue;
      const expert = readEncoderExpert(part.record, features, files.describe(part.features));
      byFeatures[name] = await encoderScorerOn(engine, given.model, expert);
    }
    const where = `detector '${files.location}'`;
    await checkGolden(golden, scorers.terms, where, onGolden);
    if (faults) await checkGoldenPlaces(golden, "faults", faults, where, onGolden);
    if (cells) await checkGoldenPlaces(golden, "cells", cells, where, onGolden);
    for (const name of encoderNames) {
      const scorer = byFeatures[name];
      if (scorer) await checkGoldenPlaces(golden, name, scorer, where, onGolden);
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    location: files.location,
    manifest,
    terms: async (pixels, options = {}) => ({
      ...(await scorers.terms(pixels)),
      ...(options.coders ? await coderTerms(pixels, manifest.input, coders) : {}),
      ...(await meter.measure(pixels, options.measured ?? own)),
    }),
    openMapper: async (name) => {
      const flow = flowOf(manifest.training, name, "convolutions");
      return openFlowMapper({ flow, parameters: await readModelWeights(files, manifest, name) }, engine);
    },
    faults,
    cells,
    ...byFeatures,
    dispose,
  };
}

/** The coded sizes of images; none for other channels than grey or RGB, which coders do not take. */
async function coderTerms(
  pixels: Uint8Array,
  shape: ImageShape,
  measure: CoderMeasure | undefined,
): Promise<Pick<ModelTerms, "coders">> {
  if (measure === undefined) {
    throw new ConfigError({
      code: "unsupported",
      subject: "coders",
      expected: "something that measures coded sizes",
      got: "none here",
      remedy: { key: "leave-out", what: "the scores that need coders" },
    });
  }
  return [1, 3].includes(shape.channels) ? { coders: await measure(pixels, shape) } : {};
}
