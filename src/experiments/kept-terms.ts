/** What the models of a seed say of the test images, kept as JSON so that a later call need not score again. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { type FaultCode, FormatError, messageOf } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import { issueParts } from "../model/index.ts";
import { type ClassTable, type ModelTerms, makeClassTable, makeTermTable, type TermTable } from "../score/index.ts";
import type { TestSet } from "./scored-images.ts";

const tableSchema = z.strictObject({ count: z.number(), scales: z.number(), values: z.string() });
const classTableSchema = z.strictObject({ count: z.number(), names: z.array(z.string()), values: z.string() });
const termsSchema = z.strictObject({
  /** [count, scales, {log-det, prior}] as float32, little-endian, base64: exact, and not every term is finite. */
  encoding: z.literal("float32 base64"),
  sets: z.array(
    z.strictObject({
      name: z.string(),
      fingerprint: z.string(),
      dimensions: z.number(),
      normal: tableSchema,
      general: tableSchema.optional(),
      local: tableSchema.optional(),
      classes: classTableSchema.optional(),
      classifier: classTableSchema.optional(),
    }),
  ),
});

type StoredClassTable = z.infer<typeof classTableSchema>;
type StoredTable = z.infer<typeof tableSchema>;

/** Writes the terms of every set. Throws RunError where the disk refuses. */
export async function writeTerms(path: string, sets: readonly TestSet[], terms: readonly ModelTerms[]): Promise<void> {
  const content: z.infer<typeof termsSchema> = {
    encoding: "float32 base64",
    sets: sets.map(({ name, images }, index) => {
      const { normal, general, local, classes, classifier, dimensions } = terms[index]!;
      return {
        name,
        fingerprint: images.fingerprint,
        dimensions,
        normal: encodeTable(normal),
        ...(general && { general: encodeTable(general) }),
        ...(local && { local: encodeTable(local) }),
        ...(classes && { classes: encodeClasses(classes) }),
        ...(classifier && { classifier: encodeClasses(classifier) }),
      };
    }),
  };
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, `${JSON.stringify(content)}\n`);
}

/** The kept terms; undefined where there are none, or of other images. Throws FormatError where they are damaged. */
export async function readTerms(path: string, sets: readonly TestSet[]): Promise<ModelTerms[] | undefined> {
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
  const result = termsSchema.safeParse(content);
  if (!result.success) {
    const { path: at, expected, got } = issueParts(result.error, content);
    throw unusable("damaged", path, `${expected}${at === "" ? "" : ` as ${at}`}`, got);
  }
  const stored = result.data.sets;
  const same =
    stored.length === sets.length && stored.every((one, i) => one.fingerprint === sets[i]!.images.fingerprint);
  if (!same) return undefined;
  return stored.map(({ dimensions, normal, general, local, classes, classifier }) => ({
    dimensions,
    normal: decodeTable(normal),
    ...(general && { general: decodeTable(general) }),
    ...(local && { local: decodeTable(local) }),
    ...(classes && { classes: decodeClasses(classes) }),
    ...(classifier && { classifier: decodeClasses(classifier) }),
  }));
}

function unusable(code: FaultCode, path: string, expected: string, got: string): FormatError {
  const remedy = { key: "other", text: "remove it to score again" } as const;
  return new FormatError({ code, subject: `'${path}'`, expected, got, remedy });
}

function encodeTable({ count, scales, values }: TermTable): StoredTable {
  return { count, scales, values: encodeNumbers(values) };
}

function decodeTable({ count, scales, values }: StoredTable): TermTable {
  return makeTermTable(count, scales, decodeNumbers(values));
}

function encodeClasses({ count, names, values }: ClassTable): StoredClassTable {
  return { count, names: [...names], values: encodeNumbers(values) };
}

function decodeClasses({ count, names, values }: StoredClassTable): ClassTable {
  return makeClassTable(count, names, decodeNumbers(values));
}

function encodeNumbers(values: Float32Array): string {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, 4 * index);
  return bytes.toString("base64");
}

function decodeNumbers(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
}
