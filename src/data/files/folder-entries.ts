/** What lies in a folder that is to be written into. */
import { readdir } from "node:fs/promises";
import { ConfigError } from "../../base/index.ts";

/** The names in a folder; none where it is not there yet. Throws ConfigError, naming `subject`, for what is no folder or cannot be read. */
export function entriesOf(folder: string, subject: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw new ConfigError({
      code: "unwritable",
      subject,
      expected: "a folder",
      got: `'${folder}' (${error.code})`,
      remedy: { key: "choose-another" },
    });
  });
}
