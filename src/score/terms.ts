/**
 * Terms: what models and coders say about every image, and the log-likelihoods that follow from it.
 *
 *   log p(x) = sum_s (log-det_s + prior_s)   in nats
 *   bits per dimension = -log p(x) / (D ln 2) + 8   for 8-bit images scaled to a range of 1
 *
 * The term of a scale is c_s = F_s + A_s + G_s in section 4, item 5 of the paper's evaluation (Schirrmeister et al., 2020).
 */
import { ConfigError, internalError } from "../base/index.ts";
import { type ClassTable, joinClassTables, selectClassRows } from "./classes.ts";

/** The terms of many images under one model. */
export interface TermTable {
  /** Number of images. */
  readonly count: number;
  /** Number of scales, the final one last. */
  readonly scales: number;
  /** Row-major [count, scales, 2]: log-determinant, then prior term, in nats. */
  readonly values: Float32Array;
}

/** The lossless image coders whose sizes take part in scores. */
export const coderNames = ["png", "webp"] as const;

/** One of the lossless image coders. */
export type CoderName = (typeof coderNames)[number];

/** What is known of the same images: their terms under the normal model and whatever else scores can draw from. */
export interface ModelTerms {
  readonly normal: TermTable;
  /** Under a model of images in general, with as many scales as the normal one. */
  readonly general?: TermTable;
  /** Under a model of small patches, with a number of scales of its own. */
  readonly local?: TermTable;
  /** Bits of every image as a whole file of a lossless coder, headers included: [count] by coder. */
  readonly coderBits?: Readonly<Record<CoderName, Float64Array>>;
  /** log p(x|c) of a class-conditional flow, in nats. */
  readonly classes?: ClassTable;
  /** Logits of a classifier. */
  readonly classifier?: ClassTable;
  /** Numbers per image (channels * height * width). */
  readonly dimensions: number;
}

/** Numbers per scale in a term table: log-determinant and prior term. */
export const termsPerScale = 2;

/** A term table over values [count, scales, 2]. Throws an internal error where the length does not fit. */
export function makeTermTable(count: number, scales: number, values: Float32Array): TermTable {
  if (values.length !== count * scales * termsPerScale) {
    throw internalError(`terms of ${count} images and ${scales} scales cannot have ${values.length} values`);
  }
  return { count, scales, values };
}

/**
 * Checks that all members speak of the same images and the general model of the same scales.
 * Throws ConfigError for another number of scales, an internal error for another number of images.
 */
export function checkModelTerms({ normal, general, local, coderBits, classes, classifier }: ModelTerms): void {
  if (general !== undefined && general.scales !== normal.scales) {
    throw new ConfigError(
      `general model: expected ${normal.scales} scales like the normal model, got ${general.scales}; train both with the same --scales`,
    );
  }
  const counts: readonly (readonly [string, number | undefined])[] = [
    ["general terms", general?.count],
    ["local terms", local?.count],
    ["class table", classes?.count],
    ["classifier table", classifier?.count],
    ...coderNames.map((name) => [`${name} sizes`, coderBits?.[name].length] as const),
  ];
  for (const [what, count] of counts) {
    if (count !== undefined && count !== normal.count) {
      throw internalError(`normal terms of ${normal.count} images, ${what} of ${count}`);
    }
  }
}

/** The sum log-det + prior of every scale, [count, scales] in nats, added in float64. Non-finite terms stay so. */
export function scaleSums({ values }: TermTable): Float64Array {
  return Float64Array.from(
    { length: values.length / termsPerScale },
    (_, index) => values[termsPerScale * index]! + values[termsPerScale * index + 1]!,
  );
}

/** log p(x) of every image, [count] in nats, added in float64. Non-finite where a term is. */
export function logLikelihoods(table: TermTable): Float64Array {
  const sums = scaleSums(table);
  const result = new Float64Array(table.count);
  for (let image = 0; image < table.count; image++) {
    for (let scale = 0; scale < table.scales; scale++) result[image]! += sums[image * table.scales + scale]!;
  }
  return result;
}

