/** `outglow train`: images in, detector out. */

import { join } from "node:path";
import { quoteWord } from "../base/index.ts";
import type { Manifest } from "../detector/index.ts";
import { referenceCount } from "../score/index.ts";
import {
  faultSheetName,
  markingRate,
  prepareTraining,
  type TrainingOutcome,
  type TrainingPlan,
  type TrainRequest,
  train as trainPlan,
  usualFalseAlarm,
} from "../workflow/index.ts";
import { cachePlace } from "./cache-place.ts";
import { type Console, openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import { exitCodes } from "./exit-codes.ts";
import { catchInterrupt } from "./interrupts.ts";
import type { CacheOptions, TellingOptions } from "./options.ts";

/** Trains a detector as a request says, or goes on with the run that stands in its folder. Says whether it came to its end. */
export async function train(
  request: TrainRequest,
  options: TellingOptions & CacheOptions,
): Promise<TrainingOutcome["outcome"]> {
  const output = openConsole(options.quiet);
  const outcome = await trainRequest(request, options, output);
  if (outcome === "interrupted") {
    output.warn(`stopped and saved; go on with: outglow train --resume --out ${quoteWord(request.out)}`);
  }
  return outcome;
}

async function trainRequest(
  request: TrainRequest,
  { json, ...options }: TellingOptions & CacheOptions,
  output: Console,
): Promise<TrainingOutcome["outcome"]> {
  const onEvent = eventPrinter(output);
  const plan = await prepareTraining(request, { onEvent, cache: cachePlace(options) });
  const interruption = catchInterrupt(output);
  const result = await trainPlan(plan, { onEvent, signal: interruption.signal }).finally(interruption.release);
  if (result.outcome === "interrupted") process.exitCode = exitCodes.interrupted;
  else announce(plan, result.manifest, json, output);
  return result.outcome;
}

function announce({ out, images }: TrainingPlan, manifest: Manifest, json: boolean, output: Console): void {
  if (json) {
    const { models, defaultScore, data, training, faults, cells, encoder } = manifest;
    const sets = [images.normal, images.general, images.outliers];
    const skipped = sets.flatMap((set) => set?.problems ?? []);
    output.print(
      JSON.stringify({ detector: out, models, defaultScore, data, training, faults, cells, encoder, skipped }),
    );
    return;
  }
  const isGeneral = manifest.role === "general";
  for (const [key, model] of Object.entries(manifest.models)) {
    if (!model) continue;
    const name = isGeneral ? "general" : key;
    const steps = model.steps === null ? "taken from another detector" : `${model.steps} steps`;
    const bits = model.heldOutBitsPerDimension;
    output.note(`${name} model: ${steps}${bits === null ? "" : `, ${bits.toFixed(3)} bits/dim held out`}`);
  }
  if (isGeneral) {
    output.note(
      `next: outglow train --normal DATA --general-detector ${quoteWord(out)} ${sizeFlags(manifest)} --out NAME`,
    );
  } else {
    const count = referenceCount(manifest.calibration, manifest.defaultScore);
    if (manifest.faults) {
      const { settings, folds, groups } = manifest.faults.record;
      output.note(
        `faults: ${folds.length} networks of ${settings.steps} steps or more, from images of ${groups} different things`,
      );
      output.note(`what they learned to find: ${join(out, faultSheetName)}`);
    }
    if (manifest.cells) {
      const { settings, folds } = manifest.cells.record;
      output.note(`cells: ${folds.length} pairs of flows, ${settings.plainSteps} and ${settings.steps} steps or more`);
    }
    if (manifest.encoder) {
      const { images, groups, settings } = manifest.encoder.record;
      const other = manifest["encoder-other"] ? `, and ${manifest["encoder-other"].record.settings.mode}` : "";
      output.note(`encoder: features of ${images} images of ${groups} different things, ${settings.mode}${other}`);
    }
    const marking = markingRate(count);
    output.note(
      `default score: ${manifest.defaultScore}, calibrated on ${count} held-out images: false-alarm rates from ${marking}`,
    );
    const advised = Math.max(usualFalseAlarm, marking);
    const maps = manifest.faults || manifest.encoder ? " --maps MAPS" : "";
    output.note(`next: outglow predict ${quoteWord(out)} IMAGES --false-alarm ${advised}${maps}`);
  }
  output.print(out);
}

/** The flags that give a detector the size of a general model. */
function sizeFlags({ input, training: { model } }: Manifest): string {
  const flags = {
    size: input.height,
    channels: input.channels,
    architecture: model.architecture,
    scales: model.scales,
    depth: model.depth,
    width: model.hidden,
  };
  return Object.entries(flags)
    .map(([name, value]) => `--${name} ${value}`)
    .join(" ");
}
