/** Measures one case in this process: speed, memory, building time, and where the time goes. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, randomKey, setting } from "../base/index.ts";
import { gemm, input, makeGraph } from "../graph/index.ts";
import { compileGraph, type ProgramOptions } from "../runtime/index.ts";
import { type CaseBuilder, caseBuilder, type OutsideWork, type Prepared } from "./builders.ts";
import type { BenchmarkCase } from "./cases.ts";
import { operationsOf, type ProfileEvent, parseProfile } from "./profile-events.ts";

/** What was measured of a case. */
export interface Measurement {
  readonly imagesPerSecond: number;
  /** Median of a step or of a scored batch. */
  readonly milliseconds: number;
  /** Time from nothing to a program that is ready: graph, gradient, ONNX, engine. */
  readonly buildSeconds: number;
  /** Largest resident memory of the process. */
  readonly peakMegabytes: number;
  /**
   * Share of that median in matrix multiplication, convolutions included, whose time is taken from a profile; null on a GPU, which works on
   * while the engine's clock has stopped.
   */
  readonly matrixShare: number | null;
  /** Rate of those multiplications. */
  readonly matrixGigaflops: number | null;
}

const profiledRuns = 4;
/** Runs before anything is measured: the first ones wait for memory. */
const warmUpRuns = 3;

/** Measures a case. `peakMemory` says how much memory the process has held at most so far, in megabytes. */
export async function measureCase(
  item: BenchmarkCase,
  engine: ProgramOptions,
  peakMemory: () => number,
): Promise<Measurement> {
  const build = caseBuilder(item);
  const started = performance.now();
  const prepared = await build(engine);
  const buildSeconds = (performance.now() - started) / 1000;
  const times = await time(prepared, item);
  const peakMegabytes = peakMemory();
  await prepared.dispose();
  const milliseconds = times[Math.floor(times.length / 2)]!;
  const speed = { imagesPerSecond: (item.batch * 1000) / milliseconds, milliseconds, buildSeconds, peakMegabytes };
  if ((engine.device ?? "cpu") !== "cpu") return { ...speed, matrixShare: null, matrixGigaflops: null };
  const { events } = await profile(build, engine);
  const products = events.filter(({ operator }) => operator === "Gemm" || operator === "Conv");
  const productTime = products.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const operations = products.reduce((sum, event) => sum + operationsOf(event), 0);
  const matrixShare = productTime / 1000 / profiledRuns / milliseconds;
  return { ...speed, matrixShare, matrixGigaflops: operations / productTime / 1000 };
}

/** Sizes [M, K] x [K, N] whose best rate stands for the machine: a square one and one as wide as a layer's activations. */
const matrixSizes = [
  { rows: 1024, inner: 1024, columns: 1024 },
  { rows: 128, inner: 128, columns: 16384 },
] as const;

/** The best rate of a matrix multiplication through the engine, GFLOP/s. */
export async function matrixRate(engine: ProgramOptions): Promise<number> {
  const stream = randomKey("matrix").stream();
  const matrix = (...shape: [number, number]) => ({
    data: Float32Array.from({ length: shape[0] * shape[1] }, () => stream.uniform()),
    shape,
  });
  let best = 0;
  for (const { rows, inner, columns } of matrixSizes) {
    const graph = makeGraph();
    const product = gemm(input(graph, "a", [rows, inner]), input(graph, "b", [inner, columns]));
    const program = await compileGraph({ product }, engine);
    const operands = { a: matrix(rows, inner), b: matrix(inner, columns) };
    const into = { product: { data: new Float32Array(rows * columns), shape: [rows, columns] } };
    for (let round = 0; round < 30; round++) {
      const started = performance.now();
      await program.run(operands, into);
      best = Math.max(best, (2 * rows * inner * columns) / (performance.now() - started) / 1e6);
    }
    await program.dispose();
  }
  return best;
}

