/** The training of what looks for local faults, beside the flows of a run: the images at their own size, the time that is left for it, a sheet. */
import { readFile } from "node:fs/promises";
import {
  ConfigError,
  FormatError,
  messageOf,
  permutation,
  type RandomKey,
  randomKey,
  setting,
} from "../../base/index.ts";
import { mapInOrder, writeFileAtomic } from "../../data/index.ts";
import {
  atLevels,
  drawOnImage,
  exampleOf,
  type FaultDetector,
  type FaultKind,
  type FaultSettings,
  faultKinds,
  faultSettingsSchema,
  likeKind,
  type NormalImages,
  readBegunFaults,
  secondsPerStep,
  trainFaultDetector,
  writeBegunFaults,
} from "../../faults/index.ts";
import type { RawImage } from "../../pixels/index.ts";
import { type ImageRow, renderImageMatrix } from "../../report/index.ts";
import { faultNetworksPath } from "../../train/index.ts";
import type { Watch } from "../events.ts";
import { readFaultExamples } from "./fault-examples.ts";
import type { TrainingPlan } from "./training-plan.ts";
import type { GroupedImages } from "./whole-images.ts";

/** A fault detector, and the picture that shows what it was trained to find. */
export interface TrainedFaults {
  readonly detector: FaultDetector;
  /** PNG. */
  readonly sheet: Uint8Array;
}

/** Steps of a network where neither time nor steps are limited otherwise, and the most where time is. */
const usualSteps = 1000;
const leastSteps = 30;

/** More networks are better only where each learns something: the most folds that leave each so many steps. */
const foldChoices = [5, 3, 2];
const stepsAFold = 300;

/** Share of the time that training itself takes; the rest is reading, grouping and calibration. Once images are read, only the last is left. */
const trainingShare = 0.85;
const calibrationShare = 0.95;

/**
 * Trains the fault detector of a plan that has one. Every network that is finished is kept in the run's `folder`; where networks are there,
 * they are not trained again. Throws ConfigError for too few different images, FormatError where an image has changed
 * since the plan was made or a kept network is damaged, RunError where training diverges or the disk refuses, the signal's reason where it is aborted.
 */
export async function trainFaults(
  plan: TrainingPlan,
  { images: known, groups, seconds }: GroupedImages,
  folder: string,
  { onEvent, signal }: Watch,
): Promise<TrainedFaults> {
  const { configuration, faults } = plan.record;
  // Finding out what is alike is part of the time that faults may take.
  const started = performance.now() - 1000 * seconds;
  const images = await withExamples(plan, known, { onEvent });
  const { channels } = configuration.input;
  const { seed, threads } = configuration;
  const kinds = images.patches ? [...faultKinds, likeKind] : faultKinds;
  const usual = faultSettingsSchema.parse({ seed, threads, kinds });
  const kept = faultNetworksPath(folder);
  const begun = await readKept(kept, readBegunFaults);
  const spent = (): number => (begun?.seconds ?? 0) + (performance.now() - started) / 1000;
  const limits = faults ?? { seconds: null, steps: null };
  // What was measured when the training began holds on: with other steps the networks would be others.
  const settings = begun?.wished ?? (await fitToTime(usual, channels, limits));
  onEvent?.({
    kind: "note",
    text: `training ${settings.folds} networks to find local faults (${limits.seconds === null ? "" : "at most "}${settings.steps} steps each)`,
  });
  // What is left is shared out before each network: a machine that others use is slower than it was when the steps were counted.
  const secondsOf = (fold: number): number | undefined => {
    if (limits.seconds === null) return undefined;
    return Math.max(0.1, (calibrationShare * (limits.seconds - spent())) / (settings.folds - fold));
  };
  const detector = await trainFaultDetector(images, settings, {
    signal,
    secondsOf,
    begun,
    onNetwork: (finished) => writeFileAtomic(kept, writeBegunFaults({ ...finished, seconds: spent() })),
    groups,
    onEvent: (event) => {
      if (event.kind === "read") tellReading(event, onEvent);
      if (event.kind === "resumed") {
        const { networks } = event;
        const text =
          networks > 0
            ? `faults: ${networks} of ${settings.folds} networks were finished before`
            : "faults: begun anew, as images have changed";
        onEvent?.({ kind: "note", text });
      }
      if (event.kind === "step") {
        const { fold, step, steps, loss } = event;
        onEvent?.({ kind: "faults", network: fold + 1, networks: settings.folds, step, steps, loss });
      }
    },
  });
  onEvent?.({ kind: "settled" });
  return { detector, sheet: await drawSheet(images, randomKey(seed).fold("fault sheet")) };
}

