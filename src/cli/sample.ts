/** `outglow sample`: a PNG grid of generated images. */
import { availableParallelism } from "node:os";
import { randomKey } from "../base/index.ts";
import { loadManifest, loadWeights, sampleImages } from "../detector/index.ts";
import { makeFlow } from "../flow/index.ts";
import { renderImageGrid } from "../report/index.ts";
import { openConsole } from "./console.ts";
import { refuseExisting, writeOutput } from "./output-file.ts";
import type { SampleOptions } from "./sample-command.ts";

/** Side of a sample in the picture, in pixels. */
const shownSide = 96;

/** Samples a detector's flow. */
export async function sample(folder: string, options: SampleOptions): Promise<void> {
  const output = openConsole(options.quiet);
  await refuseExisting(options.out, options.force, "sample: --out");
  const manifest = await loadManifest(folder);
  const parameters = await loadWeights(folder, manifest, options.model);
  const flow = makeFlow({ ...manifest.training.input, ...manifest.training.model });
  const engine = { threads: options.threads ?? availableParallelism(), device: options.device };
  const { count, temperature, seed } = options;
  const pixels = await sampleImages(flow, parameters, { count, temperature, key: randomKey(seed) }, engine);
  const { channels, height, width } = manifest.input;
  const png = await renderImageGrid({
    images: { pixels, count, channels, height, width },
    columns: Math.ceil(Math.sqrt(count)),
    scale: Math.max(1, Math.round(shownSide / Math.max(height, width))),
  });
  await writeOutput(options.out, png, { force: options.force, where: "sample: --out" });
  output.print(options.json ? JSON.stringify({ samples: options.out, count, temperature, seed }) : options.out);
}
