/** `outglow benchmark`: every case in a process of its own, so that peak memory is its own, taking turns with what it is compared to. */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { ConfigError, messageOf, RunError, setting } from "../base/index.ts";
import { type Column, formatTable } from "../report/index.ts";
import type { ProgramOptions } from "../runtime/index.ts";
import { requireDevice } from "../runtime/index.ts";
import { type BenchmarkCase, benchmarkCases } from "./benchmark-cases.ts";
import type { BenchmarkOptions } from "./benchmark-command.ts";
import { type Measurement, matrixRate, measureCase, profileCase } from "./benchmark-measurement.ts";
import { openConsole } from "./console.ts";
import { refuseExisting, writeOutput } from "./output-file.ts";
import { printText } from "./standard-output.ts";

/** A measurement of somebody else's program on the same case. */
interface OtherMeasurement {
  readonly imagesPerSecond: number;
  readonly peakMegabytes: number;
}

interface Result {
  readonly case: BenchmarkCase;
  readonly outglow: Measurement;
  /** By the command that was given; null where it failed. */
  readonly others: Readonly<Record<string, OtherMeasurement | null>>;
}

type Engine = Required<Pick<ProgramOptions, "threads" | "device">>;

const run = promisify(execFile);

/** Measures the cases and prints a table. */
export async function benchmark(options: BenchmarkOptions): Promise<void> {
  const output = openConsole(false);
  const { device } = options;
  const threads = options.threads ?? availableParallelism();
  const engine = { threads, device };
  const cases = benchmarkCases.filter(({ name }) => options.case === undefined || options.case.includes(name));
  if (options.worker) {
    printText(`${JSON.stringify(await measureCase(cases[0]!, engine))}\n`);
    return;
  }
  if (options.profile && device !== "cpu") {
    throw new ConfigError(
      `benchmark: --profile expects the CPU, whose operators the engine times one by one, got --device ${device}; leave one out`,
    );
  }
  await requireDevice(device);
  if (options.profile) {
    for (const item of cases) if (output.heard()) output.print(await profileCase(item, engine));
    return;
  }
  if (options.out !== undefined) await refuseExisting(options.out, options.force, setting("out"));
  const peak = await matrixRate(engine);
  const results: Result[] = [];
  for (const item of cases) {
    const mine: Measurement[] = [];
    const others: Record<string, OtherMeasurement[]> = {};
    for (let round = 1; round <= options.rounds; round++) {
      output.live(`${item.name}: round ${round} of ${options.rounds}`);
      mine.push(await measureApart(item, engine));
      for (const command of item.compared ? (options.compare ?? []) : []) {
        const measured = await measureOther(command, item, threads, output.note);
        if (measured) others[command] = [...(others[command] ?? []), measured];
      }
    }
    output.settle();
    const best = <T extends { readonly imagesPerSecond: number }>(values: readonly T[]): T | null =>
      values.reduce<T | null>(
        (top, value) => (top && top.imagesPerSecond >= value.imagesPerSecond ? top : value),
        null,
      );
    const named = (options.compare ?? []).map((command) => [command, best(others[command] ?? [])] as const);
    results.push({ case: item, outglow: best(mine)!, others: Object.fromEntries(named) });
  }
  const report = { ...engine, matrixGigaflops: peak, results };
  if (options.out !== undefined) {
    const text = `${JSON.stringify(report, null, 2)}\n`;
    await writeOutput(options.out, text, { force: options.force, subject: setting("out") });
  }
  output.print(options.json ? JSON.stringify(report) : showReport(results, peak, engine));
}

/** One case in a fresh process. */
async function measureApart({ name }: BenchmarkCase, { threads, device }: Engine): Promise<Measurement> {
  const engine = ["--threads", String(threads), "--device", device];
  const args = [process.argv[1]!, "benchmark", "--worker", "--case", name, ...engine];
  try {
    const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 24 });
    return JSON.parse(stdout) as Measurement;
  } catch (error) {
    throw new RunError(`benchmark: '${name}' failed: ${messageOf(error)}`);
  }
}

/**
 * Runs `COMMAND --speed --channels C --depth K --width W --batch N --threads T`, which prints JSON lines with `what` (train or score),
 * `images_per_s` and `peak_rss_mb`.
 */
async function measureOther(
  command: string,
  { channels, depth, width, batch, work }: BenchmarkCase,
  threads: number,
  note: (line: string) => void,
): Promise<OtherMeasurement | undefined> {
  const flags = { channels, depth, width, batch, threads };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const [program, ...rest] = command.split(" ");
  try {
    const { stdout } = await run(program!, [...rest, "--speed", ...args], { maxBuffer: 1 << 24 });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const line = lines.find(({ what }) => what === work);
    if (!line) throw new Error(`it prints no line for ${work}`);
    return { imagesPerSecond: Number(line.images_per_s), peakMegabytes: Number(line.peak_rss_mb) };
  } catch (error) {
    note(`'${command}' could not be measured: ${messageOf(error).split("\n")[0]}`);
    return undefined;
  }
}

function showReport(results: readonly Result[], peak: number, { threads, device }: Engine): string {
  const others = Object.keys(results[0]?.others ?? {});
  const columns: Column<Result>[] = [
    { heading: "case", value: (row) => row.case.name },
    { heading: "images/s", value: (row) => row.outglow.imagesPerSecond, digits: 1 },
    { heading: "ms", value: (row) => row.outglow.milliseconds, digits: 1 },
    { heading: "build s", value: (row) => row.outglow.buildSeconds, digits: 2 },
    { heading: "peak MB", value: (row) => row.outglow.peakMegabytes, digits: 0 },
    { heading: "matmul share", value: (row) => row.outglow.matrixShare ?? undefined, digits: 2 },
    {
      heading: "of peak rate",
      value: ({ outglow: { matrixGigaflops } }) => (matrixGigaflops === null ? undefined : matrixGigaflops / peak),
      digits: 2,
    },
    ...others.flatMap((command, index): Column<Result>[] => [
      { heading: `[${index + 1}] images/s`, value: (row) => row.others[command]?.imagesPerSecond, digits: 1 },
      { heading: `[${index + 1}] MB`, value: (row) => row.others[command]?.peakMegabytes, digits: 0 },
      {
        heading: `ratio to [${index + 1}]`,
        value: ({ outglow, others: { [command]: other } }) =>
          other ? outglow.imagesPerSecond / other.imagesPerSecond : undefined,
        digits: 2,
      },
    ]),
  ];
  return [
    `${device === "cpu" ? `${threads} threads` : device}; matrix multiplication at its best: ${peak.toFixed(0)} GFLOP/s`,
    formatTable(results, columns),
    ...others.map((command, index) => `[${index + 1}] ${command}`),
  ].join("\n");
}
