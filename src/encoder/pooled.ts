/**
 * What an image is of, by an encoder's features pooled over the whole image: the likelihood ratio of Schirrmeister et al. (2020, section 3) in feature space,
 * with a Gaussian for normal images and one for images of everything:
 *
 *   score = (x - m)' S^-1 (x - m) - (x - m0)' S0^-1 (x - m0)      the second term where there are general images
 */
import { z } from "zod";
import { ConfigError, randomKey } from "../base/index.ts";
import { assignFolds, fingerprintOfStructure, groupImages, type NormalImages } from "../faults/index.ts";
import { type StoredTensor, writeTensors } from "../nn/index.ts";
import type { RawImage } from "../pixels/index.ts";
import type { Engine } from "../runtime/index.ts";
import { encoderRecordSchema } from "./description.ts";
import { type OpenEncoder, openEncoder } from "./features.ts";
import type { EncoderWatch, GivenEncoder } from "./fitting.ts";
import { addVectors, type CellGaussians, distanceMap, fitGaussians, noSums } from "./gaussian.ts";
import { checkEncoder } from "./inspection.ts";
import { fitProjection, type Projection, project } from "./projection.ts";
import { tensorsOf } from "./record.ts";
import { fitImage } from "./sizing.ts";

/** Settings of an expert on pooled features with every default. */
export const pooledSettingsSchema = z
  .object({
    /** Side of the square that images become, in pixels, where the encoder takes any size. */
    side: z.number().int().min(32).default(224),
    /** Principal components at most; never more than a quarter of the normal images. */
    dimensions: z.number().int().min(1).default(64),
    shrinkage: z.number().gt(0).lt(1).default(0.01),
    folds: z.number().int().min(2).default(5),
    seed: z.number().int().default(0),
  })
  .strict();

/** Settings of an expert on pooled features. */
export type PooledSettings = z.infer<typeof pooledSettingsSchema>;

/** Everything about an expert on pooled features but its numbers. */
export const pooledExpertSchema = z
  .object({
    settings: pooledSettingsSchema,
    encoder: encoderRecordSchema,
    images: z.number().int(),
    groups: z.number().int(),
    /** General images, 0 where there were none. */
    general: z.number().int(),
    /** Principal components that are used. */
    dimensions: z.number().int().min(1),
    /** What each normal image's score was, and its fold, while it was held out: in the order of the images. */
    heldOut: z.object({ scores: z.array(z.number()), folds: z.array(z.number().int()) }).strict(),
  })
  .strict();

/** Everything about an expert on pooled features but its numbers. */
export type PooledExpertRecord = z.infer<typeof pooledExpertSchema>;

/** An expert on pooled features. */
export interface PooledExpert {
  readonly record: PooledExpertRecord;
  readonly projection: Projection;
  readonly normal: CellGaussians;
  readonly general: CellGaussians | undefined;
}

/** The mean of every channel over the image, those of all taps one after another. */
export async function pooledFeatures(encoder: OpenEncoder, image: RawImage): Promise<Float32Array> {
  const maps = await encoder.run(image);
  return Float32Array.from(
    maps.flatMap(({ channels, rows, columns, values }) =>
      Array.from({ length: channels }, (_, channel) => {
        const plane = values.subarray(channel * rows * columns, (channel + 1) * rows * columns);
        return plane.reduce((sum, value) => sum + value, 0) / plane.length;
      }),
    ),
  );
}

/**
 * Fits an expert on pooled features of normal images and perhaps of general ones. Near-duplicates stay on one side of every split. Throws
 * ConfigError for too few images, and the signal's reason where it is aborted.
 */
export async function fitPooledExpert(
  normal: NormalImages,
  general: NormalImages | undefined,
  { engine, model, record: encoder }: GivenEncoder,
  settings: PooledSettings,
  watch: EncoderWatch = {},
): Promise<PooledExpert> {
  const key = randomKey(settings.seed).fold("pooled");
  const dimensions = Math.min(settings.dimensions, Math.floor(normal.names.length / 4));
  if (dimensions < 1 || (general && general.names.length < 2)) {
    throw new ConfigError({
      code: "too-few-images",
      subject: "encoder",
      expected: "at least 4 normal images, and 2 general ones if any",
      got: `${normal.names.length} and ${general?.names.length ?? 0}`,
    });
  }
  const open = await openEncoder(engine, model, encoder);
  try {
    const { rows, fingerprints } = await poolAll(normal, open, settings, watch);
    const others = general ? (await poolAll(general, open, settings, watch)).rows : [];
    const names = watch.group ? normal.names.map((name) => watch.group!(name)) : [];
    const groups = groupImages(fingerprints, names);
    const folds = assignFolds(groups, settings.folds, randomKey(settings.seed).fold("faults").fold("folds"));
    const features = rows[0]!.length;
    const all = new Float32Array((rows.length + others.length) * features);
    for (const [index, row] of [...rows, ...others].entries()) all.set(row, index * features);
    const projection = fitProjection(all, features, dimensions, key.fold("projection"));
    const background = others.length > 0 ? gaussianOf(others, projection, settings) : undefined;
    const scores = new Array<number>(rows.length);
    for (let fold = 0; fold < settings.folds; fold++) {
      const trained = rows.filter((_, index) => folds[index] !== fold);
      const own = gaussianOf(trained, projection, settings);
      for (const [index, row] of rows.entries()) {
        if (folds[index] === fold) scores[index] = scoreOf(row, projection, own, background);
      }
      watch.onEvent?.({ kind: "scored", fold });
    }
    return {
      record: {
        settings,
        encoder,
        images: rows.length,
        groups: new Set(groups).size,
        general: others.length,
        dimensions: projection.directions.length / features,
        heldOut: { scores, folds: [...folds] },
      },
      projection,
      normal: gaussianOf(rows, projection, settings),
      general: background,
    };
  } finally {
    await open.dispose();
  }
}

