/** `outglow analyze`: reads what was typed, runs the analysis, prints where the page is. */

import { availableParallelism } from "node:os";
import { analyze as analyzeDetectors } from "../analysis/index.ts";
import { commandLine } from "../base/index.ts";
import { parseNamedLocation } from "../data/index.ts";
import { requireDevice } from "../runtime/index.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import type { EngineOptions } from "./options.ts";

/** The options of `outglow analyze`, as commander parses them. */
export interface AnalyzeOptions extends EngineOptions {
  readonly data: string[];
  readonly normal?: string;
  readonly out: string;
  readonly limit: number;
  /** Empty for all. */
  readonly score: string[];
  readonly seed: number;
  readonly coders: boolean;
  readonly strict: boolean;
  readonly force: boolean;
}

/** Analyses detectors on data and writes the folder. */
export async function analyze(folders: readonly string[], options: AnalyzeOptions): Promise<void> {
  const { threads, device, data, ...settings } = options;
  const output = openConsole(options.quiet);
  await requireDevice(device);
  const request = {
    ...settings,
    detectors: folders,
    data: await Promise.all(data.map(parseNamedLocation)),
    engine: { threads: threads ?? availableParallelism(), device },
    commands: [commandLine(wordsOf(folders, options))],
  };
  const report = await analyzeDetectors(request, { onEvent: eventPrinter(output) });
  output.print(options.json ? JSON.stringify(report) : report.page);
}

/** The words that make the analysis again. */
function wordsOf(
  folders: readonly string[],
  { data, normal, out, limit, score, coders, seed, strict }: AnalyzeOptions,
): string[] {
  return [
    "analyze",
    ...folders,
    ...data.flatMap((one) => ["--data", one]),
    ...(normal === undefined ? [] : ["--normal", normal]),
    ...score.flatMap((one) => ["--score", one]),
    ...["--limit", String(limit), "--seed", String(seed), "--out", out],
    ...(coders ? [] : ["--no-coders"]),
    ...(strict ? ["--strict"] : []),
  ];
}
