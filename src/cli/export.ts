/** `outglow export`: files for other programs, and how far they are from the detector. */
import { type ExportRequest, exportDetector } from "../workflow/index.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import type { EngineOptions } from "./options.ts";

/** What is typed after `outglow export`. */
export interface ExportCommandOptions extends EngineOptions, Omit<ExportRequest, "detector"> {}

/** Exports a detector. Paths go to stdout, what was found to stderr. */
export async function exportFiles(detector: string, options: ExportCommandOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const outcome = await exportDetector({ ...options, detector }, options, { onEvent: eventPrinter(output) });
  const { files, check, resizing } = outcome;
  for (const { output: name, largest, allowed } of check.differences) {
    output.note(`${name.padEnd(14)} differs by ${largest.toPrecision(2)} at most, allowed are ${allowed}`);
  }
  output.note(`${check.images} made images, in batches of ${check.batches.join(", ")}`);
  if (resizing) {
    output.warn(
      `resizing differs by ${resizing.largest} levels of 256 at most, ${resizing.mean.toFixed(2)} on average, and the score by ${resizing.score.toPrecision(2)} at most`,
    );
  }
  if (options.json) output.print(JSON.stringify(outcome));
  else for (const { path } of files) output.print(path);
}
