/** From normal images to a fault detector: groups, folds, a network a fold, calibration on what it did not see. */
import { type RandomKey, RunError, randomKey } from "../base/index.ts";
import { type ParameterVectors, packArrays } from "../nn/index.ts";
import { adam } from "../optim/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { adaptToData, compileStep, zeroState } from "../train/index.ts";
import {
  type BatchPlan,
  batchInnermost,
  cropSide,
  drawBatch,
  drawCrop,
  drawFaultyCrop,
  type LevelImages,
  type PixelScale,
  pixelScale,
} from "./batches.ts";
import { type BegunFaults, sameTraining } from "./begun-training.ts";
import { topMean } from "./cell-map.ts";
import type { CellLogits } from "./cell-windows.ts";
import { exampleOf, type FaultPatch } from "./fault-patches.ts";
import { assignFolds, kindsLeftOut } from "./folds.ts";
import { type Fingerprint, fingerprintOfStructure, groupImages } from "./groups.ts";
import { atLevels, commonLevels, type LevelSize, withChannels } from "./levels.ts";
import { openLogits } from "./logits.ts";
import { faultNetwork } from "./network.ts";
import { faultDetection } from "./objective.ts";
import type { FaultDetector, FaultRecord } from "./record.ts";
import { joinLevels, type LevelMap } from "./scoring.ts";
import type { FaultSettings } from "./settings.ts";
import { type FaultKind, likeKind } from "./synthetic/kinds.ts";
import type { Example } from "./synthetic/likeness.ts";

/** Normal images that are read one by one. */
export interface NormalImages {
  readonly names: readonly string[];
  read(index: number): Promise<RawImage>;
  /** A person's own examples of faults, for the kind `like`: every network learns it. */
  readonly patches?: readonly FaultPatch[] | undefined;
}

/** What happens while a fault detector is trained. */
export type FaultEvent =
  | { readonly kind: "read"; readonly done: number; readonly count: number }
  | { readonly kind: "grouped"; readonly images: number; readonly groups: number }
  /** A former training is gone on with: so many networks are taken from it, none where its images or settings were others. */
  | { readonly kind: "resumed"; readonly networks: number }
  | {
      readonly kind: "step";
      readonly fold: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
    }
  | { readonly kind: "scored"; readonly fold: number };

/** Who looks on. */
export interface FaultWatch {
  onEvent?(event: FaultEvent): void;
  readonly signal?: AbortSignal | undefined;
  /** Seconds that the next network may take; its rate falls with whichever is further on, steps or time. Undefined for no limit. */
  secondsOf?(fold: number): number | undefined;
  /** A training that was stopped: its networks are not trained again. */
  readonly begun?: BegunFaults | undefined;
  /** Keeps what is finished, after every network; the training goes on when it has. */
  onNetwork?(begun: Omit<BegunFaults, "seconds">): Promise<void>;
  /** What an image shows, by its name: images of one thing stay on one side of every split. */
  group?(name: string): string;
  /** A group number for every image where these are known; without them images are compared, and `group` counts. */
  readonly groups?: Uint32Array | undefined;
}

/** Crops on which the norms are settled, half of them with a fault as in training. */
const settlingCrops = 256;

/**
 * Trains a fault detector on normal images: one network a fold, calibrated on the images of that fold; no more folds than different things. Each
 * network does without one kind of faults, all of them together without none: `unseenOf` tells what is new to which.
 * Throws ConfigError for too few different images, RunError where training diverges, and the signal's reason where it is aborted.
 */
