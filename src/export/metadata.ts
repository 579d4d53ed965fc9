/**
 * What has to be known beside an exported model: how images are prepared, what its numbers mean, what decides, and where it came from. The same words are in
 * the ONNX file and in the JSON beside it.
 */
import type { FitWay } from "../base/index.ts";
import { type Manifest, packageVersion } from "../detector/portable.ts";
import { type AnyRule, referenceCount, scoreDefinition, scoreThreshold, smallestFalseAlarm } from "../score/index.ts";
import type { ExportedModel } from "./model.ts";
import { scoringParts } from "./model.ts";

/** How a decision is made of the outputs: it stays outside the graph, so that it can change. */
export interface ExportedDecision {
  readonly rule: AnyRule;
  /** What the rule promises. */
  readonly words: string;
  /** An image is marked where its p-value is at most this; null for a rule by score or over all images together. */
  readonly pValueAtMost: number | null;
  /** The same as a score above which images are marked; null where none is finite. */
  readonly scoreAbove: number | null;
}

/** What the maker of an export says of it. */
export interface ExportNotes {
  readonly decision: ExportedDecision;
  /** Under which terms the model may be used, as its owner says. */
  readonly licence: string | undefined;
  /** Whether images of any size come in. */
  readonly resizes: boolean;
}

/** Rates for which a threshold is written down, where the calibration resolves them. */
const usualRates = [0.1, 0.05, 0.01, 0.001] as const;

/** What is said where nobody said anything. */
const noLicence = "not stated; the weights belong to whoever trained them, and no code of outglow is in this file";

/** All that has to be known, as plain data. */
export function exportMetadata(
  manifest: Manifest,
  { score, map, outputs }: Omit<ExportedModel, "model">,
  { decision, licence, resizes }: ExportNotes,
) {
  const { input, calibration, versions, data, training } = manifest;
  const { channels, height, width, background, sampleBits, sampleRange, deepRange = null, transform } = input;
  const { fit = "stretch" } = input;
  const colours = channels === 1 ? "grey" : channels === 3 ? "RGB" : `${channels} channels`;
  const { scales, sources } = scoringParts(manifest);
  const { unit, description } = scoreDefinition(score.name, scales, sources);
  const count = referenceCount(calibration, score.name);
  const thresholds = usualRates
    .filter((rate) => rate >= smallestFalseAlarm(count))
    .map((rate) => ({ falseAlarm: rate, scoreAbove: finite(scoreThreshold(calibration, score.name, rate)) }));
  const prepared = {
    name: "prepared",
    shape: ["N", channels, height, width],
    unit: "levels of 256",
    meaning: "the images as the model saw them, uint8",
  };
  return {
    kind: "outglow export",
    formatVersion: 1,
    inputs: [
      {
        name: "images",
        type: "uint8",
        shape: resizes ? ["N", channels, "height", "width"] : ["N", channels, height, width],
        meaning: resizes
          ? `images of any size, ${colours}, rows from the top; they are brought to ${height}x${width} inside`
          : `prepared images, ${colours}, rows from the top`,
      },
    ],
    outputs: resizes ? [...outputs, prepared] : outputs,
    score: {
      name: score.name,
      unit,
      description,
      orientation: manifest.orientation,
      insteadOf: score.insteadOf ?? null,
    },
    map: map ?? null,
    preparation: {
      size: [height, width],
      channels,
      steps: [
        "decode to 8 bits a colour; what has more bits is scaled from its black to its white",
        `put transparency on ${background}, and turn upright as EXIF says`,
        channels === 1
          ? "make it grey, 0.299 R + 0.587 G + 0.114 B"
          : channels === 3
            ? "make it RGB"
            : "take all channels",
        ...fittingSteps(fit, `${height}x${width}`, background),
      ],
      fit,
      inside: transform,
      background,
      sampleBits,
      sampleRange,
      deepRange,
    },
    calibration: { count, smallestFalseAlarm: smallestFalseAlarm(count), thresholds },
    decision,
    licence: licence ?? noLicence,
    versions: { exportedBy: packageVersion(), detector: versions },
    training: { model: training.model, normal: { count: data.normal.count, fingerprint: data.normal.fingerprint } },
  };
}

const kernel = "by a triangle kernel that is widened where the image shrinks";

/** How an image comes to the model's size, by what becomes of other proportions. */
function fittingSteps(fit: FitWay, size: string, background: string): readonly string[] {
  return {
    stretch: [`resize to ${size} without keeping proportions, ${kernel}`],
    pad: [
      `resize by one factor so that it just lies within ${size}, sides rounded, ${kernel}`,
      `put it in the middle of ${size} of ${background}; of an odd rest the smaller part comes above and on the left`,
    ],
    crop: [
      `resize by one factor so that it just covers ${size}, sides rounded, ${kernel}`,
      `cut ${size} out of its middle; of an odd rest the smaller part goes above and on the left`,
    ],
  }[fit];
}

/** The words of an export. */
export type ExportMetadata = ReturnType<typeof exportMetadata>;

/** The same as the entries of an ONNX file: texts by name, what is no text as JSON. */
export function metadataEntries(metadata: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