/** Bits per dimension of an 8-bit image from its log-likelihood in nats and its number of dimensions D. */
export function bitsPerDimension(logLikelihood: number, dimensions: number): number {
  return 8 - logLikelihood / (dimensions * Math.LN2);
}

/** Every member of `terms` for the images with the given indices, in that order. */
export function selectTerms(
  { normal, general, local, coderBits, classes, classifier, dimensions }: ModelTerms,
  images: ArrayLike<number>,
): ModelTerms {
  return {
    normal: selectRows(normal, images),
    ...(general && { general: selectRows(general, images) }),
    ...(local && { local: selectRows(local, images) }),
    ...(coderBits && {
      coderBits: byCoder((coder) => Float64Array.from(images, (image) => coderBits[coder][image]!)),
    }),
    ...(classes && { classes: selectClassRows(classes, images) }),
    ...(classifier && { classifier: selectClassRows(classifier, images) }),
    dimensions,
  };
}

function selectRows({ scales, values }: TermTable, images: ArrayLike<number>): TermTable {
  const width = scales * termsPerScale;
  const selected = new Float32Array(images.length * width);
  for (let row = 0; row < images.length; row++) {
    selected.set(values.subarray(images[row]! * width, (images[row]! + 1) * width), row * width);
  }
  return { count: images.length, scales, values: selected };
}

/** The tables of successive batches of one model as one table. Throws an internal error for none or for unequal scales. */
export function joinTermTables(tables: readonly TermTable[]): TermTable {
  const first = tables[0];
  if (first === undefined || tables.some(({ scales }) => scales !== first.scales)) {
    throw internalError("joining terms needs at least one table, all with the same scales");
  }
  const values = new Float32Array(tables.reduce((length, table) => length + table.values.length, 0));
  let offset = 0;
  for (const table of tables) {
    values.set(table.values, offset);
    offset += table.values.length;
  }
  return makeTermTable(
    tables.reduce((count, table) => count + table.count, 0),
    first.scales,
    values,
  );
}

/**
 * The terms of successive batches as one, every member that the first batch has.
 * Throws an internal error for no batches, for unequal scales or classes, and where a later batch lacks a member.
 */
export function joinModelTerms(batches: readonly ModelTerms[]): ModelTerms {
  const first = batches[0];
  if (first === undefined) throw internalError("joining terms needs at least one batch");
  const every = <T>(what: string, member: (terms: ModelTerms) => T | undefined): T[] | undefined => {
    if (member(first) === undefined) return undefined;
    return batches.map((terms) => {
      const value = member(terms);
      if (value === undefined) throw internalError(`joining terms: a batch lacks the ${what} of the first`);
      return value;
    });
  };
  const general = every("general terms", (terms) => terms.general);
  const local = every("local terms", (terms) => terms.local);
  const coderBits = every("coded sizes", (terms) => terms.coderBits);
  const classes = every("class table", (terms) => terms.classes);
  const classifier = every("classifier table", (terms) => terms.classifier);
  return {
    normal: joinTermTables(batches.map(({ normal }) => normal)),
    ...(general && { general: joinTermTables(general) }),
    ...(local && { local: joinTermTables(local) }),
    ...(coderBits && {
      coderBits: byCoder((coder) => Float64Array.from(coderBits.flatMap((sizes) => Array.from(sizes[coder])))),
    }),
    ...(classes && { classes: joinClassTables(classes) }),
    ...(classifier && { classifier: joinClassTables(classifier) }),
    dimensions: first.dimensions,
  };
}

/** A record of something for every coder. */
export function byCoder<T>(make: (coder: CoderName) => T): Record<CoderName, T> {
  return { png: make("png"), webp: make("webp") };
}