export async function trainFaultDetector(
  images: NormalImages,
  wished: FaultSettings,
  watch: FaultWatch = {},
): Promise<FaultDetector> {
  const key = randomKey(wished.seed).fold("faults");
  const { levels, common, fingerprints, channels } = await readLevels(images, wished, watch);
  const names = watch.group ? images.names.map((name) => watch.group!(name)) : [];
  const groups = watch.groups ?? groupImages(fingerprints, names);
  const groupCount = new Set(groups).size;
  watch.onEvent?.({ kind: "grouped", images: levels.length, groups: groupCount });
  const settings = { ...wished, levels: [...common], folds: Math.max(2, Math.min(wished.folds, groupCount)) };
  const foldOf = assignFolds(groups, settings.folds, key.fold("folds"));
  const scale = pixelScale(levels);

  const record: FaultRecord = {
    settings,
    channels,
    pixelScale: { means: [...scale.means], deviations: [...scale.deviations] },
    images: levels.length,
    groups: groupCount,
    folds: [],
    foldOf: [...foldOf],
  };
  const begun = sameTraining(watch.begun, wished, record);
  if (watch.begun) watch.onEvent?.({ kind: "resumed", networks: begun?.networks.length ?? 0 });
  const made = settings.kinds.filter((kind) => kind !== likeKind);
  const examples = images.patches?.map((patch) => exampleOf(patch, channels));
  let detector: FaultDetector = begun ?? { record, networks: [] };
  for (let fold = detector.networks.length; fold < settings.folds; fold++) {
    const training = levels.filter((_, index) => foldOf[index] !== fold);
    const heldOut = levels.filter((_, index) => foldOf[index] === fold);
    const leftOut = kindsLeftOut(made, fold, settings.folds);
    const known = { ...settings, kinds: settings.kinds.filter((kind) => !leftOut.includes(kind)) };
    let taken = 0;
    const parameters = await trainNetwork(training, scale, known, key.fold(`fold ${fold}`), {
      examples,
      seconds: watch.secondsOf?.(fold),
      signal: watch.signal,
      onStep: (step, loss) => {
        taken = step;
        watch.onEvent?.({ kind: "step", fold, step, steps: settings.steps, loss });
      },
    });
    const network = faultNetwork({ channels, width: settings.width });
    const logits = openLogits(network, parameters, scale, nodeEngine({ threads: settings.threads }));
    const calibrated = await calibrateFold(heldOut, logits, settings.levels).finally(() => logits.dispose());
    detector = withNetwork(detector, parameters, { ...calibrated, leftOut }, taken);
    await watch.onNetwork?.({ wished, detector });
    watch.onEvent?.({ kind: "scored", fold });
  }
  return detector;
}

/** A detector with another fold's network, which took so many steps. */
function withNetwork(
  { record, networks }: FaultDetector,
  parameters: ParameterVectors,
  fold: FaultRecord["folds"][number],
  steps: number,
): FaultDetector {
  const settings = { ...record.settings, steps: Math.min(record.settings.steps, steps) };
  return { record: { ...record, settings, folds: [...record.folds, fold] }, networks: [...networks, parameters] };
}

/** Reads images and brings them to their levels; where no groups are known, what their structure looks like, too. */
export async function readLevels(
  { names, read }: NormalImages,
  settings: Pick<FaultSettings, "levels" | "aspect" | "small">,
  watch: Pick<FaultWatch, "signal" | "groups" | "onEvent">,
) {
  const all: (readonly RawImage[])[] = [];
  const fingerprints: Fingerprint[] = [];
  const sizes: LevelSize[] = [];
  for (const index of names.keys()) {
    watch.signal?.throwIfAborted();
    const image = await read(index);
    sizes.push({ height: image.height, width: image.width });
    if (!watch.groups) fingerprints.push(fingerprintOfStructure(image));
    all.push(atLevels(image, settings).map(({ image: level }) => level));
    watch.onEvent?.({ kind: "read", done: index + 1, count: names.length });
  }
  const channels: 1 | 3 = all.every((levels) => levels[0]!.channels === 1) ? 1 : 3;
  const common = settings.small === "enlarged" ? commonLevels(sizes, settings.levels) : settings.levels;
  // Those that few images have are the largest ones.
  const fewHave = settings.levels.length - common.length;
  return {
    levels: all.map((levels) => levels.slice(fewHave).map((level) => withChannels(level, channels))),
    common,
    fingerprints,
    channels,
  };
}

