/** The images of a training: what each set is opened for, to which form it is brought, and what is told of it while it is read. */
import { ConfigError, setting } from "../../base/index.ts";
import {
  deepRangeOf,
  describeSource,
  type ImageSet,
  type ImageSource,
  type ImageUse,
  loadImages,
  openImages,
  sampleBitsOf,
  sampleRangeOf,
  sourceWarnings,
} from "../../data/index.ts";
import { modelOf, type TrainingConfiguration } from "../../model/index.ts";
import type { InputForm } from "../../pixels/index.ts";
import { classNamesOf } from "../../train/index.ts";
import type { Watch } from "../events.ts";
import { imageCacheOf } from "../image-cache.ts";
import type { TrainSettings } from "./train-request.ts";

/** The name of a set of images, as a request says where it is. */
export type SetName = "normal" | "general" | "outliers";

/** What a set is opened for: only the normal images must be normal. */
export function useOf(name: SetName): { readonly use?: ImageUse } {
  return name === "normal" ? { use: "training" } : {};
}

/** The form to which a source's images are brought, as settings say and the images ask for. */
export async function inputOf(
  source: ImageSource,
  { channels, size, background, fit, range }: Pick<TrainSettings, "channels" | "size" | "background" | "fit" | "range">,
) {
  const deepRange = range === "percentiles" ? await deepRangeOf(source) : null;
  return {
    channels: channels ?? (await source.channels()),
    height: size,
    width: size,
    background,
    sampleBits: deepRange ? 16 : await sampleBitsOf(source),
    sampleRange: await sampleRangeOf(source, range),
    ...(deepRange && { deepRange }),
    ...(fit !== "stretch" && { fit }),
  };
}

/** The configuration with the names of the images' classes where a model is to know them. Throws ConfigError where there are none. */
export function withClasses(unnamed: TrainingConfiguration, images: ImageSet, location: string): TrainingConfiguration {
  if (!unnamed.classConditional && !unnamed.classifier) return unnamed;
  const asked = setting(unnamed.classConditional ? "classes" : "classifier");
  const configuration = { ...unnamed, classes: classNamesOf(images, asked, location) };
  // A classifier has sizes of its own to check.
  if (configuration.classifier) modelOf(configuration, "classifier");
  return configuration;
}

/** Opens a set and reads it, as `loadSource` does. Throws also as `openImages`. */
export async function loadSet(
  location: string,
  name: SetName,
  specification: InputForm,
  strict: boolean,
  watch: Watch,
  use = useOf(name),
): Promise<ImageSet> {
  watch.signal?.throwIfAborted();
  const source = await openImages(location, setting(name), use);
  return loadSource(source, `${name} images`, specification, strict, watch);
}

/** Reads a source's images and tells what was read and skipped. Throws as `loadImages`, the signal's reason where it is aborted. */
export async function loadSource(
  source: ImageSource,
  subject: string,
  specification: InputForm,
  strict: boolean,
  watch: Watch,
): Promise<ImageSet> {
  const { onEvent, signal } = watch;
  const images = await loadImages(source, specification, {
    strict,
    cache: imageCacheOf(watch),
    onProgress: (done) => {
      signal?.throwIfAborted();
      onEvent?.({ kind: "progress", task: "reading", subject, done, total: source.length });
    },
  }).catch((error: unknown) => {
    throw withSmallerSize(error);
  });
  onEvent?.({ kind: "settled" });
  if (images.problems.length > 0) onEvent?.({ kind: "skipped", subject, problems: images.problems });
  onEvent?.({ kind: "note", text: `${subject}: ${describeSource(source, images.found, images.problems.length)}` });
  for (const text of sourceWarnings(source, images.found)) onEvent?.({ kind: "warning", text: `${subject}: ${text}` });
  if (images.found.remarks.some(({ kind }) => kind === "stretch")) {
    const text = `${subject}: ${setting("fit", "pad")} keeps images of other proportions whole, ${setting("fit", "crop")} takes their middle`;
    onEvent?.({ kind: "note", text });
  }
  return images;
}

/** A refusal of images that are too small for the model, with the setting that makes the model smaller. */
function withSmallerSize(error: unknown): unknown {
  if (!(error instanceof ConfigError) || !error.fault?.got.includes("smaller than half the model's")) return error;
  return new ConfigError({ ...error.fault, remedy: { key: "other", text: `give a smaller ${setting("size")}` } });
}
