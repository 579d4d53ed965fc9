/** The first page: detectors, runs, a demo to begin with, and news of all of it. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, messageOf, setting } from "../base/index.ts";
import { packageVersion } from "../detector/index.ts";
import type { KnownDetector } from "./detectors.ts";
import { eventStream, makeWaiter } from "./event-stream.ts";
import type { Handlers } from "./requests.ts";
import type { ApiTypes } from "./routes.ts";
import { describeRun } from "./run-handlers.ts";

type DetectorAnswer = Omit<ApiTypes["detector"]["answer"], "manifest">;

export const homeHandlers: Pick<Handlers, "home" | "news" | "demo"> = {
  async home(_, parts) {
    const detectors = await parts.detectors.list();
    const runs = await Promise.all(parts.runs.list().map((run) => describeRun(run, parts)));
    return {
      version: packageVersion(),
      folder: parts.folder,
      detectors: detectors.map(describeDetector).sort((a, b) => (b.written ?? 0) - (a.written ?? 0)),
      runs: runs.sort((a, b) => b.created - a.created),
    };
  },
  news: (_, { closing, news }) =>
    eventStream(closing, async (send, gone) => {
      const next = makeWaiter(news.follow, gone);
      send({ data: "here" });
      while (!gone.aborted) {
        await next();
        if (!gone.aborted) send({ data: "changed" });
      }
    }),
  async demo({ body: { time, seed } }, parts) {
    const { folder, name } = await freshFolder(parts.folder, "demo");
    const out = join(folder, "detector");
    const run = await parts.runs.start({ kind: "demo", name, out, command: null, request: { folder, time, seed } });
    return describeRun(run, parts);
  },
};

/** A detector as pages are told of it. */
export function describeDetector({ id, name, path, written, manifest, problem }: KnownDetector): DetectorAnswer {
  return {
    ...{ id, name, path, written, state: problem?.state ?? "ready", message: problem?.message ?? null },
    role: manifest?.role ?? null,
    input: manifest
      ? { channels: manifest.input.channels, height: manifest.input.height, width: manifest.input.width }
      : null,
    defaultScore: manifest?.defaultScore ?? null,
    bits: manifest?.models.normal?.heldOutBitsPerDimension ?? null,
    images: manifest?.data.normal?.count ?? null,
  };
}

/** Names that are tried before somebody has to tidy up. */
const mostNames = 1000;

/** Makes a new folder in one, called `name` or `name-2` and so on. Throws ConfigError where that is not possible. */
async function freshFolder(around: string, name: string): Promise<{ folder: string; name: string }> {
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
