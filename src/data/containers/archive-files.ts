/** The files of one archive, for those who want them as they are. */
import { ConfigError } from "../../base/index.ts";
import type { Opening, StoredFile } from "../image-source.ts";
import { defaultLimits } from "../limits.ts";
import { tarContainer } from "./tar-tree.ts";
import { zipContainer } from "./zip-tree.ts";

/** Lists the files of a .tar, .tar.gz or .zip; what is refused in archives of images is not among them. Throws ConfigError for other files, FormatError where it is damaged. */
export async function archiveFiles(path: string): Promise<readonly StoredFile[]> {
  const container = [tarContainer, zipContainer].find(({ matches }) => matches(path, false));
  const subject = `'${path}'`;
  if (!container) throw new ConfigError({ code: "unsupported", subject, expected: "an archive", got: "another file" });
  const opening: Opening = { subject, limits: defaultLimits, concerns: () => true };
  return (await container.open(path, opening)).files;
}