/** A training that is kept; undefined where there is none. Throws FormatError where it cannot be read. */
export async function readKept<T>(path: string, read: (bytes: Uint8Array, where: string) => T): Promise<T | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new FormatError({
      code: "unreadable",
      subject: `'${path}'`,
      expected: "a file that can be read",
      got: messageOf(error),
    });
  });
  return bytes && read(bytes, `'${path}'`);
}

/** The images with a person's own examples of faults, where the plan has some. Throws ConfigError where these have changed. */
export async function withExamples(
  plan: TrainingPlan,
  images: NormalImages,
  { onEvent }: Watch,
): Promise<NormalImages> {
  const like = plan.record.faults?.like;
  if (!like) return images;
  const examples = await readFaultExamples(like.location, plan.record, plan.images.normal);
  if (examples.fingerprint !== like.fingerprint) {
    throw new ConfigError({
      code: "other-images",
      subject: setting("faultsLike"),
      expected: `the examples the run began with in '${like.location}'`,
      got: "others",
      remedy: { key: "other", text: `put them back, or start anew with ${setting("force")}` },
    });
  }
  const text = `faults: ${examples.patches.length} faults in ${examples.images} examples are learned, too`;
  onEvent?.({ kind: "note", text });
  return { ...images, patches: examples.patches };
}

/** As many steps and networks as the time allows, measured here. */
async function fitToTime(
  settings: FaultSettings,
  channels: number,
  { seconds, steps }: { readonly seconds: number | null; readonly steps: number | null },
): Promise<FaultSettings> {
  if (seconds === null) {
    const given = steps ?? usualSteps;
    const folds = given >= stepsAFold ? foldChoices[0]! : foldChoices.at(-1)!;
    return { ...settings, steps: given, folds };
  }
  const secondsAStep = await secondsPerStep(channels, settings);
  const most = (trainingShare * seconds) / secondsAStep;
  const folds = foldChoices.find((count) => most / count >= stepsAFold) ?? foldChoices.at(-1)!;
  const fitting = Math.max(leastSteps, Math.min(usualSteps, Math.floor(most / folds / 10) * 10));
  return { ...settings, folds, steps: steps ?? fitting };
}

/** Side of the images on the sheet, and how many show each kind. */
const shownSide = 128;
const shownImages = 4;

/** Every kind of synthetic faults on some of the images: each drawn, and beside it where. */
async function drawSheet(images: NormalImages, key: RandomKey): Promise<Uint8Array> {
  const stream = key.fold("choice").stream();
  const count = Math.min(images.names.length, 2 * shownImages);
  const chosen = permutation(images.names.length, stream).subarray(0, count);
  const squares: RawImage[] = [];
  const read = async (position: number): Promise<RawImage> => {
    const image = await images.read(chosen[position]!);
    return atLevels(image, { levels: [shownSide], aspect: "stretched" })[0]!.image;
  };
  for await (const image of mapInOrder(count, read, { concurrency: 2, ahead: 2 })) squares.push(image);
  const examples = images.patches?.map((patch) => exampleOf(patch, squares[0]!.channels));
  const kinds: readonly FaultKind[] = examples ? [...faultKinds, likeKind] : faultKinds;
  const rows = kinds.map((kind, row): ImageRow => {
    const drawn = Array.from({ length: shownImages }, (_, column) => {
      const at = row * shownImages + column;
      const [image, donor] = [squares[at % count]!, squares[(at + 1) % count]!];
      return drawOnImage(image, donor, key.fold(kind).fold(column), [kind], examples);
    });
    const pixels = drawn.flatMap(({ image, mask }) => [coloured(image), coloured(image, mask)]);
    const side = { channels: 3, height: shownSide, width: shownSide };
    return { label: kind, images: { ...side, count: pixels.length, pixels: Buffer.concat(pixels) } };
  });
  return renderImageMatrix({
    title: "Synthetic faults that the networks learned to find, and where each one is",
    rows,
    notes: [
      "Drawn anew at every step on crops of the normal images at several sizes. What looks like none of them may not be found.",
    ],
  });
}

/** An image as RGB [3, H, W]; red where a mask is. */
function coloured({ pixels, channels, height, width }: RawImage, mask?: Float32Array): Uint8Array {
  const area = height * width;
  return Uint8Array.from({ length: 3 * area }, (_, index) => {
    const [channel, pixel] = [Math.floor(index / area), index % area];
    const own = pixels[(channels === 3 ? channel : 0) * area + pixel]!;
    if (!mask || mask[pixel]! < 0.5) return own;
    return channel === 0 ? 128 + own / 2 : own / 3;
  });
}

/** Tells how many normal images are read at their own size, as a training of what looks at places reports it. */
export function tellReading(
  { done, count }: { readonly done: number; readonly count: number },
  onEvent: Watch["onEvent"],
): void {
  onEvent?.({ kind: "progress", task: "reading", subject: "normal images at their own size", done, total: count });
  if (done === count) onEvent?.({ kind: "settled" });
}
