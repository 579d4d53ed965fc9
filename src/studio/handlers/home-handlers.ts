/** The first page: detectors, runs, a demo to begin with, and news of all of it. */
import { join } from "node:path";
import { packageVersion } from "../../detector/index.ts";
import type { KnownDetector } from "../known/detectors.ts";
import { freshFolder } from "../known/fresh-folder.ts";
import type { ApiTypes } from "../routes/routes.ts";
import { eventStream, makeWaiter } from "./event-stream.ts";
import type { Handlers } from "./requests.ts";
import { describeRun } from "./run-handlers.ts";

type DetectorAnswer = Omit<ApiTypes["detector"]["answer"], "manifest">;

export const homeHandlers: Pick<Handlers, "home" | "news" | "demo"> = {
  async home(_, parts) {
    const detectors = await parts.detectors.list();
    const shown = parts.runs.list().filter(({ kind }) => kind === "train" || kind === "demo");
    const runs = await Promise.all(shown.map((run) => describeRun(run, parts)));
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
