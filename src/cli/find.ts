/** `outglow find`: what does not belong in a pile of images. */
import { quoteWord } from "../base/index.ts";
import { type FindRequest, find as findInPile, writeFound } from "../workflow/index.ts";
import { cachePlace } from "./cache-place.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import { exitCodes } from "./exit-codes.ts";
import { catchInterrupt } from "./interrupts.ts";
import type { CacheOptions, TellingOptions } from "./options.ts";

/** Searches a pile, prints the oddest images and leaves table, sheet and report. */
export async function find(request: FindRequest, options: TellingOptions & CacheOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const interruption = catchInterrupt(output);
  const watch = { onEvent: eventPrinter(output), signal: interruption.signal, cache: cachePlace(options) };
  const result = await findInPile(request, watch).finally(interruption.release);
  if (result.outcome === "interrupted") {
    process.exitCode = exitCodes.interrupted;
    output.warn(`stopped and saved; go on with: outglow find --resume --out ${quoteWord(request.out)}`);
    return;
  }
  const { images, top } = result.found;
  const files = await writeFound(result.found);
  const oddest = images.slice(0, top);
  if (options.json) {
    const orientation = "higher is odder; pile_share is a rank within the pile, not a p-value";
    const shown = oddest.map(({ image: _, ...rest }) => rest);
    output.print(JSON.stringify({ orientation, pile: images.length, ...files, images: shown }));
    return;
  }
  for (const { file } of oddest) output.print(file);
  output.note(`the ${top} oddest of ${images.length}; there is always an oddest image: look at ${files.sheet}`);
  output.note(`all images in order: ${files.table}; how to read it: ${files.report}`);
}
