/** Weights that a training takes from other detectors. */
import { resolve } from "node:path";
import { ConfigError, type ImageShape, setting } from "../../base/index.ts";
import { loadManifest, loadWeights, type Manifest } from "../../detector/index.ts";
import type { TrainingConfiguration } from "../../model/index.ts";
import type { ParameterVectors } from "../../nn/index.ts";
import { type RunImages, type RunRecord, splitRun, toFlowWeights } from "../../train/index.ts";

/** What a training takes from another detector. */
export interface OtherDetector {
  readonly parameters: ParameterVectors;
  readonly origin: NonNullable<RunRecord["generalDetector"]>;
  readonly manifest: Manifest;
  /** Which of its models was taken. */
  readonly model: TakenModel;
}

type TakenModel = "normal" | "general";

/**
 * The flow that is meant in another detector's folder, which must be of this configuration's size; undefined without a folder.
 * Throws ConfigError for another size, for a detector without a general model where one is meant, and for a general model with classes.
 */
export async function loadOtherDetector(
  named: "generalDetector" | "init",
  folder: string | undefined,
  out: string,
  { input, model }: TrainingConfiguration,
): Promise<OtherDetector | undefined> {
  if (folder === undefined) return undefined;
  const subject = setting(named);
  if (resolve(folder) === resolve(out)) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject,
      expected: `another folder than ${setting("out")}`,
      got: `'${folder}' for both`,
    });
  }
  const manifest = await loadManifest(folder);
  const wanted = describeModel(input, model);
  const got = describeModel(manifest.training.input, manifest.training.model);
  if (wanted !== got) {
    const sizes = ["size", "channels", "architecture", "scales", "depth"].map((name) => setting(name));
    throw new ConfigError({
      code: "other-model",
      subject,
      expected: `a model of ${wanted}`,
      got: `one of ${got}`,
      remedy: { key: "other", text: `give the same ${sizes.join(", ")} and ${setting("width")}` },
    });
  }
  const [fit, otherFit] = [input, manifest.input].map(({ fit = "stretch" }) => fit);
  if (fit !== otherFit) {
    throw new ConfigError({
      code: "other-model",
      subject,
      expected: `images of other proportions prepared by ${setting("fit", fit)}`,
      got: `'${folder}', trained with ${setting("fit", otherFit)}`,
      remedy: { key: "other", text: "give the same" },
    });
  }
  if (named === "generalDetector" && !manifest.models.general && manifest.training.classConditional) {
    throw new ConfigError({
      code: "other-model",
      subject,
      expected: "a model without classes",
      got: `the class-conditional one in '${folder}'`,
      remedy: { key: "other", text: `train one with ${setting("as", "general")}` },
    });
  }
  const taken = modelTaken(named, folder, manifest);
  const weights = manifest.files[manifest.models[taken]!.weights] ?? "";
  const parameters = await loadWeights(folder, manifest, taken);
  return {
    parameters: taken === "normal" ? toFlowWeights(manifest.training, parameters) : parameters,
    origin: { folder: resolve(folder), weights, data: manifest.data[taken]! },
    manifest,
    model: taken,
  };
}

/**
 * Which model of a detector is meant. As a general model a general model's own flow, or the general one of a detector that has one: a model of
 * normal images would make the ratio say nothing. Throws ConfigError where there is none.
 */
function modelTaken(named: "generalDetector" | "init", folder: string, { role, models, data }: Manifest): TakenModel {
  if (named === "init" || role === "general") return "normal";
  if (models.general && data.general) return "general";
  throw new ConfigError({
    code: "other-model",
    subject: setting(named),
    expected: "a model of general images",
    got: `the detector '${folder}', which knows normal images only`,
    remedy: { key: "other", text: `train one with ${setting("as", "general")} and ${setting("general")}` },
  });
}

/**
 * What a person must know where another detector was trained on normal images that this run holds out: its p-values rest on images that
 * nothing was trained on. Undefined where that is not so, or cannot be told because the other had other images.
 */
export function describeLeak(
  named: "generalDetector" | "init",
  { manifest: { data, training, things }, model }: OtherDetector,
  { normal, groups }: RunImages,
  configuration: TrainingConfiguration,
): string | undefined {
  // A general model was trained on general images, from which its run kept its own held-out normal ones out.
  if (model === "general" || data.normal.fingerprint !== normal.fingerprint) return undefined;
  // The same images fall into the same groups, where they are grouped at all.
  if (things !== undefined && !groups) return undefined;
  const split = (settings: TrainingConfiguration, own: RunImages["groups"]) =>
    splitRun({ normal, groups: own }, { ...settings, objective: { loss: "nll" }, classifier: null }).normal;
  const trained = new Set(split(training, things === undefined ? undefined : groups).train);
  const { heldOut } = split(configuration, groups);
  const seen = heldOut.filter((index) => trained.has(index)).length;
  if (seen === 0) return undefined;
  return (
    `${seen} of ${heldOut.length} held-out normal images were trained on by the detector of ${setting(named)}, so new normal images will get too ` +
    `small p-values; train both with the same ${setting("seed")}, ${setting("heldOut")}, ${setting("splitBy")} and ${setting("classes")}`
  );
}

/** A model's size and architecture as errors show them. */
export function describeModel({ channels, height, width }: ImageShape, model: Manifest["training"]["model"]): string {
  const { architecture, scales, depth, hidden } = model;
  return `${channels}x${height}x${width} pixels, architecture ${architecture}, ${scales} scales, depth ${depth}, width ${hidden}`;
}
