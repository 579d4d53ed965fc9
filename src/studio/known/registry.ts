/**
 * What the studio knows: folders of images, detectors and runs, each by an id that never changes and says nothing of where it lies. Kept in
 * one file, written whole, so that nothing is lost when the studio ends, however it ends.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { FormatError, messageOf } from "../../base/index.ts";
import { writeFileAtomic } from "../../data/index.ts";
import { notFound } from "../../service/index.ts";

const entrySchemas = {
  folders: z.strictObject({
    /** What opens it: a path, absolute, or a location of images with a selection. */
    location: z.string(),
    name: z.string(),
    /** Whether the studio made it for images that were dropped: files may be put there. */
    dropped: z.boolean(),
    added: z.number(),
  }),
  detectors: z.strictObject({ path: z.string() }),
  runs: z.strictObject({
    kind: z.string(),
    name: z.string(),
    out: z.string(),
    command: z.string().nullable(),
    created: z.number(),
  }),
} as const;

/** The kinds of things that are known. */
export type ThingKind = keyof typeof entrySchemas;
/** What is known of a thing. */
export type Entry<Kind extends ThingKind> = z.infer<(typeof entrySchemas)[Kind]>;

const fileSchema = z.strictObject({
  version: z.literal(1),
  folders: z.record(z.string(), entrySchemas.folders),
  detectors: z.record(z.string(), entrySchemas.detectors),
  runs: z.record(z.string(), entrySchemas.runs),
});

type Contents = z.infer<typeof fileSchema>;

/** The registry of a studio. */
export interface Registry {
  /** All of a kind by id, in the order in which they came. */
  all<Kind extends ThingKind>(kind: Kind): ReadonlyMap<string, Entry<Kind>>;
  /** Throws Refusal (404) for an id that nothing has. */
  find<Kind extends ThingKind>(kind: Kind, id: string): Entry<Kind>;
  /** Settles when it is on the disk. */
  add<Kind extends ThingKind>(kind: Kind, entry: Entry<Kind>): Promise<string>;
  remove(kind: ThingKind, id: string): Promise<void>;
}

const ids = /^[0-9a-f]{12}$/;

/** Opens the registry in a file. Throws FormatError where that is damaged: to begin anew would lose what is in it. */
export async function openRegistry(path: string): Promise<Registry> {
  const contents = await readContents(path);
  let writing: Promise<void> = Promise.resolve();
  const save = (): Promise<void> => {
    writing = writing
      .catch(() => undefined)
      .then(() => writeFileAtomic(path, `${JSON.stringify(contents, null, 2)}\n`));
    return writing;
  };
  const table = <Kind extends ThingKind>(kind: Kind) => contents[kind] as Record<string, Entry<Kind>>;
  return {
    all: (kind) => new Map(Object.entries(table(kind))),
    find(kind, id) {
      const entry = ids.test(id) && Object.hasOwn(contents[kind], id) ? table(kind)[id] : undefined;
      if (entry) return entry;
      throw notFound(kind.slice(0, -1), "the id of one that the studio knows", "another");
    },
    async add(kind, entry) {
      const id = randomBytes(6).toString("hex");
      table(kind)[id] = entry;
      await save();
      return id;
    },
    async remove(kind, id) {
      delete contents[kind][id];
      await save();
    },
  };
}

async function readContents(path: string): Promise<Contents> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { version: 1, folders: {}, detectors: {}, runs: {} };
    throw damaged(path, messageOf(error));
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    throw damaged(path, "other content");
  }
}

function damaged(path: string, got: string): FormatError {
  const remedy = {
    key: "other",
    text: "move it away to begin with an empty list; detectors in the folder are found again",
  } as const;
  return new FormatError({ code: "damaged", subject: `'${path}'`, expected: "what the studio knows", got, remedy });
}
