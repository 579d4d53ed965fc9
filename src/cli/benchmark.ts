/** `outglow benchmark`: reads what was typed, measures, prints a table. */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { type Device, setting } from "../base/index.ts";
import {
  benchmarkCases,
  caseNamed,
  type OtherProgram,
  profileCase,
  runBenchmark,
  showBenchmark,
  showProfile,
} from "../benchmark/index.ts";
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
  output.print(options.json ? JSON.stringify(report) : showBenchmark(report));
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
