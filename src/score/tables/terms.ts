/**
 * Terms: what models and coders say about every image.
 *
 * The term of a scale is c_s = F_s + A_s + G_s of (Schirrmeister et al. 2020): log-determinant and prior term.
 */
import { internalError } from "../../base/index.ts";
import {
  type ScoreSource,
  type SourceTables,
  type StoredTable,
  scoreSources,
  sourceDefinitions,
  storeTerms,
} from "./sources.ts";
import { joinTermTables, selectTermRows, type TermTable } from "./term-table.ts";

/** What is known of the same images: their terms under the normal model and whatever else scores can draw from (`sources.ts`). */
export type ModelTerms = {
  readonly normal: TermTable;
  /** Numbers per image (channels * height * width). */
  readonly dimensions: number;
} & Partial<SourceTables>;

/**
 * Checks that all members speak of the same images and the general model of the same scales.
 * Throws ConfigError for another number of scales, an internal error for another number of images.
 */
export function checkModelTerms(terms: ModelTerms): void {
  const { normal } = terms;
  const check = <Name extends ScoreSource>(name: Name): void => {
    const definition = sourceDefinitions[name];
    const table = tableOf(terms, name);
    if (table === undefined) return;
    const count = definition.count(table);
    if (count !== normal.count) throw internalError(`normal terms of ${normal.count} images, ${name} of ${count}`);
    definition.check?.(table, normal);
  };
  for (const name of scoreSources) check(name);
}

/** Every member of `terms` for the images with the given indices, in that order. */
export function selectTerms(terms: ModelTerms, images: ArrayLike<number>): ModelTerms {
  const select = <Name extends ScoreSource>(name: Name) => {
    const table = tableOf(terms, name);
    return table && sourceDefinitions[name].select(table, images);
  };
  const { normal, dimensions } = terms;
  return { normal: selectTermRows(normal, images), ...eachSource(select), dimensions };
}

/**
 * The terms of successive batches as one, every member that the first batch has.
 * Throws an internal error for no batches, for unequal scales or classes, and where a later batch lacks a member.
 */
export function joinModelTerms(batches: readonly ModelTerms[]): ModelTerms {
  const first = batches[0];
  if (first === undefined) throw internalError("joining terms needs at least one batch");
  const join = <Name extends ScoreSource>(name: Name) => {
    if (first[name] === undefined) return undefined;
    const tables = batches.map((terms) => {
      const table = tableOf(terms, name);
      if (table === undefined) throw internalError(`joining terms: a batch lacks the ${name} of the first`);
      return table;
    });
    return sourceDefinitions[name].join(tables);
  };
  const normal = joinTermTables(batches.map((terms) => terms.normal));
  return { normal, ...eachSource(join), dimensions: first.dimensions };
}

/** What a detector has to reproduce of these terms on other machines, by member, as a file keeps it. */
export function storedTerms(terms: ModelTerms): Readonly<Record<string, StoredTable>> {
  const store = <Name extends ScoreSource>(name: Name): [string, StoredTable][] => {
    const { serialise } = sourceDefinitions[name];
    const table = tableOf(terms, name);
    return serialise && table ? [[name, serialise(table)]] : [];
  };
  return { normal: storeTerms(terms.normal), ...Object.fromEntries(scoreSources.flatMap(store)) };
}

/** The table of a source, where there is one. */
function tableOf<Name extends ScoreSource>(tables: Partial<SourceTables>, name: Name): SourceTables[Name] | undefined {
  return tables[name];
}

/** The tables that `make` gives, by source; those that it does not give are left out. */
export function eachSource(
  make: <Name extends ScoreSource>(name: Name) => SourceTables[Name] | undefined,
): Partial<SourceTables> {
  const tables: { -readonly [Name in ScoreSource]?: SourceTables[Name] } = {};
  const put = <Name extends ScoreSource>(name: Name): void => {
    const table = make(name);
    if (table !== undefined) tables[name] = table;
  };
  for (const name of scoreSources) put(name);
  return tables;
}
