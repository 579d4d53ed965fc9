/** What the service counts, as Prometheus reads it. Labels are routes by pattern, methods, statuses and detectors: their number is bounded. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { DriftState } from "./schemas.ts";

/** Counts what happens. */
export interface Metrics {
  request(labels: { readonly method: string; readonly route: string; readonly status: number }, seconds: number): void;
  batch(size: number, seconds: number): void;
  /** Scores that were given, as places among the normal images: p-values tell of drift, whatever the score. */
  scored(detector: string, pValues: readonly number[], marked: number): void;
  retried(): void;
  workerEnded(): void;
  loaded(detector: string): void;
  refused(detector: string): void;
  unloaded(detector: string): void;
  /** All of it in Prometheus' text format, and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Drift of a detector. */
export type DriftReading = Pick<DriftState, "detector" | "images"> & {
  readonly columns: readonly Pick<DriftState["columns"][number], "column" | "highest" | "drifted">[];
};

const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const latencies = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
const shares = [0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** Counters of a service of their own. */
export function makeMetrics(state: {
  readonly waiting: () => number;
  readonly workers: () => number;
  readonly busy: () => number;
  readonly resident: () => number;
  /** The detectors in memory, with the bytes that each takes. */
  readonly loaded: () => readonly { readonly detector: string; readonly bytes: number }[];
  /** What is known of the drift of every detector that is served. */
  readonly drift: () => readonly DriftReading[];
}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: "outglow_http_request_seconds",
    help: "Time to answer requests",
    labelNames: ["method", "route", "status"],
    buckets: latencies,
    registers,
  });
  const sizes = new Histogram({
    name: "outglow_batch_images",
    help: "Images scored together",
    buckets: batchSizes,
    registers,
  });
  const times = new Histogram({
    name: "outglow_batch_seconds",
    help: "Time to decode and score a batch",
    buckets: latencies,
    registers,
  });
  const pValues = new Histogram({
    name: "outglow_p_value",
    help: "p-values of scored images; of normal ones they are spread evenly",
    labelNames: ["detector"],
    buckets: shares,
    registers,
  });
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const marked = counter("outglow_marked_images_total", "Images marked as anomalous", ["detector"]);
  const retries = counter("outglow_batch_retries_total", "Batches whose engine process died under them");
  const ends = counter("outglow_worker_ends_total", "Engine processes that died");
  const loads = counter("outglow_detector_loads_total", "Detectors that passed their check", ["detector"]);
  const unloads = counter("outglow_detector_unloads_total", "Detectors that made room for another", ["detector"]);
  const refusals = counter("outglow_detector_refusals_total", "Detectors that did not pass their check", ["detector"]);
  new Gauge({
    name: "outglow_waiting_images",
    help: "Images that wait to be scored",
    registers,
    collect() {
      this.set(state.waiting());
    },
  });
  new Gauge({
    name: "outglow_busy_workers",
    help: "Engine processes that score",
    registers,
    collect() {
      this.set(state.busy());
    },
  });
  new Gauge({
    name: "outglow_workers",
    help: "Engine processes",
    registers,
    collect() {
      this.set(state.workers());
    },
  });
  new Gauge({
    name: "outglow_workers_resident_bytes",
    help: "Memory of the engine processes, as each last said",
    registers,
    collect() {
      this.set(state.resident());
    },
  });
  new Gauge({
    name: "outglow_loaded_bytes",
    help: "Memory that detectors take in all engine processes, about; those that are not loaded have none",
    labelNames: ["detector"],
    registers,
    collect() {
      this.reset();
      for (const { detector, bytes } of state.loaded()) this.inc({ detector }, bytes);
    },
  });
  new Gauge({
    name: "outglow_loaded_detectors",
    help: "Detectors in memory",
    registers,
    collect() {
      this.set(state.loaded().length);
    },
  });
  new Gauge({
    name: "outglow_drift_capital",
    help: "Highest capital of the test martingale of drift, by column: 1 at first",
    labelNames: ["detector", "column"],
    registers,
    collect() {
      this.reset();
      for (const { detector, columns } of state.drift()) {
        for (const { column, highest } of columns) this.set({ detector: detector.id, column }, highest);
      }
    },
  });
  new Gauge({
    name: "outglow_drifted",
    help: "Whether drift is told, by column, at a chance of 0.01 that it ever is where there is none",
    labelNames: ["detector", "column"],
    registers,
    collect() {
      this.reset();
      for (const { detector, columns } of state.drift()) {
        for (const { column, drifted } of columns) this.set({ detector: detector.id, column }, drifted ? 1 : 0);
      }
    },
  });
  return {
    request: ({ method, route, status }, seconds) =>
      requests.observe({ method, route, status: String(status) }, seconds),
    batch(size, seconds) {
      sizes.observe(size);
      times.observe(seconds);
    },
    scored(detector, values, count) {
      for (const value of values) pValues.observe({ detector }, value);
      marked.inc({ detector }, count);
    },
    retried: () => retries.inc(),
    workerEnded: () => ends.inc(),
    loaded: (detector) => loads.inc({ detector }),
    unloaded: (detector) => unloads.inc({ detector }),
    refused: (detector) => refusals.inc({ detector }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
