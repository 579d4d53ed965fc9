/** Training: images in, detector out. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type ImageSet, writeFileAtomic } from "../../data/index.ts";
import { type DetectorParts, type JoiningParts, type Manifest, writeDetector } from "../../detector/index.ts";
import { nodeEngine } from "../../runtime/index.ts";
import {
  beginRun,
  gatherImages,
  type RunRecord,
  type RunResult,
  runTraining,
  splitRun,
  takeRun,
} from "../../train/index.ts";
import type { Watch } from "../events.ts";
import { writeKnownImages } from "../known-images.ts";
import { trainCells } from "./cell-training.ts";
import { trainEncoder } from "./encoder-training.ts";
import { gatherTrials, tellChoice } from "./expert-trials.ts";
import { trainFaults } from "./fault-training.ts";
import type { TrainedPlaces } from "./placed-trials.ts";
import { writeSplit } from "./split-file.ts";
import type { TrainRequest } from "./train-request.ts";
import type { TrainingPlan } from "./training-plan.ts";
import { prepareTraining } from "./training-preparation.ts";
import { groupedImages } from "./whole-images.ts";

/** The picture of the synthetic faults that a detector was trained to find, in its folder. */
export const faultSheetName = "faults.png";

/** How a training ended: with a detector, or stopped and saved, to be gone on with by a request with `resume`. */
export type TrainingOutcome =
  | { readonly outcome: "finished"; readonly manifest: Manifest }
  | { readonly outcome: "interrupted" };

/**
 * Trains what a request asks for, or what `prepareTraining` has made of it, and writes the detector. The signal stops it after the step that
 * is being taken; what it has reached is saved then. Nobody else may train in the folder meanwhile. A detector or run that is replaced stays
 * whole and usable until the new detector is written. Throws as `prepareTraining`, the signal's reason where it comes while images are read,
 * RunError where training diverged, the disk refused or another run works in the folder.
 *
 * @example
 * ```ts
 * import { train } from "outglow";
 *
 * const signal = AbortSignal.timeout(600_000);
 * const { outcome } = await train({ normal: "good", out: "mine", time: 2, size: 16, heldOut: 0.2 }, { signal });
 * if (outcome === "interrupted") await train({ out: "mine", resume: true });
 * ```
 */
export async function train(job: TrainRequest | TrainingPlan, watch: Watch = {}): Promise<TrainingOutcome> {
  const plan = "record" in job ? job : await prepareTraining(job, watch);
  const { out, record, images, beginning, standing = record } = plan;
  const { onEvent, signal } = watch;
  const { configuration } = record;
  const run = beginning ? await beginRun(out, record, beginning) : await takeRun(out, standing, record);
  try {
    await writeSplit(run.folder, images, splitRun(images, configuration));
    const result = await runTraining({
      folder: run.folder,
      record,
      images,
      signal,
      onStart: (model, progress) => {
        const settings = configuration[model];
        const limits = { steps: settings?.steps ?? null, seconds: settings?.seconds ?? null };
        onEvent?.({ kind: "phase", model: record.role === "general" ? "general" : model, limits, progress });
      },
      onStep: (_, report) => onEvent?.({ kind: "step", report }),
      onWarning: (text) => onEvent?.({ kind: "warning", text }),
    }).finally(() => onEvent?.({ kind: "settled" }));
    if (!result) return { outcome: "interrupted" };
    const { heldOut } = result;
    const places = await trainPlaces(plan, heldOut, run.folder, watch).catch(unlessAborted(signal));
    if (places === "aborted") return { outcome: "interrupted" };
    const joining = await gatherTrials(plan, heldOut, places, watch)
      .finally(async () => {
        for (const fit of [places.encoder, places.encoder?.other]) await fit?.folds.dispose();
      })
      .catch(unlessAborted(signal));
    if (joining === "aborted") return { outcome: "interrupted" };
    await run.confirm();
    await writeKnownImages(run.folder, images);
    const manifest = await writeResult(plan, result, places, joining);
    if (joining) tellChoice(manifest, watch);
    await putSheet(out, places.faults?.sheet);
    await run.settle();
    return { outcome: "finished", manifest };
  } finally {
    await run.release();
  }
}

/** Trains what looks at places, all of it on the same images, folds and synthetic faults. */
async function trainPlaces(
  plan: TrainingPlan,
  heldOut: Uint32Array,
  folder: string,
  watch: Watch,
): Promise<TrainedPlaces> {
  const { faults: wished, cells: looked, encoder: file } = plan.record;
  if (!wished && !file) return { trained: [] };
  const grouped = await groupedImages(plan, heldOut, watch);
  const faults = wished ? await trainFaults(plan, grouped, folder, watch) : undefined;
  const cells = faults && looked ? await trainCells(plan, grouped, faults.detector.record, folder, watch) : undefined;
  const encoder = file ? await trainEncoder(plan, grouped, faults?.detector.record, watch) : undefined;
  return { trained: grouped.places, faults, cells, encoder };
}

/** The networks that are finished are kept: a run that is gone on with trains the others. */
function unlessAborted(signal: AbortSignal | undefined): (error: unknown) => "aborted" {
  return (error) => {
    if (signal?.aborted) return "aborted";
    throw error;
  };
}

/** The picture of what was looked for, beside the detector; without one, that of a former detector goes. */
async function putSheet(out: string, sheet: Uint8Array | undefined): Promise<void> {
  const path = join(out, faultSheetName);
  if (sheet) await writeFileAtomic(path, sheet);
  else await rm(path, { force: true }).catch(() => undefined);
}

function writeResult(
  { out, record, images }: TrainingPlan,
  result: RunResult,
  { faults, cells, encoder }: TrainedPlaces,
  joining: JoiningParts | undefined,
): Promise<Manifest> {
  const { normal, general, outliers } = images;
  const { configuration, generalDetector } = record;
  const describe = ({ location }: RunRecord["normal"], { count, fingerprint }: ImageSet) => ({
    location,
    count,
    fingerprint,
  });
  const trained = ({ parameters, progress }: RunResult["normal"]) => ({
    parameters,
    steps: progress.step,
    heldOutBitsPerDimension: progress.bestBitsPerDimension,
  });
  const generalModel = result.general && { ...trained(result.general), ...(generalDetector ? { steps: null } : {}) };
  const generalData = record.general && general ? describe(record.general, general) : (generalDetector?.data ?? null);
  const parts: DetectorParts = {
    training: configuration,
    role: record.role,
    models: {
      normal: trained(result.normal),
      general: generalModel,
      local: result.local && trained(result.local),
      classifier: result.classifier && trained(result.classifier),
    },
    generalDetector: generalDetector ? { folder: generalDetector.folder, weights: generalDetector.weights } : undefined,
    data: {
      normal: describe(record.normal, normal),
      general: generalData,
      outliers: record.outliers && outliers ? describe(record.outliers, outliers) : null,
    },
    heldOutPixels: gatherImages(normal, result.heldOut),
    groups: images.groups && {
      things: new Set(Array.from(images.groups)).size,
      heldOut: result.heldOut.map((image) => images.groups![image]!),
    },
    faults: faults?.detector,
    cells,
    encoder: encoder && { ...encoder, other: encoder.other?.expert },
    joining,
  };
  return writeDetector(out, parts, nodeEngine({ threads: configuration.threads, device: configuration.device }));
}
