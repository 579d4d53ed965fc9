/** How large files and archives may be, so that a hostile or mistaken one ends with a clear line and not with the memory. */
import { ConfigError, FormatError } from "../base/index.ts";

/** Limits of a source, in bytes where nothing else is said. A caller may raise each. */
export interface SourceLimits {
  /** One file, as it is stored and unpacked. */
  readonly fileBytes: number;
  /** What is kept in memory of a compressed archive: its images. */
  readonly archiveBytes: number;
  /** A compressed archive, unpacked from beginning to end. */
  readonly unpackedBytes: number;
  /** Files of a folder or members of an archive, in number. */
  readonly files: number;
}

export const defaultLimits: SourceLimits = {
  fileBytes: 2 ** 31,
  archiveBytes: 2 ** 32,
  unpackedBytes: 2 ** 38,
  files: 50_000_000,
};

/** The error for a file that is not what its name says. `what` completes `expected`, such as `a zip archive`. */
export function damagedFile(subject: string, what: string, shown: string, reason: string): FormatError {
  return new FormatError({
    code: "damaged",
    subject,
    expected: what,
    got: `a damaged one in '${shown}' (${reason})`,
    remedy: { key: "copy-again" },
  });
}

/** The error for what is larger than a limit. `what` completes `expected`, such as `a file`. */
export function tooLarge(
  subject: string,
  what: string,
  shown: string,
  name: keyof SourceLimits,
  limits: SourceLimits,
): ConfigError {
  const unpack = name === "archiveBytes" || name === "unpackedBytes" ? "unpack it into a folder, or " : "";
  return new ConfigError({
    code: "too-large",
    subject,
    expected: `${what} of at most ${showLimit(limits[name], name)}`,
    got: `more in '${shown}'`,
    remedy: { key: "other", text: `${unpack}raise limits.${name} where the images are opened by a program` },
  });
}

/** Why one file among others cannot be read. */
export function tooLargeReason(bytes: number, { fileBytes }: SourceLimits): string {
  return `file is ${showLimit(bytes, "fileBytes")}, more than limits.fileBytes of ${showLimit(fileBytes, "fileBytes")}`;
}

function showLimit(value: number, name: keyof SourceLimits): string {
  if (name === "files") return value.toLocaleString("en-US");
  return value >= 1e9 ? `${(value / 1e9).toFixed(1)} GB` : `${(value / 1e6).toFixed(1)} MB`;
}
