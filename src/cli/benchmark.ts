/** `outglow benchmark`: reads what was typed, measures, prints a table. */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { type Device, setting } from "../base/index.ts";
import {
  type BenchmarkReport,
  benchmarkCases,
  type CaseProfile,
  type CaseResult,
  caseNamed,
  type OtherProgram,
  type ProfileRow,
  profileCase,
  runBenchmark,
} from "../benchmark/index.ts";
import { type Column, formatTable } from "../report/index.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import { refuseExisting, writeOutput } from "./output-file.ts";

/** The options of `outglow benchmark`, as commander parses them. */
export interface BenchmarkOptions {
  readonly case?: string[];
  readonly threads?: number;
  readonly device: Device;
  readonly profile: boolean;
  readonly compare?: string[];
  readonly rounds: number;
  readonly out?: string;
  readonly force: boolean;
  readonly json: boolean;
}

const run = promisify(execFile);

/** Measures the cases and prints a table. */
export async function benchmark(options: BenchmarkOptions): Promise<void> {
  const { out, force, device, rounds, case: names = [], compare = [], threads = availableParallelism() } = options;
  const output = openConsole(false);
  const engine = { threads, device };
  if (options.profile) {
    for (const item of names.length === 0 ? benchmarkCases : names.map(caseNamed)) {
      if (output.heard()) output.print(`${item.name}\n${showProfile(await profileCase(item, engine))}`);
    }
    return;
  }
  if (out !== undefined) await refuseExisting(out, force, setting("out"));
  const request = { case: names, engine, rounds, compare: compare.map(otherProgram) };
  const report = await runBenchmark(request, { onEvent: eventPrinter(output) });
  if (out !== undefined) {
    await writeOutput(out, `${JSON.stringify(report, null, 2)}\n`, { force, subject: setting("out") });
  }
  output.print(options.json ? JSON.stringify(report) : showReport(report));
}

/**
 * A program that is called as `COMMAND --speed --channels C --depth K --width W --batch N --threads T` and prints JSON lines with `what`
 * (train or score), `images_per_s` and `peak_rss_mb`.
 */
function otherProgram(command: string): OtherProgram {
  return {
    name: command,
    measure: async ({ channels, depth, width, batch, work }, threads) => {
      const flags = { channels, depth, width, batch, threads };
      const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
      const [program, ...rest] = command.split(" ");
      const { stdout } = await run(program!, [...rest, "--speed", ...args], { maxBuffer: 1 << 24 });
      const lines = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const line = lines.find(({ what }) => what === work);
      if (!line) throw new Error(`it prints no line for ${work}`);
      return { imagesPerSecond: Number(line.images_per_s), peakMegabytes: Number(line.peak_rss_mb) };
    },
  };
}

function showProfile({ operators, layers }: CaseProfile): string {
  const table = (heading: string, rows: readonly ProfileRow[]): string =>
    formatTable(rows, [
      { heading, value: ({ name }) => name },
      { heading: "ms a step", value: ({ milliseconds }) => milliseconds, digits: 2 },
      { heading: "share", value: ({ share }) => share, digits: 3 },
      { heading: "nodes", value: ({ nodes }) => nodes },
    ]);
  return [table("operator", operators), "", table("layer", layers)].join("\n");
}

function showReport({ results, matrixGigaflops: peak, threads, device }: BenchmarkReport): string {
  const others = Object.keys(results[0]?.others ?? {});
  const columns: Column<CaseResult>[] = [
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
    ...others.flatMap((command, index): Column<CaseResult>[] => [
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
