/** What tells that files have not changed: their sizes, times and numbers, read without opening them. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { systemPath } from "../files/path-bytes.ts";

/** The state of some files at a moment. */
export interface FileStamp {
  /** SHA-256 over names, sizes, times to the nanosecond and file numbers, in hexadecimal. */
  readonly digest: string;
  /** When the file that changed last did so, ns since 1970. */
  readonly newest: bigint;
}

/** A file on the disk, and what it is called in a data set. */
export interface NamedPlace {
  readonly name: string;
  readonly place: string;
}

/** Files looked at before other work has its turn. A call that waits for its turn costs ten times as much as one that does not. */
const atOnce = 512;

/**
 * Looks at files. The time of the last change of what is known of a file (ctime) is part of it: no program can set it back, as copying and unpacking do with the
 * time of the content.
 */
export async function stampOf(files: readonly NamedPlace[]): Promise<FileStamp> {
  const hash = createHash("sha256");
  let newest = 0n;
  for (let first = 0; first < files.length; first += atOnce) {
    let text = "";
    for (const { name, place } of files.slice(first, first + atOnce)) {
      const status = statusOf(place);
      if (typeof status === "string") text += `${name}\0${status}\n`;
      else {
        const { size, mtimeNs, ctimeNs, ino } = status;
        if (ctimeNs > newest) newest = ctimeNs;
        text += `${name}\0${size} ${mtimeNs} ${ctimeNs} ${ino}\n`;
      }
    }
    hash.update(text);
    await setImmediate();
  }
  return { digest: hash.digest("hex"), newest };
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
export function isSettled({ newest }: FileStamp, moment: number): boolean {
  const step = newest % 1_000_000n === 0n ? coarseStep : fineStep;
  return Number(newest / 1_000_000n) + step < moment;
}
