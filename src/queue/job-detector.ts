/** A job's detector, for who scores: where the job lies, or, from an object store, a copy that workers of one machine share. */
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RunError } from "../base/index.ts";
import { openTemporaryFolder, removeUnfinished, unfinishedName, writeFileAtomic } from "../data/index.ts";
import {
  copyDetector,
  type DetectorCopy,
  type FileReader,
  folderReader,
  type Manifest,
  readManifest,
} from "../detector/index.ts";
import { isStoreAddress } from "../storage/index.ts";
import { scoringIdentity } from "../workflow/index.ts";
import { type Job, jobNames } from "./job-files.ts";
import { placeOf } from "./job-place.ts";

/** A folder with the job's detector. */
export interface DetectorFolder {
  readonly path: string;
  /** Removes what is there for this process alone. */
  close(): Promise<void>;
}

/** What a job's detector is. Throws as `readManifest`. */
export function jobManifest({ folder }: Job): Promise<Manifest> {
  return readManifest(readerOf(folder));
}

/**
 * The folder of a job's detector. Of a job on an object store it is fetched once, checked file by file, into `cache` under its checksum, or where there is no cache into a
 * folder of this process; several workers may do so at once, and be killed. Throws RunError where it is not the detector of the job, FormatError where it is damaged, and as the store.
 */
export async function detectorFolder(job: Job, cache: string | undefined): Promise<DetectorFolder> {
  const nothing = async (): Promise<void> => undefined;
  if (!isStoreAddress(job.folder)) return { path: join(job.folder, jobNames.detector), close: nothing };
  if (cache === undefined) {
    const { path, close } = await openTemporaryFolder("outglow-detector");
    await writeFiles(path, await fetchChecked(job));
    return { path, close };
  }
  const path = join(cache, "detectors", job.record.identity);
  if (!(await isWhole(path, job))) await fetchInto(path, job);
  return { path, close: nothing };
}

async function isWhole(path: string, { record }: Job): Promise<boolean> {
  return copyDetector(folderReader(path)).then(
    ({ manifest }) => scoringIdentity(manifest) === record.identity,
    () => false,
  );
}

async function fetchInto(path: string, job: Job): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await removeUnfinished(path);
  const copy = await fetchChecked(job);
  const temporary = unfinishedName(path);
  try {
    await mkdir(temporary);
    await writeFiles(temporary, copy);
    await rename(temporary, path).catch(async (error: unknown) => {
      // Another worker was faster, or what is there is damaged.
      if (await isWhole(path, job)) return;
      const aside = unfinishedName(path);
      await rename(path, aside).catch(() => undefined);
      await rm(aside, { recursive: true, force: true });
      await rename(temporary, path).catch(async () => {
        if (!(await isWhole(path, job))) throw error;
      });
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function fetchChecked({ folder, record }: Job): Promise<DetectorCopy> {
  const copy = await copyDetector(readerOf(folder));
  if (scoringIdentity(copy.manifest) === record.identity) return copy;
  throw otherDetector();
}

/** The error where a job's folder holds another detector than the job was made with. */
export function otherDetector(): RunError {
  return new RunError({
    code: "other-model",
    subject: "detector",
    expected: "the one that the job was made with",
    got: "another one in the job's folder",
    remedy: { key: "other", text: "make a new job" },
  });
}

async function writeFiles(folder: string, { files }: DetectorCopy): Promise<void> {
  for (const [name, bytes] of files) await writeFileAtomic(join(folder, name), bytes);
}

function readerOf(folder: string): FileReader {
  if (!isStoreAddress(folder)) return folderReader(join(folder, jobNames.detector));
  const location = `${folder}/${jobNames.detector}`;
  return {
    location,
    describe: (name) => `${location}/${name}`,
    read: async (name, most) => {
      const bytes = await placeOf(folder).read(`${jobNames.detector}/${name}`, most);
      return bytes && new Uint8Array(bytes);
    },
  };
}
