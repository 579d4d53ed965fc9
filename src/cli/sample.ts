/** `outglow sample`: a PNG grid of generated images. */
import { availableParallelism } from "node:os";
import { ConfigError, nearestSpelling, randomKey, setting } from "../base/index.ts";
import { loadManifest, loadWeights, type Manifest, sampledModel, sampleImages } from "../detector/index.ts";
import { renderImageGrid } from "../report/index.ts";
import { nodeEngine, requireDevice } from "../runtime/index.ts";
import { openConsole } from "./console.ts";
import { refuseExisting, writeOutput } from "./output-file.ts";
import type { SampleOptions } from "./sample-command.ts";

/** Side of a sample in the picture, in pixels. */
const shownSide = 96;

/** Samples a detector's flow. */
export async function sample(folder: string, options: SampleOptions): Promise<void> {
  const output = openConsole(options.quiet);
  await refuseExisting(options.out, options.force, setting("out"));
  const manifest = await loadManifest(folder);
  await requireDevice(options.device);
  const parameters = await loadWeights(folder, manifest, options.model);
  const label = labelOf(manifest, options);
  const model = sampledModel(manifest.training, options.model);
  const engine = nodeEngine({ threads: options.threads ?? availableParallelism(), device: options.device });
  const { count, temperature, seed } = options;
  const pixels = await sampleImages(model, parameters, { count, temperature, key: randomKey(seed), label }, engine);
  const { channels, height, width } = manifest.input;
  const png = await renderImageGrid({
    images: { pixels, count, channels, height, width },
    columns: Math.ceil(Math.sqrt(count)),
    scale: Math.max(1, Math.round(shownSide / Math.max(height, width))),
  });
  await writeOutput(options.out, png, { force: options.force, subject: setting("out") });
  output.print(options.json ? JSON.stringify({ samples: options.out, count, temperature, seed }) : options.out);
}

/** The number of the class that --class names, if it names one. */
function labelOf(
  { training: { classes, classConditional } }: Manifest,
  { class: name, model }: SampleOptions,
): number | undefined {
  if (name === undefined) return undefined;
  if (!classes || !classConditional || model !== "normal") {
    throw new ConfigError("sample: --class expects a normal model with classes, got one without; train with --classes");
  }
  const label = classes.indexOf(name);
  if (label >= 0) return label;
  throw new ConfigError(
    `sample: --class expects one of ${classes.join(", ")}, got '${name}'; did you mean '${nearestSpelling(name, classes)}'?`,
  );
}
