/**
 * What scores draw from beside the terms of the normal model: one record a source. Add a source by adding a record; the code that selects, joins,
 * checks and stores terms, or says what is missing, finds it here.
 */
import { ConfigError, type Remedy, setting } from "../../base/index.ts";
import { type ClassTable, joinClassTables, selectClassRows } from "./classes.ts";
import { type CoderSizes, countSizes, joinSizes, selectSizes } from "./coders.ts";
import { type FaultTable, joinFaults, selectFaults } from "./fault-table.ts";
import { countPixels, joinPixels, type PixelTable, selectPixels } from "./pixel-table.ts";
import { joinStatistics, type StatisticTable, selectStatistics } from "./statistic-table.ts";
import { joinTermTables, piecesOf, selectTermRows, type TermTable, termsPerScale } from "./term-table.ts";

/** Row-major numbers with a shape, as a file keeps them. */
export interface StoredTable {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What a source is and how its table of many images is handled. */
interface SourceDefinition<Table> {
  /** What it is called, with its article. */
  readonly title: string;
  /** How a person comes to it. */
  readonly remedy: Extract<Remedy, { readonly key: "train-with" | "measure" }>;
  /** What it costs beside the normal model. */
  readonly cost: SourceCost;
  /** The number of images. */
  readonly count: (table: Table) => number;
  /** The rows of the images with the given indices, in that order. */
  readonly select: (table: Table, images: ArrayLike<number>) => Table;
  /** The tables of successive batches as one. Throws an internal error where they do not fit. */
  readonly join: (tables: readonly Table[]) => Table;
  /** Throws ConfigError where it does not fit the normal model of the same images. Null where it always does. */
  readonly check: ((table: Table, normal: TermTable) => void) | null;
  /** What a detector has to reproduce on other machines. Null where no model of the detector gives it. */
  readonly serialise: ((table: Table) => StoredTable) | null;
}

/** What a source costs, in a few words. */
export interface SourceCost {
  readonly training: string;
  readonly scoring: string;
}

type Described<Table> = Pick<SourceDefinition<Table>, "title" | "remedy" | "cost">;

/** A flow beside the normal one. */
function flowSource(
  described: Described<TermTable>,
  check: SourceDefinition<TermTable>["check"],
): SourceDefinition<TermTable> {
  const count = (table: TermTable): number => table.count;
  return { ...described, count, select: selectTermRows, join: joinTermTables, check, serialise: storeTerms };
}

/** A model that tells classes apart. */
function classSource(described: Described<ClassTable>): SourceDefinition<ClassTable> {
  return {
    ...described,
    count: ({ count }) => count,
    select: selectClassRows,
    join: joinClassTables,
    check: null,
    serialise: ({ count, names, values }) => ({ shape: [count, names.length], data: values }),
  };
}

const trainWith = (name: string): Described<never>["remedy"] => ({ key: "train-with", settings: setting(name) });

const secondFlow: SourceCost = {
  training: "a second flow, or one of another detector",
  scoring: "a second flow's pass",
};

const coders: SourceDefinition<CoderSizes> = {
  title: "the coded sizes of its images",
  cost: { training: "none", scoring: "a file of every coder an image" },
  remedy: { key: "measure", what: "them" },
  count: countSizes,
  select: selectSizes,
  join: joinSizes,
  check: null,
  serialise: null,
};

/** A score of each image that a part of the detector has found at some place in it; the setting trains that part. */
function placedSource(title: string, cost: SourceCost, name: string): SourceDefinition<FaultTable> {
  return {
    title,
    cost,
    remedy: trainWith(name),
    count: ({ scores }) => scores.length,
    select: selectFaults,
    join: joinFaults,
    check: null,
    serialise: null,
  };
}

const faults = placedSource(
  "a detector of local faults",
  { training: "a small network on synthetic faults", scoring: "its pass over the image at its own size" },
  "faults",
);

const cells = placedSource(
  "flows of cells",
  {
    training: "small flows, with the outlier loss on synthetic faults",
    scoring: "their passes over the image at its own size",
  },
  "cells",
);

const encoder = placedSource(
  "an encoder's features",
  { training: "none, the features of normal images are fitted", scoring: "the encoder's pass over the image" },
  "encoder",
);

const otherEncoder: SourceDefinition<FaultTable> = {
  ...encoder,
  title: "an encoder's features in two ways",
  cost: { ...encoder.cost, scoring: "the encoder's pass over the image, again" },
};

const pixels: SourceDefinition<PixelTable> = {
  title: "the pixels of its images",
  cost: { training: "none", scoring: "a pass over the pixels, no model" },
  remedy: { key: "measure", what: "them" },
  count: countPixels,
  select: selectPixels,
  join: joinPixels,
  check: null,
  serialise: null,
};

/** Numbers that are measured of the normal flow, or of others. */
function statisticSource(title: string, cost: SourceCost): SourceDefinition<StatisticTable> {
  return {
    title,
    cost,
    remedy: { key: "measure", what: "them" },
    count: ({ count }) => count,
    select: selectStatistics,
    join: joinStatistics,
    check: null,
    serialise: null,
  };
}

/** What is measured where a score that needs it is asked for by name. */
const onDemandRecords = {
  pixels,
  /** How much like noise the latents of every scale are (`latent-fit.ts`). */
  latents: statisticSource("statistics of the latents", {
    training: "none",
    scoring: "another pass of the flow, for its latents",
  }),
  /** ln |d log p / d x|, one column. */
  slopes: statisticSource("gradients of the images", {
    training: "none",
    scoring: "a pass of the flow forwards and backwards",
  }),
  /** ln |d log p / d theta_l|^2, a column for each tensor of parameters, whose number of parameters is its size. */
  gradients: statisticSource("gradients of the parameters", {
    training: "none",
    scoring: "a pass of the flow forwards and backwards, image by image",
  }),
  /** log p under the normal flows of other detectors, in nats. */
  ensemble: statisticSource("other detectors of the same images", {
    training: "more detectors with other seeds",
    scoring: "a pass of each of them",
  }),
};

const usualRecords = {
  /** A model of images in general, with as many scales as the normal one. */
  general: flowSource({ title: "a general model", remedy: trainWith("general"), cost: secondFlow }, checkScales),
  /** A model of small patches, with a number of scales of its own. */
  local: flowSource(
    {
      title: "a local model",
      remedy: trainWith("local"),
      cost: { training: "a small flow", scoring: "a small flow's pass" },
    },
    null,
  ),
  coders,
  /** log p(x|c) of a class-conditional flow, in nats. */
  classes: classSource({
    title: "a class-conditional model",
    remedy: trainWith("classes"),
    cost: { training: "classes in the normal flow", scoring: "next to nothing" },
  }),
  /** Logits of a classifier. */
  classifier: classSource({
    title: "a classifier",
    remedy: trainWith("classifier"),
    cost: { training: "a residual network", scoring: "its pass" },
  }),
  /** Looks at images themselves, at their own size. */
  faults,
  /** Look at images themselves, cell by cell. */
  cells,
  /** Looks at images themselves, too, through the eyes of a network that was trained on other images. */
  encoder,
  /** The same features, compared in the way for which trials speak less. */
  "encoder-other": otherEncoder,
};

const records = { ...usualRecords, ...onDemandRecords };

/** One of the things that a score can need. */
export type ScoreSource = keyof typeof records;

/** Those that look at places of images themselves, and so have a map. Each has a score of its name. */
export const placedNames = ["faults", "cells", "encoder", "encoder-other"] as const satisfies readonly ScoreSource[];

/** One of those that look at places of images themselves. */
export type PlacedSource = (typeof placedNames)[number];

/** Whether this is a score of what looks at places of images, or its source. */
export function isPlaced(name: string): name is PlacedSource {
  return (placedNames as readonly string[]).includes(name);
}

/** The table of every source. */
export type SourceTables = {
  readonly [Name in ScoreSource]: (typeof records)[Name] extends SourceDefinition<infer Table> ? Table : never;
};

/** Every source's record. */
export const sourceDefinitions: { readonly [Name in ScoreSource]: SourceDefinition<SourceTables[Name]> } = records;

/** A source that is measured only where a score that needs it is asked for by name: it costs more than the scores of all usual ones. */
export type OnDemandSource = keyof typeof onDemandRecords;

/** Every source. */
export const scoreSources = Object.keys(records) as readonly ScoreSource[];

/** Whether a source is measured on demand only. */
export function isOnDemand(source: ScoreSource): source is OnDemandSource {
  return Object.hasOwn(onDemandRecords, source);
}

/** Whether a source is kept only where a joined score hears it: nobody asked for it, and every image costs something more. */
export function isExtra(source: ScoreSource): boolean {
  return isOnDemand(source) || source === "encoder-other";
}

/** What a source is called, and what it costs. */
export function describeScoreSource(source: ScoreSource): { readonly title: string; readonly cost: SourceCost } {
  const { title, cost } = sourceDefinitions[source];
  return { title, cost };
}

/** The sources among the members of `terms`. */
export function sourcesOf(terms: Partial<SourceTables>): ReadonlySet<ScoreSource> {
  return new Set(scoreSources.filter((source) => terms[source] !== undefined));
}

/** The needed sources that are not available, in the order of need. */
export function missingSources(
  needs: readonly ScoreSource[],
  available: ReadonlySet<ScoreSource>,
): readonly ScoreSource[] {
  return needs.filter((source) => !available.has(source));
}

/** What a score misses, as parts of a fault; `others` are the names of scores that need none of it. */
export function missingFault(
  missing: readonly ScoreSource[],
  others: string,
): { readonly expected: string; readonly got: string; readonly remedy: Remedy } {
  const titles = missing.map((source) => sourceDefinitions[source].title).join(" and ");
  const settings = missing.flatMap((source) => {
    const { remedy } = sourceDefinitions[source];
    return remedy.key === "train-with" ? [remedy.settings] : [];
  });
  if (settings.length === 0) {
    return { expected: titles, got: "none", remedy: { key: "measure-or-choose", what: "them", others } };
  }
  return {
    expected: `a detector with ${titles}`,
    got: "one without",
    remedy: { key: "train-with-or-choose", settings: settings.join(" and "), others },
  };
}

function checkScales({ scales }: TermTable, normal: TermTable): void {
  if (scales === normal.scales) return;
  throw new ConfigError({
    code: "mismatch",
    subject: "general model",
    expected: `${normal.scales} scales like the normal model`,
    got: String(scales),
    remedy: { key: "other", text: `train both with the same ${setting("scales")}` },
  });
}

/** The terms of a flow as a file keeps them. */
export function storeTerms({ count, scales, values }: TermTable): StoredTable {
  return { shape: [count, piecesOf(scales), termsPerScale], data: values };
}
