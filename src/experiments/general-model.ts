/** A general model that was trained before and serves every seed. */
import { ConfigError, type ImageShape, setting } from "../base/index.ts";
import { loadManifest } from "../detector/index.ts";
import { describeModel } from "../workflow/index.ts";
import type { ReproductionSettings } from "./request.ts";

/** A general model, as a plan keeps it. */
export interface GeneralModel {
  readonly folder: string;
  /** Checksum of its weights. */
  readonly weights: string;
  /** How long it was trained; null where it was itself taken from elsewhere. */
  readonly steps: number | null;
}

/** A general model with the sizes that all other models have to have. */
export interface FoundGeneralModel {
  readonly kept: GeneralModel;
  readonly input: ImageShape;
  readonly model: { readonly scales: number; readonly depth: number; readonly hidden: number };
}

/**
 * The general model that a request names; undefined where it names none. Throws ConfigError for anything but a Glow of square images
 * without classes, and for one of another size than the request asks for.
 */
export async function findGeneralModel({
  generalModel: folder,
  size,
  depth,
  width,
}: ReproductionSettings): Promise<FoundGeneralModel | undefined> {
  if (folder === undefined) return undefined;
  const manifest = await loadManifest(folder);
  const { input, model, classConditional } = manifest.training;
  const { architecture, ...sizes } = model;
  const got = describeModel(input, model);
  if (architecture !== "glow" || input.height !== input.width || classConditional) {
    throw new ConfigError({
      code: "other-model",
      subject: setting("generalModel"),
      expected: "a glow of square images without classes",
      got: `${classConditional ? "a class-conditional one of " : ""}${got} in '${folder}'`,
      remedy: { key: "other", text: `train one with ${setting("as", "general")}` },
    });
  }
  const asked = { ...model, depth: depth ?? model.depth, hidden: width ?? model.hidden };
  refuseOther(got, describeModel({ ...input, height: size ?? input.height, width: size ?? input.width }, asked));
  const { steps, weights } = manifest.models.normal;
  return { kept: { folder, weights: manifest.files[weights] ?? "", steps }, input, model: sizes };
}

/** Throws ConfigError where the normal images have another number of channels than the general model. */
export function checkChannels({ input }: FoundGeneralModel, channels: number): void {
  if (input.channels === channels) return;
  throw new ConfigError({
    code: "other-model",
    subject: setting("generalModel"),
    expected: `a model of ${channels} channels like the normal images`,
    got: `one of ${input.channels}`,
    remedy: { key: "other", text: `train one with ${setting("channels", channels)}` },
  });
}

/** Throws ConfigError where the model in its folder is not the one that a plan was made with. */
export async function checkUnchanged({ folder, weights }: GeneralModel): Promise<void> {
  const { files, models } = await loadManifest(folder);
  if (files[models.normal.weights] === weights) return;
  throw new ConfigError({
    code: "other-model",
    subject: setting("generalModel"),
    expected: `the model in '${folder}' that this was begun with`,
    got: "another",
    remedy: { key: "other", text: `put it back or choose another ${setting("out")}` },
  });
}

function refuseOther(got: string, wanted: string): void {
  if (got === wanted) return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("generalModel"),
    expected: `a model of ${wanted}`,
    got: `one of ${got}`,
    remedy: {
      key: "leave-out",
      what: `${setting("size")}, ${setting("depth")} and ${setting("width")}, which then are the model's`,
    },
  });
}
