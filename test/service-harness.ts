/** A service in this process over a small detector, with engine processes of the built package. */
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LogRecord, type Service, type ServiceSettings, startService } from "../src/service/index.ts";
import { train } from "../src/workflow/index.ts";
import { temporaryFolder, writeMadeImages } from "./command.ts";

/** Detectors `small` and `other` in `detectors/`, images in `new/`, another detector in `spare/`. */
export async function makeDetectors(): Promise<{
  at: (...parts: string[]) => string;
  dispose: () => Promise<void>;
}> {
  const folder = await temporaryFolder();
  const at = (...parts: string[]): string => join(folder.path, ...parts);
  await writeMadeImages(at("good"), "normal", 100);
  await writeMadeImages(at("new"), "normal", 12, "new");
  await mkdir(at("detectors"));
  const request = { normal: at("good"), size: 16, scales: 2, depth: 1, width: 8, batch: 16, threads: 1, heldOut: 0.4 };
  await train({ ...request, out: at("detectors", "small"), steps: 20, evaluateEvery: 10 });
  await train({ ...request, out: at("spare"), steps: 10, evaluateEvery: 10 });
  await cp(at("detectors", "small"), at("detectors", "other"), { recursive: true });
  return { at, dispose: folder.dispose };
}

/** A service with its log, ready. */
export interface RunningService extends Service {
  readonly records: readonly LogRecord[];
  /** Asks for a path. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** Resolves with the first record, past or to come, that fits. */
  told(fits: (record: LogRecord) => boolean): Promise<LogRecord>;
}

/** Starts one on any free port, with engine processes as they are installed, and waits until it has tried every detector. */
export async function startTestService(workerFile: string, settings: ServiceSettings): Promise<RunningService> {
  const records: LogRecord[] = [];
  const waiting = new Set<{ fits: (record: LogRecord) => boolean; resolve: (record: LogRecord) => void }>();
  const log = (record: LogRecord): void => {
    records.push(record);
    for (const one of waiting) {
      if (!one.fits(record)) continue;
      waiting.delete(one);
      one.resolve(record);
    }
  };
  const service = await startService(
    { port: 0, threads: 1, workers: 1, rescan: 0, ...settings },
    { log, workerFile: new URL(workerFile, import.meta.url) },
  );
  await service.loaded;
  return {
    ...service,
    get workerPids() {
      return service.workerPids;
    },
    records,
    ask: (path, init) => fetch(`${service.url}${path}`, init),
    told: (fits) =>
      new Promise((resolve) => {
        const past = records.find(fits);
        if (past) resolve(past);
        else waiting.add({ fits, resolve });
      }),
  };
}

/** The image files of a folder, in order. */
export async function filesIn(
  folder: string,
): Promise<{ readonly name: string; readonly bytes: Buffer<ArrayBuffer> }[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.flatMap((entry) => (entry.isFile() ? entry.name : [])).sort();
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })));
}
