/** `outglow data info`: what images are like. */
import { setting } from "../base/index.ts";
import { checkKinds, failedKinds, inspectData, showDescription, writeFindings } from "../workflow/index.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import { exitCodes } from "./exit-codes.ts";
import type { TellingOptions } from "./options.ts";
import { refuseFull } from "./output-file.ts";

/** What is typed after `outglow data info`. */
export interface DataInfoOptions extends TellingOptions {
  readonly out?: string;
  readonly failOn?: readonly string[];
  readonly force: boolean;
}

/** Looks at images, prints what they are like and writes sheets of what was found. */
export async function dataInfo(locations: readonly string[], options: DataInfoOptions): Promise<void> {
  const { out, failOn = [], force, quiet, json } = options;
  const output = openConsole(quiet);
  checkKinds(failOn);
  if (out !== undefined && !force) await refuseFull(out, setting("out"));
  const data = await inspectData(locations, { onEvent: eventPrinter(output) });
  const { description } = data;
  const files = out === undefined ? [] : await writeFindings(data, out);
  if (json) output.print(JSON.stringify(description));
  else for (const line of showDescription(description)) output.print(line);
  if (out !== undefined) output.note(`${files.length} files in ${out}`);
  const failed = failedKinds(description, failOn);
  if (failed.length === 0) return;
  output.warn(`found ${failed.map((kind) => `${kind} (${description.counts[kind]})`).join(", ")}`);
  process.exitCode = exitCodes.finding;
}
