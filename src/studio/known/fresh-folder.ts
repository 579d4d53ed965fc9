/** New folders for what the studio makes. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, messageOf, setting } from "../../base/index.ts";

/** Names that are tried before somebody has to tidy up. */
const mostNames = 1000;

/** Makes a new folder in one, called `name` or `name-2` and so on. Throws ConfigError where that is not possible. */
export async function freshFolder(around: string, name: string): Promise<{ folder: string; name: string }> {
  for (let number = 1; number <= mostNames; number++) {
    const tried = number === 1 ? name : `${name}-${number}`;
    const folder = join(around, tried);
    try {
      await mkdir(folder);
      return { folder, name: tried };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw unwritable(around, messageOf(error));
    }
  }
  throw unwritable(around, `${mostNames} folders called ${name}`);
}

function unwritable(folder: string, got: string): ConfigError {
  return new ConfigError({
    code: "unwritable",
    subject: setting("folder"),
    expected: `room for a new folder in '${folder}'`,
    got,
    remedy: { key: "other", text: "start outglow studio in a folder that can be written" },
  });
}
