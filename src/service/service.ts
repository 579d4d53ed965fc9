/** A running service: its processes, detectors and server, and how all of them end. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { isUserError, messageOf } from "../base/index.ts";
import { requireDevice } from "../runtime/index.ts";
import { makeApp } from "./app.ts";
import { openAudit } from "./audit.ts";
import { makeBatcher } from "./batching.ts";
import { makeBodyReader } from "./bodies.ts";
import { type Catalogue, idOf, openCatalogue, type Place } from "./catalogue.ts";
import { openCredentials } from "./credentials.ts";
import { openDriftBook, usualDriftRate } from "./drift.ts";
import { engineWorkerFile, startWorker } from "./engine-child.ts";
import { makeHttpServer } from "./http-server.ts";
import type { Log } from "./log.ts";
import { makeMetrics } from "./metrics.ts";
import { openResidence } from "./residence.ts";
import { readServiceSettings, type ServiceRequest, type ServiceSettings } from "./settings.ts";
import { openSnapshots } from "./snapshots.ts";
import { openPool, type WorkerPool } from "./worker-pool.ts";

/** What a service is given besides its settings. */
export interface ServiceOptions {
  readonly log: Log;
  /** The file that engine processes run. */
  readonly workerFile?: URL;
}

/** A service that runs. */
export interface Service {
  /** Where it listens, such as `http://127.0.0.1:8431`. */
  readonly url: string;
  /** Settles when every detector has been tried: what was found. */
  readonly loaded: Promise<readonly Place[]>;
  readonly workerPids: readonly number[];
  /** Reads tokens, certificate and key again, and looks for new detectors. What cannot be used is logged and changes nothing. */
  reload(): Promise<void>;
  /** Takes nothing new, answers what has been taken, within the time of a request, and ends its processes. */
  close(): Promise<void>;
}

/** Where changes are written down unless somebody says. */
const auditName = "audit.jsonl";

/**
 * Starts a service. It listens at once, and is ready when its detectors have been loaded and have passed their golden checks.
 * Throws ConfigError for settings that cannot be and for a folder without detectors, RunError where the address is taken.
 */
