/** Made-up term tables for tests. */
import type { RandomStream } from "../../base/index.ts";
import { type ClassTable, makeClassTable } from "../tables/classes.ts";
import { makeStatisticTable, type StatisticTable } from "../tables/statistic-table.ts";
import { makeTermTable, type TermTable } from "../tables/term-table.ts";
import type { ModelTerms } from "../tables/terms.ts";
import { latentStatisticNames } from "./latent-fit.ts";

/** A table of rows [count][2 * scales]. */
export function tableOf(rows: readonly (readonly number[])[]): TermTable {
  return makeTermTable(rows.length, (rows[0]?.length ?? 0) / 2, Float32Array.from(rows.flat()));
}

/** The terms of rows of the normal and, if given, the general model, for images of 12 numbers. */
export function termsOf(normal: readonly (readonly number[])[], general?: readonly (readonly number[])[]): ModelTerms {
  return { normal: tableOf(normal), ...(general && { general: tableOf(general) }), dimensions: 12 };
}

/** Rows made by calling `row` once an image. */
export function rowsOf(count: number, row: (index: number) => number[]): number[][] {
  return Array.from({ length: count }, (_, index) => row(index));
}

/**
 * Terms like a colour model's: log-dets in thousands of nats that the two models share almost wholly, prior terms against them.
 * `shift` moves the normal model's last log-det alone.
 */
export function likelyTerms(count: number, scales: number, stream: RandomStream, shift = 0): ModelTerms {
  const general: number[][] = [];
  const normal = rowsOf(count, () => {
    const own: number[] = [];
    const other: number[] = [];
    for (let scale = 0; scale < scales; scale++) {
      const detail = 900 * stream.normal();
      const logDet = 5000 + 1000 * scale + detail;
      const prior = -3000 - 0.9 * detail + 40 * stream.normal();
      other.push(logDet, prior);
      own.push(logDet + 10 * stream.normal() + (scale === scales - 1 ? shift : 0), prior + 10 * stream.normal());
    }
    general.push(other);
    return own;
  });
  return termsOf(normal, general);
}

/** A class table of rows [count][classes], the classes called c0, c1, ... */
export function classesOf(rows: readonly (readonly number[])[]): ClassTable {
  const names = (rows[0] ?? []).map((_, index) => `c${index}`);
  return makeClassTable(rows.length, names, Float32Array.from(rows.flat()));
}

/** A table of made statistics. */
export function statisticsOf(names: readonly string[], count: number, draw: (index: number) => number): StatisticTable {
  return makeStatisticTable(
    count,
    names,
    Float64Array.from({ length: count * names.length }, (_, index) => draw(index)),
  );
}

/** likelyTerms with every other member: scores of faults and of features, a local model of one scale, coded sizes, three classes by a flow and by a classifier. */
export function likelyEverything(count: number, scales: number, stream: RandomStream): Required<ModelTerms> {
  const bits = (): Float64Array => Float64Array.from({ length: count }, () => 8 * (600 + stream.integer(200)));
  const { normal, general, dimensions } = likelyTerms(count, scales, stream);
  const scores = Float64Array.from({ length: count }, () => 3 + stream.normal());
  return {
    normal,
    general: general!,
    dimensions,
    faults: { scores },
    cells: { scores },
    local: tableOf(rowsOf(count, () => [4000 + 500 * stream.normal(), -2000 + 100 * stream.normal()])),
    coders: { png: bits(), webp: bits() },
    classes: classesOf(rowsOf(count, () => [0, 1, 2].map(() => 3000 + 300 * stream.normal()))),
    classifier: classesOf(rowsOf(count, () => [0, 1, 2].map(() => 4 * stream.normal()))),
    encoder: { scores: Float64Array.from({ length: count }, () => 2 + stream.normal()) },
    "encoder-other": { scores: scores.map((score) => score - 1) },
    pixels: {
      shape: { channels: 1, height: 3, width: 4 },
      values: Uint8Array.from({ length: 12 * count }, () => 100 + stream.integer(50)),
    },
    latents: statisticsOf(latentStatisticNames(scales), count, () => 1 + Math.abs(stream.normal())),
    slopes: statisticsOf(["image"], count, () => stream.normal()),
    gradients: { ...statisticsOf(["a", "b"], count, () => stream.normal()), sizes: [3, 5] },
    ensemble: statisticsOf(["other"], count, () => 2000 + 100 * stream.normal()),
  };
}
