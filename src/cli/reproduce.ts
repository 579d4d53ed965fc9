/** `outglow reproduce`: reads what was typed, runs the experiments, prints the tables. */

import { availableParallelism } from "node:os";
import type { Device } from "../base/index.ts";
import { commandLine, flagOf } from "../base/index.ts";
import { parseNamedLocation } from "../data/index.ts";
import {
  type Budget,
  detectorNamesOf,
  modelFolder,
  type Plan,
  type ReproductionRequest,
  reproduce as runExperiments,
  type SuiteName,
  trainedNames,
  trainingOf,
} from "../experiments/index.ts";
import { requireDevice } from "../runtime/index.ts";
import type { TrainRequest } from "../workflow/index.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import { exitCodes } from "./exit-codes.ts";
import { catchInterrupt } from "./interrupts.ts";

/** The options of `outglow reproduce`, as commander parses them. Absent where the suite or the budget decides. */
export interface ReproduceOptions {
  readonly out: string;
  readonly budget?: Budget;
  readonly seeds?: number[];
  readonly data?: string;
  readonly config?: string;
  readonly normal?: string;
  readonly test?: string;
  readonly anomalous?: string[];
  readonly general?: string;
  readonly generalModel?: string;
  readonly supervised?: boolean;
  readonly generalSteps?: number;
  readonly steps?: number;
  readonly size?: number;
  readonly depth?: number;
  readonly width?: number;
  readonly batch?: number;
  readonly limit?: number;
  readonly threads?: number;
  readonly device?: Device;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** Repeats the experiments of a suite. */
export async function reproduce(suite: SuiteName, options: ReproduceOptions): Promise<void> {
  const { quiet, json, anomalous, threads = availableParallelism(), ...settings } = options;
  const output = openConsole(quiet);
  await requireDevice(options.device ?? "cpu");
  const sets = anomalous && (await Promise.all(anomalous.map(parseNamedLocation)));
  const request: ReproductionRequest = { ...settings, suite, threads, anomalous: sets };
  let again: readonly string[] = [];
  const commandsOf = (plan: Plan): readonly string[] => {
    again = commandLines(plan, options.out);
    return again;
  };
  const interruption = catchInterrupt(output);
  const watch = { onEvent: eventPrinter(output), signal: interruption.signal };
  const reproduction = await runExperiments(request, watch, commandsOf).finally(interruption.release);
  if (!reproduction) {
    process.exitCode = exitCodes.interrupted;
    output.warn(`stopped; the same command goes on${again[0] === undefined ? "" : `: ${again[0]}`}`);
    return;
  }
  output.print(json ? JSON.stringify(reproduction.results) : reproduction.table);
  output.note(`page: ${reproduction.page}`);
}

function trainingFlags(request: TrainRequest): string[] {
  return Object.entries(request).flatMap(([name, value]) => {
    if (typeof value === "boolean") return value ? [flagOf(name)] : [];
    return [flagOf(name), Array.isArray(value) ? value.join(",") : String(value)];
  });
}

/** What makes it again: the command itself, and what it runs for the first seed. */
function commandLines(plan: Plan, out: string): string[] {
  const flags = Object.entries(plan.given).flatMap(([name, value]) => typedFlag(name, value));
  const [seed] = plan.seeds;
  const { test, anomalous } = plan.data;
  const sets = ["--normal", test, ...anomalous.flatMap((set) => ["--anomalous", typedSet(set)])];
  return [
    commandLine(["reproduce", plan.suite, "--out", out, ...flags]),
    "",
    `# what it runs, seed ${seed}:`,
    ...trainedNames(plan).map((name) => commandLine(["train", ...trainingFlags(trainingOf(plan, out, seed!, name))])),
    ...detectorNamesOf(plan).map((name) => commandLine(["evaluate", modelFolder(out, seed!, name), ...sets])),
  ];
}

/** A setting of a plan as it is typed; durations in seconds. */
function typedFlag(name: string, value: unknown): string[] {
  const flag = flagOf(name);
  if (name === "anomalous" && Array.isArray(value)) return value.flatMap((one) => [flag, typedSet(one)]);
  if (name === "seeds" && Array.isArray(value)) return [flag, typedSeeds(value.map(Number))];
  if (name === "budget" && typeof value === "number") return [flag, `${value}s`];
  return value === true ? [flag] : [flag, String(value)];
}

function typedSet({ name, location }: { readonly name: string; readonly location: string }): string {
  return `${name}=${location}`;
}

/** As `--seeds` takes them. */
function typedSeeds(seeds: readonly number[]): string {
  return seeds.every((seed, index) => seed === index) ? String(seeds.length) : seeds.join(",");
}
