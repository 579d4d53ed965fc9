/** A benchmark: every case in a process of its own, taking turns with what it is compared to. */
import { fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf, RunError } from "../base/index.ts";
import { type ProgramOptions, requireDevice } from "../runtime/index.ts";
import type { Watch } from "../workflow/index.ts";
import { type BenchmarkCase, benchmarkCases, caseNamed } from "./cases.ts";
import { type Measurement, matrixRate } from "./measurement.ts";

/** What computes. */
export type BenchmarkEngine = Required<Pick<ProgramOptions, "threads" | "device">>;

/** A measurement of somebody else's program on the same case. */
export interface OtherMeasurement {
  readonly imagesPerSecond: number;
  readonly peakMegabytes: number;
}

/** Somebody else's program. */
export interface OtherProgram {
  readonly name: string;
  /** Measures a case. An error that it throws is reported, and the program counts as failed there. */
  readonly measure: (item: BenchmarkCase, threads: number) => Promise<OtherMeasurement>;
}

/** What is to be measured. */
export interface BenchmarkRequest {
  /** Names of cases; none for all. */
  readonly case: readonly string[];
  readonly engine: BenchmarkEngine;
  /** Turns; the best of them counts. */
  readonly rounds: number;
  readonly compare: readonly OtherProgram[];
}

/** What a case took. */
export interface CaseResult {
  readonly case: BenchmarkCase;
  readonly outglow: Measurement;
  /** By the program's name; null where it failed. */
  readonly others: Readonly<Record<string, OtherMeasurement | null>>;
}

/** What a benchmark measured, on which engine. */
export interface BenchmarkReport extends BenchmarkEngine {
  /** The best rate of a matrix multiplication. */
  readonly matrixGigaflops: number;
  readonly results: readonly CaseResult[];
}

/** The file of the process that measures: `measuring-worker` beside this one. */
const worker = fileURLToPath(new URL(`./measuring-worker${extname(import.meta.url)}`, import.meta.url));

/**
 * Measures cases. Throws ConfigError for an unknown case, RunError where the device does not work or a case fails, the signal's reason where
 * it calls the benchmark off.
 */
export async function runBenchmark(request: BenchmarkRequest, watch: Watch = {}): Promise<BenchmarkReport> {
  const { engine, rounds, compare } = request;
  const cases = request.case.length === 0 ? benchmarkCases : request.case.map(caseNamed);
  await requireDevice(engine.device);
  const matrixGigaflops = await matrixRate(engine);
  const results: CaseResult[] = [];
  for (const item of cases) {
    const mine: Measurement[] = [];
    const others = new Map<string, OtherMeasurement[]>(compare.map(({ name }) => [name, []]));
    for (let round = 1; round <= rounds; round++) {
      watch.onEvent?.({ kind: "progress", task: "measuring", subject: item.name, done: round - 1, total: rounds });
      mine.push(await measureApart(item, engine, watch.signal));
      for (const program of item.compared ? compare : []) {
        watch.signal?.throwIfAborted();
        const measured = await measureOther(program, item, engine.threads, watch);
        if (measured) others.get(program.name)!.push(measured);
      }
    }
    watch.onEvent?.({ kind: "settled" });
    const best = [...others].map(([name, all]) => [name, fastest(all)] as const);
    results.push({ case: item, outglow: fastest(mine)!, others: Object.fromEntries(best) });
  }
  return { ...engine, matrixGigaflops, results };
}

function fastest<T extends OtherMeasurement>(measured: readonly T[]): T | null {
  return measured.reduce<T | null>((top, one) => (top && top.imagesPerSecond >= one.imagesPerSecond ? top : one), null);
}

/** One case in a fresh process. */
function measureApart(
  { name }: BenchmarkCase,
  engine: BenchmarkEngine,
  signal: AbortSignal | undefined,
): Promise<Measurement> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    let answer: { readonly measurement?: Measurement; readonly failure?: string } = {};
    // The other process does not inherit the options of this one.
    const child = fork(worker, [JSON.stringify({ name, engine })], {
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const stop = (): void => {
      child.kill("SIGKILL");
    };
    signal?.addEventListener("abort", stop, { once: true });
    child.once("message", (message) => {
      answer = message as typeof answer;
    });
    const end = (got: string): void => {
      signal?.removeEventListener("abort", stop);
      if (signal?.aborted) reject(signal.reason);
      else if (answer.measurement) resolve(answer.measurement);
      else reject(unmeasured(name, answer.failure ?? got));
    };
    child.once("error", (error) => end(messageOf(error)));
    child.once("close", (code, killer) => end(killer === null ? `exit code ${code}` : `the end by ${killer}`));
  });
}

function unmeasured(name: string, got: string): RunError {
  return new RunError({ code: "engine", subject: `benchmark case '${name}'`, expected: "a measurement", got });
}

async function measureOther(
  { name, measure }: OtherProgram,
  item: BenchmarkCase,
  threads: number,
  { onEvent }: Watch,
): Promise<OtherMeasurement | undefined> {
  try {
    return await measure(item, threads);
  } catch (error) {
    onEvent?.({ kind: "note", text: `'${name}' could not be measured: ${messageOf(error).split("\n")[0]}` });
    return undefined;
  }
}
