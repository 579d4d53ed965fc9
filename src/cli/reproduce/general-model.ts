/** A general model that was trained before and serves every seed. */
import { ConfigError } from "../../base/index.ts";
import { loadManifest } from "../../detector/index.ts";
import { describeModel } from "../../workflow/index.ts";
import type { ReproduceOptions } from "../reproduce-command.ts";

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
  readonly input: { readonly channels: number; readonly height: number; readonly width: number };
  readonly model: { readonly scales: number; readonly depth: number; readonly hidden: number };
}

/**
 * The general model that --general-model names; undefined where it names none. Throws ConfigError where it is no Glow of square images, has
 * classes, or is of another size than the flags ask for.
 */
export async function findGeneralModel({
  generalModel: folder,
  size,
  depth,
  width,
}: ReproduceOptions): Promise<FoundGeneralModel | undefined> {
  if (folder === undefined) return undefined;
  const manifest = await loadManifest(folder);
  const { input, model, classConditional } = manifest.training;
  const { architecture, ...sizes } = model;
  const got = describeModel(input, model);
  if (architecture !== "glow" || input.height !== input.width || classConditional) {
    throw new ConfigError(
      `reproduce: --general-model expects a glow of square images without classes, got ${classConditional ? "a class-conditional one of " : ""}${got} in '${folder}'; make one with outglow train --as general`,
    );
  }
  const asked = { ...model, depth: depth ?? model.depth, hidden: width ?? model.hidden };
  refuseOther(got, describeModel({ ...input, height: size ?? input.height, width: size ?? input.width }, asked));
  const { steps, weights } = manifest.models.normal;
  return { kept: { folder, weights: manifest.files[weights] ?? "", steps }, input, model: sizes };
}

/** Throws ConfigError where the normal images have another number of channels than the general model. */
export function checkChannels({ input }: FoundGeneralModel, channels: number): void {
  if (input.channels === channels) return;
  throw new ConfigError(
    `reproduce: --general-model expects a model of ${channels} channels like the normal images, got one of ${input.channels}; train one with --channels ${channels}`,
  );
}

/** Throws ConfigError where the model in its folder is not the one that a plan was made with. */
export async function checkUnchanged(kept: GeneralModel): Promise<void> {
  const { files, models } = await loadManifest(kept.folder);
  if (files[models.normal.weights] === kept.weights) return;
  throw new ConfigError(
    `reproduce: --general-model expects the model that this was begun with in '${kept.folder}', found another; put it back or choose another --out`,
  );
}

function refuseOther(got: string, wanted: string): void {
  if (got === wanted) return;
  throw new ConfigError(
    `reproduce: --general-model expects a model of ${wanted}, got one of ${got}; leave out --size, --depth and --width, which then are the model's`,
  );
}
