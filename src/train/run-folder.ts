/** The folder of a run: its record and its files. Who may write there: `held-run.ts`. */
import { mkdir, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError, encoderPlans, FormatError, messageOf, roles, setting } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import { describeIssue, type PhaseName, phaseNames, trainingSchema } from "../model/index.ts";

const sourceSchema = z.strictObject({
  /** Absolute, so that a run can be resumed from anywhere. */
  location: z.string(),
  /** SHA-256 of the prepared pixels. */
  fingerprint: z.string(),
});

const generalDetectorSchema = z.strictObject({
  folder: z.string(),
  /** SHA-256 of its weights. */
  weights: z.string(),
  data: z.strictObject({ location: z.string(), count: z.number(), fingerprint: z.string() }),
});

const recordSchema = z.strictObject({
  configuration: trainingSchema,
  normal: sourceSchema,
  general: sourceSchema.nullable(),
  /** The detector whose flow is the general model; its weights are copied into the run. */
  generalDetector: generalDetectorSchema.nullable(),
  /** Images of the outlier or margin loss where they are not the general ones. */
  outliers: sourceSchema.nullable().default(null),
  /** The detector whose normal flow the normal flow starts from; its weights are copied into the run. */
  startDetector: generalDetectorSchema.pick({ folder: true, weights: true }).nullable().default(null),
  /** What comes of it: a detector, or a general model for other detectors. */
  role: z.enum(roles).default("detector"),
  /** What looks for local faults is trained, too, after the flows: for so long, or so many steps a network. */
  faults: z
    .strictObject({
      seconds: z.number().positive().nullable(),
      steps: z.number().int().positive().nullable(),
      /** Where runs of earlier versions keep what is `group` below. */
      group: z.string().nullable().optional(),
      /** A person's own examples of faults; the fingerprint is of what was cut out of them. */
      like: sourceSchema.nullable().default(null),
    })
    .nullable()
    .default(null),
  /** Flows that look at cells are trained, too, after the networks for faults: for so long, or so many steps a flow. */
  cells: z
    .strictObject({ seconds: z.number().positive().nullable(), steps: z.number().int().positive().nullable() })
    .nullable()
    .default(null),
  /** An expert on features of an encoder is fitted after the flows. */
  encoder: z
    .strictObject({
      /** Absolute. */
      path: z.string(),
      /** SHA-256 of the file. */
      checksum: z.string(),
      mode: z.enum(encoderPlans),
      /** How long it may take; null where no time counts, as in earlier versions. */
      seconds: z.number().positive().nullable().default(null),
      /** Whether a small flow on its features is tried. */
      flow: z.boolean().default(false),
    })
    .nullable()
    .default(null),
  /** A regular expression: images whose names match it with the same text show the same thing. */
  group: z.string().nullable().default(null),
  /** A number for each normal image that those of one thing share. Runs of earlier versions split images as they come. */
  groups: z.array(z.number().int().min(0)).nullable().default(null),
  /** Seconds between two checkpoints. */
  checkpointEvery: z.number().positive(),
});

/** What `run/config.json` holds: enough to go on without any flag. */
export type RunRecord = z.infer<typeof recordSchema>;

const recordName = "config.json";

/** The folder inside a detector that keeps its run. */
export function runFolder(detector: string): string {
  return join(detector, "run");
}

/** The folder inside a run's that keeps a new run until it has replaced the one there. */
export function nextFolder(folder: string): string {
  return join(folder, "next");
}

/** The file of a run folder that says who works on the run. */
export function lockPath(folder: string): string {
  return join(folder, "lock");
}

/** The checkpoint of a phase. */
export function checkpointPath(folder: string, phase: PhaseName): string {
  return join(folder, `${phase}.checkpoint.safetensors`);
}

/** Weights from another detector that the normal flow starts from. */
export function startPath(folder: string): string {
  return join(folder, "start.checkpoint.safetensors");
}

/** The networks that look for local faults, as far as they are finished. */
export function faultNetworksPath(folder: string): string {
  return join(folder, "faults.checkpoint.safetensors");
}

/** The flows that look at cells, as far as they are finished. */
export function cellFlowsPath(folder: string): string {
  return join(folder, "cells.checkpoint.safetensors");
}

/** The log of a phase, one JSON object a step. */
export function metricsPath(folder: string, phase: PhaseName): string {
  return join(folder, `${phase}.metrics.jsonl`);
}

/** The sets of images that a run may have. */
export const imageSetNames = ["normal", "general", "outliers"] as const;

