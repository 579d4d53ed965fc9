/** `outglow sample`: a PNG grid of generated images. */
import { setting } from "../base/index.ts";
import { renderImageGrid } from "../report/index.ts";
import { sample as drawSamples, type SampleRequest } from "../workflow/index.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import type { EngineOptions } from "./options.ts";
import { refuseExisting, writeOutput } from "./output-file.ts";

/** What is typed after `outglow sample`. */
export interface SampleOptions extends EngineOptions, Omit<SampleRequest, "detector"> {
  readonly out: string;
  readonly force: boolean;
}

/** Side of a sample in the picture, in pixels. */
const shownSide = 96;

/** Samples a detector's flow. */
export async function sample(folder: string, options: SampleOptions): Promise<void> {
  const { out, force, count, temperature, seed } = options;
  const output = openConsole(options.quiet);
  await refuseExisting(out, force, setting("out"));
  const images = await drawSamples({ ...options, detector: folder }, options, { onEvent: eventPrinter(output) });
  const png = await renderImageGrid({
    images,
    columns: Math.ceil(Math.sqrt(count)),
    scale: Math.max(1, Math.round(shownSide / Math.max(images.height, images.width))),
  });
  await writeOutput(out, png, { force, subject: setting("out") });
  output.print(options.json ? JSON.stringify({ samples: out, count, temperature, seed }) : out);
}