interface NetworkWatch {
  readonly examples?: readonly Example[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where this is reached before the steps are, training ends: never before a few dozen steps. */
  readonly seconds?: number | undefined;
  onStep?(step: number, loss: number): void;
}

/** Steps that are taken however short the time is. */
const leastSteps = 30;

/** Trains one network on images at their levels. */
export async function trainNetwork(
  images: LevelImages,
  scale: PixelScale,
  settings: FaultSettings,
  key: RandomKey,
  watch: NetworkWatch = {},
): Promise<ParameterVectors> {
  const { crops, steps, threads, width, turns, light } = settings;
  const kinds = settings.kinds as readonly FaultKind[];
  const { examples } = watch;
  const plan: BatchPlan = { images, scale, kinds, crops, variation: { turns, light }, examples };
  const network = faultNetwork({ channels: images[0]![0]!.channels, width });
  const objective = faultDetection(network, cropSide);
  const fresh = packArrays(network.parameters, network.createParameters(key.fold("parameters")));
  const update = { optimizer: adam, weightDecay: 0, clipNorm: 1 };
  const step = await compileStep(objective, 2 * crops, zeroState(fresh, update), update, nodeEngine({ threads }));
  try {
    const started = performance.now();
    const timeShare = () => (watch.seconds ? (performance.now() - started) / 1000 / watch.seconds : 0);
    for (let done = 0; done < steps; done++) {
      watch.signal?.throwIfAborted();
      const share = Math.max(done / steps, timeShare());
      if (share >= 1 && done >= leastSteps) break;
      const rate = fallingRate(settings.learningRate, done, steps, share);
      const batch = drawBatch(plan, key.fold("batch").fold(done));
      const { loss, applied } = await step.run(batch, adam.scalars(rate, done + 1));
      if (!applied) throw diverged(done);
      watch.onStep?.(done + 1, loss);
    }
  } finally {
    await step.dispose();
  }
  const { parameters } = step.state();
  const settling = someCrops(plan, key.fold("settling"));
  return adaptToData(objective.model, parameters, batchInnermost(settling, scale), nodeEngine({ threads }));
}

/** What a rate is at a step, `share` of the training being behind: it falls to zero along half a cosine, after a short linear rise. */
export function fallingRate(rate: number, step: number, steps: number, share: number): number {
  const rise = Math.min(1, (step + 1) / Math.min(50, steps));
  const fall = 0.5 * (1 + Math.cos(Math.PI * Math.min(1, share)));
  return rate * rise * fall;
}

function someCrops(plan: BatchPlan, key: RandomKey) {
  const stream = key.fold("clean").stream();
  return Array.from({ length: settlingCrops }, (_, index) =>
    index % 2 === 0 ? drawCrop(plan.images, plan.variation, stream) : drawFaultyCrop(plan, key.fold(index)).crop,
  );
}

function diverged(step: number): RunError {
  return new RunError({
    code: "diverged",
    subject: "faults",
    expected: "finite losses",
    got: `one that is not at step ${step + 1}`,
    remedy: { key: "other", text: "lower the learning rate" },
  });
}

/** Mean and deviation of every level's cells, and the scores, of images that what looks at them did not see. */
export async function calibrateFold(
  images: LevelImages,
  logits: CellLogits,
  levels: readonly number[],
): Promise<Pick<FaultRecord["folds"][number], "levels" | "scores">> {
  const descending = [...levels].sort((a, b) => b - a);
  const maps: LevelMap[][] = [];
  for (const own of images) {
    const looked: LevelMap[] = [];
    for (const [index, image] of own.entries()) {
      // Images lack levels from the largest on: the last ones are the same for all.
      const level = descending[descending.length - own.length + index]!;
      looked.push({ level, map: await logits.run(image) });
    }
    maps.push(looked);
  }
  const moments = levelMoments(maps, levels);
  const scores = maps.map((own) => topMean(joinLevels(own, moments).map));
  return { levels: moments, scores: scores.sort((a, b) => a - b) };
}

/** Mean and deviation of the cells of every level that some image has. A constant level keeps a deviation that divides. */
export function levelMoments(maps: readonly (readonly LevelMap[])[], levels: readonly number[]) {
  return [...levels]
    .sort((a, b) => b - a)
    .flatMap((level) => {
      const own = maps.flatMap((all) => all.filter((entry) => entry.level === level).map(({ map }) => map.values));
      if (own.length === 0) return [];
      const count = own.reduce((sum, values) => sum + values.length, 0);
      const sumOf = (term: (value: number) => number): number =>
        own.reduce((sum, values) => values.reduce((inner, value) => inner + term(value), sum), 0);
      const mean = sumOf((value) => value) / count;
      const deviation = Math.sqrt(sumOf((value) => (value - mean) ** 2) / count);
      return [{ level, mean, deviation: Math.max(1e-6, deviation) }];
    });
}
