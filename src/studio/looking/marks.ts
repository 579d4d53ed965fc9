/**
 * What a person has said of images: normal or anomalous, by where an image is and what it is called, so that it holds for every detector. Kept in one
 * file, written whole, with the last changes, which can be taken back.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { FormatError } from "../../base/index.ts";
import { writeFileAtomic } from "../../data/index.ts";

/** What an image can be marked as. */
export const markNames = ["normal", "anomalous"] as const;
export type Mark = (typeof markNames)[number];

/** An image by the location of its set and its name. */
export interface MarkedImage {
  readonly location: string;
  readonly name: string;
}

const mark = z.enum(markNames);

const changeSchema = z.strictObject({
  at: z.number(),
  /** Null: marks were taken away. */
  mark: mark.nullable(),
  images: z.array(z.tuple([z.string(), z.string(), mark.nullable()])),
});

const fileSchema = z.strictObject({
  version: z.literal(1),
  marks: z.array(z.tuple([z.string(), z.string(), mark])),
  changes: z.array(changeSchema),
});

/** A change: what images were marked as, and what each was before. */
export type MarkChange = z.output<typeof changeSchema>;

/** The marks of a studio. */
export interface Marks {
  /** The mark of every marked image of a location, by name. */
  of(location: string): ReadonlyMap<string, Mark>;
  /** Marks images, or takes their marks away. Settles when it is on the disk. */
  set(images: readonly MarkedImage[], mark: Mark | null): Promise<void>;
  /** Takes the last change back; undefined where there is none. */
  undo(): Promise<MarkChange | undefined>;
  /** The change that would be taken back. */
  last(): MarkChange | undefined;
}

/** Changes that can be taken back. */
const mostChanges = 100;

/** Opens the marks in a file. Throws FormatError where it is damaged: to begin anew would lose what is in it. */
export async function openMarks(path: string): Promise<Marks> {
  const contents = await readContents(path);
  const marks = new Map<string, Map<string, Mark>>();
  const put = (location: string, name: string, value: Mark | null): Mark | null => {
    const own = marks.get(location) ?? new Map<string, Mark>();
    marks.set(location, own);
    const before = own.get(name) ?? null;
    if (value === null) own.delete(name);
    else own.set(name, value);
    return before;
  };
  for (const [location, name, value] of contents.marks) put(location, name, value);
  const changes = [...contents.changes];
  let writing: Promise<void> = Promise.resolve();
  const save = (): Promise<void> => {
    const all = [...marks].flatMap(([location, own]) => [...own].map(([name, value]) => [location, name, value]));
    const text = `${JSON.stringify({ version: 1, marks: all, changes })}\n`;
    writing = writing.catch(() => undefined).then(() => writeFileAtomic(path, text));
    return writing;
  };
  return {
    of: (location) => marks.get(location) ?? new Map(),
    async set(images, value) {
      const before = images.map(({ location, name }): [string, string, Mark | null] => [
        location,
        name,
        put(location, name, value),
      ]);
      changes.push({ at: Date.now(), mark: value, images: before });
      if (changes.length > mostChanges) changes.shift();
      await save();
    },
    async undo() {
      const change = changes.pop();
      if (!change) return undefined;
      for (const [location, name, before] of change.images) put(location, name, before);
      await save();
      return change;
    },
    last: () => changes.at(-1),
  };
}

async function readContents(path: string): Promise<z.output<typeof fileSchema>> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return { version: 1, marks: [], changes: [] };
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    const remedy = { key: "other", text: "move it away to begin without marks" } as const;
    throw new FormatError({
      code: "damaged",
      subject: `'${path}'`,
      expected: "marks of images",
      got: "other content",
      remedy,
    });
  }
}
