/** What a person types after `outglow benchmark`. */
import { Command } from "commander";
import { benchmarkCases } from "../benchmark/cases.ts";
import type { BenchmarkOptions } from "./benchmark.ts";
import { deviceOption, oneOf, wholeNumber } from "./options.ts";

/** `outglow benchmark`. */
export function benchmarkCommand(): Command {
  const names = benchmarkCases.map(({ name }) => name);
  const collect = (text: string, before: readonly string[] = []): string[] => [...before, oneOf(names)(text)];
  return new Command("benchmark")
    .description("measure training and scoring on this machine")
    .option("--case <name>", `one of ${names.join(", ")}; give it again for more (default: all)`, collect)
    .option("--threads <n>", "threads of the engine (default: all cores)", wholeNumber(1))
    .addOption(deviceOption())
    .option("--profile", "show where the time of a step goes, by operator and by layer", false)
    .option(
      "--compare <command>",
      "measure a PyTorch script too, taking turns; give it again for more",
      (text, before: string[] = []) => [...before, text],
    )
    .option("--rounds <n>", "turns; the best of them counts", wholeNumber(1), 2)
    .option("--out <file>", "write the results as JSON here too")
    .option("--force", "replace an existing file", false)
    .option("--json", "print one JSON object on stdout", false)
    .action(async (options: BenchmarkOptions) => {
      const { benchmark } = await import("./benchmark.ts");
      await benchmark(options);
    });
}