export async function startService(settings: ServiceSettings, options: ServiceOptions): Promise<Service> {
  const request = readServiceSettings(settings);
  const credentials = await openCredentials(request);
  await requireDevice(request.device);
  const parts = await openParts(request, options);
  let draining = false;
  const { log } = options;
  const { catalogue, batcher, metrics, drift } = parts;
  const bodies = makeBodyReader(request.maxBody);
  const audit = openAudit(request.auditLog ?? join(request.detectors, auditName), log);
  const service = { settings: request, catalogue, batcher, bodies, metrics, audit, drift, draining: () => draining };
  const app = makeApp(service, { rules: credentials.rules, metrics, log });
  const server = makeHttpServer({
    ...{ fetch: app.fetch, timeout: request.timeout, waiting: request.maxQueue, tls: credentials.tls },
  });
  let url: string;
  try {
    url = await server.listen(request.host, request.port);
  } catch (error) {
    await parts.close();
    throw error;
  }
  const certificate = (): object | undefined => credentials.tls && { certificateEnds: credentials.certificateEnds };
  log({ level: "info", event: "listening", url, ...certificate() });
  const loaded = catalogue.scan().then(() => catalogue.places);
  const stopScanning = scanAgain(request.rescan, () => catalogue.scan());
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    draining = true;
    log({ level: "info", event: "draining" });
    stopScanning();
    await server.close();
    await catalogue.settled();
    await parts.close();
    log({ level: "info", event: "closed" });
  };
  return {
    url,
    loaded,
    get workerPids() {
      return parts.pool.pids;
    },
    async reload() {
      try {
        await credentials.reload();
        if (credentials.tls) server.renew(credentials.tls);
        log({ level: "info", event: "reloaded", ...certificate() });
      } catch (error) {
        log({ level: "error", event: "reload-refused", fault: isUserError(error) ? error.fault : messageOf(error) });
      }
      if (!draining) await catalogue.scan();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * Loads every detector as a service would, and ends. Throws as `startService`, and ConfigError for files of tokens and TLS that cannot be used.
 */
export async function checkService(settings: ServiceSettings, options: ServiceOptions): Promise<readonly Place[]> {
  const request = readServiceSettings(settings);
  await openCredentials(request);
  await requireDevice(request.device);
  // One process finds what all would; the memory that there is for detectors is its share.
  const maxMemory = request.maxMemory && Math.floor(request.maxMemory / workersOf(request));
  const parts = await openParts({ ...request, maxMemory, workers: 1 }, options);
  try {
    await parts.catalogue.scan();
    return parts.catalogue.places;
  } finally {
    await parts.close();
  }
}

function workersOf({ workers }: ServiceRequest): number {
  return workers ?? Math.max(1, Math.floor(availableParallelism() / 2));
}

async function openParts(request: ServiceRequest, { log, workerFile = engineWorkerFile }: ServiceOptions) {
  const workers = workersOf(request);
  const threads = request.threads ?? Math.max(1, Math.floor(availableParallelism() / workers));
  const { device, maxPixels, timeout } = request;
  const snapshots = await openSnapshots();
  let pool: WorkerPool | undefined;
  let catalogue: Catalogue | undefined;
  const openedPool = (): WorkerPool => {
    pool ??= openPool({
      count: workers,
      start: () => startWorker({ threads, device, maxPixels }, workerFile),
      mostMilliseconds: timeout * 1000,
      onIdle: () => batcher.pump(),
      onEvent(event) {
        if (event.kind === "worker-ended") metrics.workerEnded();
        const { kind, ...fields } = event;
        log({ level: kind === "worker-started" ? "info" : "warn", event: kind, ...fields });
      },
    });
    return pool;
  };
  const metrics = makeMetrics({
    waiting: () => batcher.waiting,
    workers: () => openedPool().pids.length,
    busy: () => openedPool().busy,
    resident: () => openedPool().resident,
    loaded: () => residence.loaded.map(({ key, bytes }) => ({ detector: idOf(key), bytes })),
    drift: () => (catalogue?.places ?? []).flatMap(({ served }) => (served ? drift.state(served, usualDriftRate) : [])),
  });
  const drift = openDriftBook();
  const batcher = makeBatcher(openedPool, {
    ...request,
    onBatch: metrics.batch,
    onRetry: metrics.retried,
    onDemand: (key) => residence.demand(key),
  });
  const residence = openResidence({
    most: request.maxMemory,
    processes: workers,
    load: (key, files) => openedPool().load(key, files),
    unload: (key) => openedPool().unload(key),
    isBusy: batcher.isBusy,
    onFault(key, error) {
      batcher.fail(key, error);
      log({ level: "warn", event: "detector-not-loaded", id: idOf(key), message: messageOf(error) });
    },
    onUnload(key) {
      metrics.unloaded(idOf(key));
      log({ level: "info", event: "detector-unloaded", id: idOf(key) });
    },
  });
  try {
    catalogue = await openCatalogue({
      folder: request.detectors,
      snapshots,
      load: residence.load,
      async retire(key) {
        await batcher.whenFree(key);
        residence.unload(key);
      },
      onEvent({ kind, ...fields }) {
        if (kind === "detector-loaded") metrics.loaded(fields.id);
        if (kind === "detector-refused") metrics.refused(fields.id);
        log({ level: kind === "detector-loaded" ? "info" : "warn", event: kind, ...fields });
      },
    });
    const opened = openedPool();
    const close = async (): Promise<void> => {
      await opened.close();
      await snapshots.close();
    };
    return { pool: opened, metrics, drift, batcher, catalogue, close };
  } catch (error) {
    await pool?.close();
    await snapshots.close();
    throw error;
  }
}

/** Looks again and again, each time so long after the last look has ended. */
function scanAgain(seconds: number, scan: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined;
  // Asked again behind every look: one may be on its way when all ends.
  let stopped = seconds === 0;
  const next = (): void => {
    if (stopped) return;
    timer = setTimeout(() => void scan().then(next, next), seconds * 1000);
  };
  next();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