/** What tells the images of a set again, 8 bytes an image. */
export function hashesPath(folder: string, set: (typeof imageSetNames)[number]): string {
  return join(folder, `${set}.hashes`);
}

/** Which image was on which side of the run's splits, as a table. */
export function splitPath(folder: string): string {
  return join(folder, "split.csv");
}

/** Every file that a run may write, its record last. */
export function runFiles(folder: string): string[] {
  const ofPhases = phaseNames.flatMap((phase) => [checkpointPath(folder, phase), metricsPath(folder, phase)]);
  const hashes = imageSetNames.map((set) => hashesPath(folder, set));
  return [
    startPath(folder),
    ...ofPhases,
    faultNetworksPath(folder),
    cellFlowsPath(folder),
    ...hashes,
    splitPath(folder),
    recordPath(folder),
  ];
}

/** A run's record, which a folder without a run lacks. */
export function recordPath(folder: string): string {
  return join(folder, recordName);
}

/** Whether a folder holds a run, or one that is to replace it. */
export async function isRun(folder: string): Promise<boolean> {
  return readRun(folder).then(
    () => true,
    () => false,
  );
}

/** Makes a run folder and tells the first folder that had to be made. Throws ConfigError where that is not possible. */
export async function makeRunFolder(folder: string): Promise<string | undefined> {
  return mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new ConfigError({
      code: "unwritable",
      subject: setting("out"),
      expected: "a folder that can be written",
      got: `'${folder}' (${messageOf(error)})`,
      remedy: { key: "choose-another" },
    });
  });
}

/** Begins a run: writes its record. Throws RunError where the disk refuses. */
export async function createRun(folder: string, record: RunRecord): Promise<void> {
  await writeFileAtomic(recordPath(folder), `${JSON.stringify(record, null, 2)}\n`);
}

/** The folder of the run to go on with: the new one where one is to replace that of `folder`. */
export async function currentRun(folder: string): Promise<string> {
  const next = nextFolder(folder);
  return (await readText(recordPath(next))) === undefined ? folder : next;
}

/**
 * The record of the run to go on with (`currentRun`). Throws ConfigError where there is none, FormatError where it is damaged.
 */
export async function readRun(folder: string): Promise<RunRecord> {
  const path = recordPath(await currentRun(folder));
  const text = await readText(path);
  if (text === undefined) {
    throw new ConfigError({
      code: "not-found",
      subject: setting("resume"),
      expected: `a run at '${path}'`,
      got: "none",
      remedy: { key: "other", text: `start one without ${setting("resume")}` },
    });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw damaged(path, "JSON", messageOf(error));
  }
  const result = recordSchema.safeParse(content);
  if (!result.success) throw damaged(path, "the record of a run", describeIssue(result.error, content));
  return result.data;
}

/** The text of a file, undefined where there is none. Throws FormatError where it cannot be read. */
async function readText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new FormatError({
      code: "unreadable",
      subject: `'${path}'`,
      expected: "a file that can be read",
      got: error.message,
      remedy: { key: "start-anew", setting: setting("force") },
    });
  });
}

function damaged(path: string, expected: string, got: string): FormatError {
  const remedy = { key: "start-anew", setting: setting("force") } as const;
  return new FormatError({ code: "damaged", subject: `'${path}'`, expected, got, remedy });
}

/** Whether anything of a run stands in a folder: a record, whole or not, or a step. A run that was never begun leaves less. */
export async function hasBegun(folder: string): Promise<boolean> {
  const logs = phaseNames.map((phase) => metricsPath("", phase));
  const entries = await Promise.all([folder, nextFolder(folder)].map((place) => readdir(place).catch(() => [])));
  return entries.flat().some((entry) => entry === recordName || logs.includes(entry));
}

/** Removes the files of a run, what was left unfinished beside them, and its folder where nothing else is in it. */
export async function removeRun(folder: string): Promise<void> {
  await Promise.all(runFiles(folder).map((path) => rm(path, { force: true })));
  await removeUnfinished(folder);
  await rmdir(folder).catch(() => undefined);
}

/** Removes what is unfinished in a run folder, whoever left it: for those who hold the run. Others may be at its lock all the same. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  const lock = lockPath("");
  const unfinished = names.filter(
    (name) => name.startsWith(`${lock}-`) || (name.endsWith(".tmp") && !name.startsWith(`${lock}.`)),
  );
  await Promise.all(unfinished.map((name) => rm(join(folder, name), { force: true, recursive: true })));
}