/** The time of operators or layers that go by one name, in a step or a scored batch. */
export interface ProfileRow {
  readonly name: string;
  readonly milliseconds: number;
  /** Of the whole step. */
  readonly share: number;
  readonly nodes: number;
}

/** Where the time of a step goes: the largest groups first. */
export interface CaseProfile {
  readonly operators: readonly ProfileRow[];
  readonly layers: readonly ProfileRow[];
}

/** The most groups in a profile. */
const shownRows = 16;

/** Where the time of a step goes. Throws ConfigError for a GPU, whose operators the engine does not time one by one. */
export async function profileCase(item: BenchmarkCase, engine: ProgramOptions): Promise<CaseProfile> {
  const { device = "cpu" } = engine;
  if (device !== "cpu") {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting("profile"),
      expected: "the CPU, whose operators the engine times one by one",
      got: setting("device", device),
      remedy: { key: "leave-out", what: "one of them" },
    });
  }
  const { events: operators, besides } = await profile(caseBuilder(item), engine);
  const events = [...operators, ...besides];
  return {
    operators: groupTimes(events, ({ operator }) => operator),
    layers: groupTimes(events, layerOf),
  };
}

function layerOf({ node }: ProfileEvent): string {
  const path = node.replace(/step\d+/, "step*").split("/");
  return path.slice(0, -2).join("/") || (path.length === 1 ? node : "rest");
}

function groupTimes(events: readonly ProfileEvent[], nameOf: (event: ProfileEvent) => string): ProfileRow[] {
  const total = events.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const groups = new Map<string, { time: number; count: number }>();
  for (const event of events) {
    const { time, count } = groups.get(nameOf(event)) ?? { time: 0, count: 0 };
    groups.set(nameOf(event), { time: time + event.microseconds, count: count + 1 });
  }
  return [...groups]
    .sort((a, b) => b[1].time - a[1].time)
    .slice(0, shownRows)
    .map(([name, { time, count }]) => ({
      name,
      milliseconds: time / 1000 / profiledRuns,
      share: time / total,
      nodes: Math.round(count / profiledRuns),
    }));
}

/** Times of repeated runs after a warm-up, ascending: about ten seconds' worth, at least five. */
async function time({ run }: Prepared, { depth }: BenchmarkCase): Promise<number[]> {
  for (let warm = 0; warm < warmUpRuns; warm++) await run();
  const times: number[] = [];
  const budget = depth > 16 ? 30_000 : 8_000;
  const begun = performance.now();
  while (times.length < 5 || (performance.now() - begun < budget && times.length < 200)) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b);
}

async function profile(
  build: CaseBuilder,
  engine: ProgramOptions,
): Promise<{ readonly events: ProfileEvent[]; readonly besides: readonly ProfileEvent[] }> {
  const folder = await mkdtemp(join(tmpdir(), "outglow-profile-"));
  try {
    const prepared = await build({ ...engine, profilePrefix: join(folder, "profile") });
    for (let round = 0; round < warmUpRuns + profiledRuns; round++) await prepared.run();
    const besides = (prepared.besides ?? []).flatMap((work) => timedWork(work));
    await prepared.dispose();
    // One a program.
    const files = await readdir(folder);
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
    return { events: texts.flatMap((text) => lastRuns(parseProfile(text))), besides };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The profiled runs of what the engine does not run. */
function timedWork({ name, run }: OutsideWork): ProfileEvent[] {
  const events = Array.from({ length: warmUpRuns + profiledRuns }, (_, round) => {
    const started = performance.now();
    run(round);
    const microseconds = (performance.now() - started) * 1000;
    return { operator: name, node: name, microseconds, inputShapes: [], outputShapes: [] };
  });
  return events.slice(warmUpRuns);
}

/** The events of the profiled runs, without those of the warm-up: every run of a program has the same number. */
function lastRuns(events: readonly ProfileEvent[]): ProfileEvent[] {
  return events.slice(Math.round((events.length * warmUpRuns) / (warmUpRuns + profiledRuns)));
}