async function poolAll(
  { names, read }: NormalImages,
  open: OpenEncoder,
  settings: PooledSettings,
  watch: EncoderWatch,
) {
  const rows: Float32Array[] = [];
  const fingerprints: ReturnType<typeof fingerprintOfStructure>[] = [];
  for (const index of names.keys()) {
    watch.signal?.throwIfAborted();
    const image = await read(index);
    fingerprints.push(fingerprintOfStructure(image));
    rows.push(await pooledFeatures(open, seen(image, open, settings)));
    watch.onEvent?.({ kind: "encoded", done: index + 1, count: names.length });
  }
  return { rows, fingerprints };
}

function seen(image: RawImage, { record }: OpenEncoder, { side }: PooledSettings): RawImage {
  return fitImage(image, record, { mode: "aligned", side, largest: side });
}

function projected(row: Float32Array, projection: Projection) {
  return project({ rows: 1, columns: 1, dimension: row.length, values: row }, projection);
}

function gaussianOf(
  rows: readonly Float32Array[],
  projection: Projection,
  { shrinkage }: PooledSettings,
): CellGaussians {
  const sums = noSums(projected(rows[0]!, projection));
  for (const row of rows) addVectors(sums, projected(row, projection));
  return fitGaussians(sums, { side: 1, shrinkage });
}

function scoreOf(
  row: Float32Array,
  projection: Projection,
  normal: CellGaussians,
  general: CellGaussians | undefined,
): number {
  const vector = projected(row, projection);
  const square = (gaussian: CellGaussians): number => distanceMap(gaussian, vector).values[0]! ** 2;
  return square(normal) - (general ? square(general) : 0);
}

/** Opens an expert on pooled features with its encoder's bytes. Throws FormatError where these are another encoder's. */
export async function openPooledScorer(engine: Engine, model: Uint8Array, expert: PooledExpert) {
  const { record, projection, normal, general } = expert;
  checkEncoder(model, record.encoder);
  const open = await openEncoder(engine, model, record.encoder);
  return {
    /** The score of an image, higher = more anomalous, and its p-value among held-out normal images. */
    async score(image: RawImage): Promise<{ readonly score: number; readonly pValue: number }> {
      const row = await pooledFeatures(open, seen(image, open, record.settings));
      const score = scoreOf(row, projection, normal, general);
      const { scores } = record.heldOut;
      return { score, pValue: (1 + scores.filter((other) => other >= score).length) / (scores.length + 1) };
    },
    dispose: () => open.dispose(),
  };
}

/** The numbers of an expert on pooled features as a safetensors file. */
export function writePooledExpert({ projection, normal, general }: PooledExpert): Uint8Array<ArrayBuffer> {
  const features = projection.mean.length;
  const { dimension } = normal;
  const tensors: Record<string, StoredTensor> = {
    mean: { shape: [features], data: projection.mean },
    deviation: { shape: [features], data: projection.deviation },
    directions: { shape: [dimension, features], data: projection.directions },
  };
  for (const [name, gaussian] of [["normal", normal] as const, ["general", general] as const]) {
    if (!gaussian) continue;
    tensors[`${name}.mean`] = { shape: [dimension], data: gaussian.means };
    tensors[`${name}.factor`] = { shape: [gaussian.factors.length], data: gaussian.factors };
  }
  return writeTensors({ tensors, metadata: { kind: "outglow pooled expert" } });
}

/** An expert on pooled features from its record and the file of its numbers. Throws FormatError where the file holds others. */
export function readPooledExpert(record: PooledExpertRecord, file: Uint8Array, where: string): PooledExpert {
  const take = tensorsOf(file, where);
  const features = record.encoder.taps.reduce((sum, { channels }) => sum + channels, 0);
  const dimension = record.dimensions;
  const gaussian = (name: string): CellGaussians => ({
    rows: 1,
    columns: 1,
    dimension,
    means: take(`${name}.mean`, [dimension]).data,
    factors: take(`${name}.factor`, [(dimension * (dimension + 1)) / 2]).data,
  });
  return {
    record,
    projection: {
      mean: take("mean", [features]).data,
      deviation: take("deviation", [features]).data,
      directions: take("directions", [dimension, features]).data,
    },
    normal: gaussian("normal"),
    general: record.general > 0 ? gaussian("general") : undefined,
  };
}
