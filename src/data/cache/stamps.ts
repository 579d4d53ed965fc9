/** What tells that files have not changed: their sizes, times and numbers, read without opening them. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { systemPath } from "../files/path-bytes.ts";

/** The state of some files at a moment. */
export interface FileStamp {
  /** Of every group of files one after another, the SHA-256 over names, sizes, times to the nanosecond and file numbers. */
  readonly digests: Buffer;
  /** When the file that changed last did so, ns since 1970. */
  readonly newest: bigint;
}

/** A file on the disk, and what it is called in a data set. */
export interface NamedPlace {
  readonly name: string;
  readonly place: string;
}

/** Files by their numbers. */
export interface PlacedFiles {
  readonly count: number;
  at(index: number): NamedPlace;
}

/** Files of a group: looked at before other work has its turn. A call that waits for its turn costs ten times as much as one that does not. */
export const groupFiles = 512;

const digestBytes = 32;

/**
 * Looks at files. The time of the last change of what is known of a file (ctime) is part of it: no program can set it back, as copying and unpacking do with the
 * time of the content.
 */
export async function stampOf(files: PlacedFiles): Promise<FileStamp> {
  const digests: Buffer[] = [];
  let newest = 0n;
  for (let group = 0; group * groupFiles < files.count; group++) {
    const stamp = stampOfGroup(files, group);
    digests.push(stamp.digests);
    if (stamp.newest > newest) newest = stamp.newest;
    await setImmediate();
  }
  return { digests: Buffer.concat(digests), newest };
}

/** Whether the files of a group are as they were when the stamp's digests were taken. */
export function isGroupUnchanged(files: PlacedFiles, group: number, digests: Buffer): boolean {
  return digests.subarray(group * digestBytes, (group + 1) * digestBytes).equals(stampOfGroup(files, group).digests);
}

function stampOfGroup(files: PlacedFiles, group: number): FileStamp {
  let text = "";
  let newest = 0n;
  for (let index = group * groupFiles; index < Math.min(files.count, (group + 1) * groupFiles); index++) {
    const { name, place } = files.at(index);
    const status = statusOf(place);
    if (typeof status === "string") text += `${name}\0${status}\n`;
    else {
      const { size, mtimeNs, ctimeNs, ino } = status;
      if (ctimeNs > newest) newest = ctimeNs;
      text += `${name}\0${size} ${mtimeNs} ${ctimeNs} ${ino}\n`;
    }
  }
  return { digests: createHash("sha256").update(text).digest(), newest };
}

/** What the system knows of a file, or the code of why it cannot be asked. */
function statusOf(place: string) {
  try {
    return statSync(systemPath(place), { bigint: true });
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

/** Steps of a file system's clock, ms: fine where it tells parts of a millisecond, else up to the two seconds of the coarsest. */
const [fineStep, coarseStep] = [100, 2000];

/**
 * Whether what changes from `moment` on (ms since 1970) certainly gets another stamp: the last change before is older than a step of the file system's clock.
 */
export function isSettled({ newest }: Pick<FileStamp, "newest">, moment: number): boolean {
  const step = newest % 1_000_000n === 0n ? coarseStep : fineStep;
  return Number(newest / 1_000_000n) + step < moment;
}
