/** What stands of a search in its folder: what it was asked for, what was found of its images, and the scores of each pass that is finished. */
import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { ConfigError, setting } from "../../base/index.ts";
import { entriesOf, recordedLocation, writeFileAtomic } from "../../data/index.ts";
import type { Watch } from "../events.ts";
import { findFolder } from "./find-models.ts";
import { halvesOfPile, knowPile, openPile, type Pile } from "./find-pile.ts";
import { type FindSettings, findRequestSchema } from "./find-request.ts";

/** A search that can begin or go on. */
interface Search {
  readonly settings: FindSettings;
  readonly pile: Pile;
}

const recordSchema = z.strictObject({
  version: z.literal(1),
  settings: findRequestSchema,
  /** SHA-256 of the prepared pixels. */
  fingerprint: z.string(),
  groups: z.array(z.number().int().min(0)),
  oddness: z.array(z.number()),
});

/** Scores of all images, and by expert the share of its half that is at least as odd as each. */
export interface PassColumns {
  readonly scores: Float64Array;
  readonly experts: ReadonlyMap<string, Float64Array>;
  /** How loud every expert is heard; the likeness of the second look has no weight of its own. */
  readonly weights: ReadonlyMap<string, number>;
}

const passSchema = z.strictObject({
  version: z.literal(1),
  scores: z.array(z.number()),
  experts: z.record(z.string(), z.array(z.number())),
  weights: z.record(z.string(), z.number()),
});

/** Leaves the scores of a finished pass, 0 or 1, so that a search that goes on need not score again. */
export async function writePass(out: string, pass: number, { scores, experts, weights }: PassColumns): Promise<void> {
  const record: z.input<typeof passSchema> = {
    version: 1,
    scores: Array.from(scores),
    experts: Object.fromEntries(Array.from(experts, ([name, values]) => [name, Array.from(values)])),
    weights: Object.fromEntries(weights),
  };
  await writeFileAtomic(findFolder(out).scores(pass), `${JSON.stringify(record)}\n`);
}

/** The scores of a pass that is finished. Undefined where there are none that can be read: they are then measured again. */
export async function passRecord(out: string, pass: number, count: number): Promise<PassColumns | undefined> {
  const text = await readFile(findFolder(out).scores(pass), "utf8").catch(() => undefined);
  const result = text === undefined ? undefined : passSchema.safeParse(parsed(text));
  if (!result?.success || result.data.scores.length !== count) return undefined;
  const { scores, experts, weights } = result.data;
  if (Object.values(experts).some((values) => values.length !== count)) return undefined;
  const columns = Object.entries(experts).map(([name, values]) => [name, Float64Array.from(values)] as const);
  return { scores: Float64Array.from(scores), experts: new Map(columns), weights: new Map(Object.entries(weights)) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Opens a new search: its images are looked through, and what was found of them stands in its folder. Throws as `openPile`. */
export async function beginSearch(settings: FindSettings, watch: Watch): Promise<Search> {
  const opened = await openPile(settings, watch);
  const known = await knowPile(opened, settings, watch);
  halvesOfPile(known, settings.seed);
  const folder = findFolder(settings.out);
  // What a former search left would be taken for this one's models.
  for (const path of await readdir(dirname(folder.record))) {
    if (path !== "find.lock") await rm(join(dirname(folder.record), path), { recursive: true, force: true });
  }
  const data = await Promise.all([settings.data!].flat().map((one) => recordedLocation(one, "images")));
  const record: z.input<typeof recordSchema> = {
    version: 1,
    settings: { ...settings, data, force: false },
    fingerprint: opened.images.fingerprint,
    groups: [...known.groups],
    oddness: [...known.oddness],
  };
  await writeFileAtomic(folder.record, `${JSON.stringify(record)}\n`);
  return { settings, pile: { ...opened, known } };
}

/** Opens the search that stands in `out`. Throws ConfigError where there is none, and where its images are others now. */
export async function resumeSearch(asked: FindSettings, watch: Watch): Promise<Search> {
  const { record: path } = findFolder(asked.out);
  const text = await readFile(path, "utf8").catch(() => undefined);
  const result = text === undefined ? undefined : recordSchema.safeParse(parsed(text));
  if (!result?.success) {
    throw new ConfigError({
      code: "not-found",
      subject: setting("resume"),
      expected: "a search that was begun",
      got: result ? `a damaged one in '${path}'` : `none in '${asked.out}'`,
      remedy: { key: "other", text: `begin one without ${setting("resume")}` },
    });
  }
  const { groups, oddness, fingerprint, settings: standing } = result.data;
  const { data = standing.data, top, share, out } = asked;
  const output = top === undefined && share === undefined ? {} : { top, share };
  const settings = { ...standing, ...output, out, data };
  const opened = await openPile(settings, watch);
  if (opened.images.fingerprint !== fingerprint) {
    throw new ConfigError({
      code: "other-images",
      subject: setting("resume"),
      expected: "the images that the search began with",
      got: "others",
      remedy: { key: "other", text: `put them back, or start anew with ${setting("force")}` },
    });
  }
  return { settings, pile: { ...opened, known: { groups, oddness } } };
}

/** Throws ConfigError where `out` holds something that is not to be replaced. */
export async function checkFree({ out, force }: FindSettings): Promise<void> {
  const entries = await entriesOf(out, setting("out"));
  if (entries.length === 0) return;
  const isOurs = (await readFile(findFolder(out).record).catch(() => undefined)) !== undefined;
  if (isOurs && force) return;
  throw new ConfigError({
    code: "exists",
    subject: setting("out"),
    expected: "a new folder",
    got: isOurs ? `'${out}' with a search in it` : `'${out}' with other files in it`,
    remedy: isOurs
      ? { key: "other", text: `${setting("resume")} goes on with it, ${setting("force")} replaces it` }
      : { key: "choose-another" },
  });
}
