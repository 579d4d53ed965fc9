/** Weights that a training takes from other detectors. */
import { resolve } from "node:path";
import { ConfigError, type ImageShape, setting } from "../base/index.ts";
import { loadManifest, loadWeights, type Manifest } from "../detector/index.ts";
import type { TrainingConfiguration } from "../model/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import { type RunImages, type RunRecord, splitRun, toFlowWeights } from "../train/index.ts";

/** What a training takes from another detector. */
export interface OtherDetector {
  readonly parameters: ParameterVectors;
  readonly origin: NonNullable<RunRecord["generalDetector"]>;
  readonly manifest: Manifest;
}

/**
 * The flow of the normal model in another detector's folder, which must be of this configuration's size; undefined without a folder.
 * Throws ConfigError for another size and for a general model with classes.
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
  if (named === "generalDetector" && manifest.training.classConditional) {
    throw new ConfigError({
      code: "other-model",
      subject,
      expected: "a model without classes",
      got: `the class-conditional one in '${folder}'`,
      remedy: { key: "other", text: `train one with ${setting("as", "general")}` },
    });
  }
  const weights = manifest.files[manifest.models.normal.weights] ?? "";
  return {
    parameters: toFlowWeights(manifest.training, await loadWeights(folder, manifest, "normal")),
    origin: { folder: resolve(folder), weights, data: manifest.data.normal },
    manifest,
  };
}

/**
 * What a person must know where another detector was trained on normal images that this run holds out: its p-values rest on images that
 * nothing was trained on. Undefined where that is not so, or cannot be told because the other had other images.
 */
export function describeLeak(
  named: "generalDetector" | "init",
  { manifest: { data, training } }: OtherDetector,
  { normal }: RunImages,
  configuration: TrainingConfiguration,
): string | undefined {
  if (data.normal.fingerprint !== normal.fingerprint) return undefined;
  const split = (settings: TrainingConfiguration) =>
    splitRun({ normal }, { ...settings, objective: { loss: "nll" }, classifier: null }).normal;
  const trained = new Set(split(training).train);
  const { heldOut } = split(configuration);
  const seen = heldOut.filter((index) => trained.has(index)).length;
  if (seen === 0) return undefined;
  return (
    `${seen} of ${heldOut.length} held-out normal images were trained on by the detector of ${setting(named)}, so new normal images will get too ` +
    `small p-values; train both with the same ${setting("seed")}, ${setting("heldOut")} and ${setting("classes")}`
  );
}

/** A model's size and architecture as errors show them. */
export function describeModel({ channels, height, width }: ImageShape, model: Manifest["training"]["model"]): string {
  const { architecture, scales, depth, hidden } = model;
  return `${channels}x${height}x${width} pixels, architecture ${architecture}, ${scales} scales, depth ${depth}, width ${hidden}`;
}
