/** What the models of a seed say of the test images, kept as JSON so that a later call need not score again. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { type FaultCode, FormatError, messageOf } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import { issueParts } from "../model/index.ts";
import {
  type ClassTable,
  eachSource,
  type ModelTerms,
  makeClassTable,
  makeTermTable,
  type ScoreSource,
  type SourceTables,
  scoreSources,
  type TermTable,
} from "../score/index.ts";

/** The images that terms belong to. */
export interface NamedImages {
  readonly name: string;
  readonly images: { readonly fingerprint: string };
}

/** How a table is kept. */
interface Codec<Table> {
  readonly encode: (table: Table) => unknown;
  /** What reads an encoded table. */
  readonly schema: z.ZodType<Table>;
}

/** float32, little-endian, base64: exact, and not every term is finite. */
const encoding = "float32 base64";
/** Terms of a scale: log-determinant and prior. */
const termsPerScale = 2;
const whole = z.number().int().min(0);
const wrongLength = { error: "expected as many values as count and shape say" };

const termCodec: Codec<TermTable> = {
  encode: ({ count, scales, values }) => ({ count, scales, values: encodeNumbers(values) }),
  schema: z
    .strictObject({ count: whole, scales: whole, values: z.string().transform(decodeNumbers) })
    .refine(({ count, scales, values }) => values.length === count * scales * termsPerScale, wrongLength)
    .transform(({ count, scales, values }) => makeTermTable(count, scales, values)),
};

const classCodec: Codec<ClassTable> = {
  encode: ({ count, names, values }) => ({ count, names, values: encodeNumbers(values) }),
  schema: z
    .strictObject({ count: whole, names: z.array(z.string()).min(1), values: z.string().transform(decodeNumbers) })
    .refine(({ count, names, values }) => values.length === count * names.length, wrongLength)
    .transform(({ count, names, values }) => makeClassTable(count, names, values)),
};

/** How the table of each source is kept; null where it is measured anew at every call. */
const codecs: { readonly [Name in ScoreSource]: Codec<SourceTables[Name]> | null } = {
  general: termCodec,
  local: termCodec,
  coders: null,
  classes: classCodec,
  classifier: classCodec,
  faults: null,
  cells: null,
  encoder: null,
  "encoder-other": null,
  pixels: null,
  latents: null,
  slopes: null,
  gradients: null,
  ensemble: null,
};

const fileSchema = z.strictObject({
  encoding: z.literal(encoding),
  sets: z.array(
    z.looseObject({ name: z.string(), fingerprint: z.string(), dimensions: whole, normal: termCodec.schema }),
  ),
});

/** Writes the terms of every set. Throws RunError where the disk refuses. */
export async function writeTerms(
  path: string,
  sets: readonly NamedImages[],
  terms: readonly ModelTerms[],
): Promise<void> {
  const content = {
    encoding,
    sets: sets.map(({ name, images: { fingerprint } }, index) => {
      const own = terms[index]!;
      const found: Partial<SourceTables> = own;
      const encode = <Name extends ScoreSource>(source: Name): [string, unknown][] => {
        const codec = codecOf(source);
        const table: SourceTables[Name] | undefined = found[source];
        return codec && table ? [[source, codec.encode(table)]] : [];
      };
      const { dimensions, normal } = own;
      const tables = Object.fromEntries(scoreSources.flatMap(encode));
      return { name, fingerprint, dimensions, normal: termCodec.encode(normal), ...tables };
    }),
  };
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, `${JSON.stringify(content)}\n`);
}

/** The kept terms; undefined where there are none, or of other images. Throws FormatError where they are damaged. */
export async function readTerms(path: string, sets: readonly NamedImages[]): Promise<ModelTerms[] | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unusable("unreadable", path, "a readable file", messageOf(error));
  });
  if (text === undefined) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw unusable("damaged", path, "JSON", messageOf(error));
  }
  const stored = check(fileSchema, content, path, "").sets;
  const same =
    stored.length === sets.length && stored.every((one, i) => one.fingerprint === sets[i]!.images.fingerprint);
  if (!same) return undefined;
  return stored.map(({ name: set, fingerprint: _, dimensions, normal, ...encoded }) => ({
    dimensions,
    normal,
    ...eachSource((source) => {
      const codec = codecOf(source);
      const table = encoded[source];
      return codec && table !== undefined ? check(codec.schema, table, path, `${source} of '${set}'`) : undefined;
    }),
  }));
}

function codecOf<Name extends ScoreSource>(source: Name): Codec<SourceTables[Name]> | null {
  return codecs[source];
}

/** What a schema reads of a value, which is the named part of a file. Throws FormatError. */
function check<T>(schema: z.ZodType<T>, value: unknown, path: string, part: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path: at, expected, got } = issueParts(result.error, value);
  const where = [part, at].filter((text) => text !== "").join(", ");
  throw unusable("damaged", path, where === "" ? expected : `${expected} as ${where}`, got);
}

function unusable(code: FaultCode, path: string, expected: string, got: string): FormatError {
  const remedy = { key: "other", text: "remove it to score again" } as const;
  return new FormatError({ code, subject: `'${path}'`, expected, got, remedy });
}

function encodeNumbers(values: Float32Array): string {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, 4 * index);
  return bytes.toString("base64");
}

function decodeNumbers(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(4 * index));
}
