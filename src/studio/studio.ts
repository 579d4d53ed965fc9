/** A running studio: what it knows, its runs, its server, and how all of them end. */
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ConfigError, messageOf, RunError, setting } from "../base/index.ts";
import { takeLock } from "../data/index.ts";
import { type Log, makeHttpServer } from "../service/index.ts";
import { makeApp } from "./app.ts";
import { enteringPath } from "./entry/entering.ts";
import { openSessions } from "./entry/sessions.ts";
import type { StudioParts } from "./handlers/requests.ts";
import { openDetectors } from "./known/detectors.ts";
import { openFolders } from "./known/folders.ts";
import { makeNews } from "./known/news.ts";
import { openRegistry } from "./known/registry.ts";
import { makeLooker } from "./looking/looker.ts";
import { openMarks } from "./looking/marks.ts";
import { openScorings } from "./looking/scorings.ts";
import { openPages, pagesFolder } from "./pages.ts";
import { jobWorkerFile, openRuns } from "./runs/runs.ts";
import { readStudioSettings, type StudioSettings } from "./settings.ts";

/** What a studio is given besides its settings. */
export interface StudioOptions {
  readonly log: Log;
  /** Called with a new address when the one before was used: for another browser. */
  readonly onAddress?: (address: string) => void;
  /** The file that the processes of runs run, and the folder of the built pages. */
  readonly workerFile?: URL;
  readonly lookWorkerFile?: URL;
  readonly pages?: URL;
}

/** A studio that runs. */
export interface Studio {
  /** Where it listens, such as `http://127.0.0.1:8432`. */
  readonly url: string;
  /** The address that lets a browser in, once. */
  readonly address: string;
  /** Pauses what runs, ends streams, and settles when all is saved. */
  close(): Promise<void>;
}

/** The folder within the studio's that keeps what it knows. */
const ownFolder = ".outglow-studio";

/** Seconds for a request. */
const timeout = 60;
/** Tabs, and what they ask for at a time. */
const mostCallers = 512;

/**
 * Starts a studio. Throws ConfigError for settings and folders that will not do and where the pages were not built, RunError where the port is taken
 * or another studio works in the folder.
 */
export async function startStudio(settings: StudioSettings, options: StudioOptions): Promise<Studio> {
  const request = readStudioSettings(settings);
  const { log, workerFile = jobWorkerFile, pages = pagesFolder } = options;
  const looking = options.lookWorkerFile ? { workerFile: options.lookWorkerFile } : {};
  const folder = resolve(request.folder);
  const own = join(folder, ownFolder);
  const findPage = await openPages(pages);
  await mkdir(join(own, "runs"), { recursive: true }).catch((error: unknown) => {
    throw new ConfigError({
      code: "unwritable",
      subject: setting("folder"),
      expected: "a folder that can be written",
      got: `'${folder}' (${messageOf(error)})`,
      remedy: { key: "choose-another" },
    });
  });
  const outcome = await takeLock(join(own, "lock"));
  if ("holder" in outcome) throw taken(folder, outcome.holder.pid);
  try {
    const registry = await openRegistry(join(own, "registry.json"));
    const sessions = await openSessions(join(own, "sessions.json"));
    const news = makeNews();
    const runs = await openRuns({
      folder: join(own, "runs"),
      place: folder,
      registry,
      workerFile,
      onChange: news.tell,
    });
    const closing = new AbortController();
    const detectors = openDetectors(folder, registry);
    const scorings = openScorings((run) => dirname(runs.logOf(run)));
    const marks = await openMarks(join(own, "marks.json"));
    const pictures = makeLooker({ ...looking, atOnce: 4, waiting: 1024 });
    const models = makeLooker({ ...looking, atOnce: 1, waiting: 64 });
    const known = { folder, registry, detectors, runs, news, closing: closing.signal };
    const folders = openFolders(folder, registry);
    const parts: StudioParts = { ...known, folders, scorings, marks, pictures, models };
    let port = request.port;
    const addressOf = (): string => `${url}${enteringPath}?token=${sessions.issue()}`;
    const onEntered = (): void => options.onAddress?.(addressOf());
    const app = makeApp(parts, { sessions, findPage, log, port: () => port, onEntered });
    const server = makeHttpServer({ fetch: app.fetch, timeout, waiting: mostCallers, tls: undefined });
    const url = await server.listen("127.0.0.1", request.port);
    port = Number(new URL(url).port);
    log({ level: "info", event: "listening", url });
    let closed: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      closing.abort();
      for (const looker of [pictures, models]) looker.close();
      await runs.close();
      await server.close();
      await outcome.lock.release();
    };
    return {
      url,
      address: addressOf(),
      close() {
        closed ??= close();
        return closed;
      },
    };
  } catch (error) {
    await outcome.lock.release();
    throw error;
  }
}

function taken(folder: string, pid: number | null): RunError {
  return new RunError({
    code: "busy",
    subject: setting("folder"),
    expected: "one that no other studio works in",
    got: `'${folder}'${pid === null ? "" : `, in which process ${pid} does`}`,
    remedy: { key: "other", text: "use its page, or end it first" },
  });
}
