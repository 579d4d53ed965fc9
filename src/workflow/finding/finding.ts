/**
 * Finding what does not belong in a pile of images, with no normal images at hand.
 *
 * The pile is cut into two halves; what shows the same thing stays together, or a stray would be known by its double. A flow is trained on each half,
 * from a general model on, and each image is scored by the one that has not seen it. Then the oddest tenth is left out and it is all done again, so that
 * strays teach the second flows nothing. What scores learn they learn from images that stand out least (`score/piles/pile-scores.ts`), and what the oddest have in
 * common is looked for in the others (`score/piles/second-look.ts`).
 */
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { RunError, setting, showDuration } from "../../base/index.ts";
import { type ImageSet, takeLock } from "../../data/index.ts";
import { joinShares, type LookedHalf, leastOf, secondLook, sharesOf } from "../../score/index.ts";
import type { Watch } from "../events.ts";
import {
  findFolder,
  finishModel,
  scoreUnseen,
  sharedSettings,
  type UnseenScores,
  writeImagesOf,
} from "./find-models.ts";
import { halvesOfPile, type KnownOfPile, type Pile } from "./find-pile.ts";
import { beginSearch, checkFree, type PassColumns, passRecord, resumeSearch, writePass } from "./find-record.ts";
import { type FindRequest, type FindSettings, readFindRequest } from "./find-request.ts";
import { weighFlowScores } from "./find-trials.ts";

/** An image of a pile, by how odd it is. Higher scores = odder. */
export interface FoundImage {
  readonly file: string;
  /** 1 for the oddest. */
  readonly rank: number;
  /** Nats by which the experts' ranks agree that it is odd. */
  readonly score: number;
  /** The share of the pile that is at least as odd: a rank, and no probability of anything. */
  readonly share: number;
  readonly className?: string | undefined;
  /** A number that images share which show the same thing. */
  readonly group: number;
  /** How odd simple numbers say it is, with no model. */
  readonly oddness: number;
  /** By expert: the share of its half that is at least as odd. */
  readonly shares: Readonly<Record<string, number>>;
  /** Its place among the images that were read. */
  readonly image: number;
}

/** A pile that was searched. */
export interface FoundPile {
  /** All of its images, the oddest first. */
  readonly images: readonly FoundImage[];
  /** The experts whose scores are joined. */
  readonly heard: readonly string[];
  /** How many of them come out. */
  readonly top: number;
  readonly pile: Pile;
  readonly settings: FindSettings;
}

/** How a search ended: with all images in order, or stopped and saved, to be gone on with by a request with `resume`. */
export type FindOutcome =
  | { readonly outcome: "finished"; readonly found: FoundPile }
  | { readonly outcome: "interrupted" };

/** The share of a pile that the second pass leaves out of training: as many as may not belong, so that it does not depend on which do. */
const leftOutShare = 0.1;

/** Seconds of training in all where nothing is said. */
const usualSeconds = 600;

/** Shares of the time: the general model's, and a model's of each pass. */
const timeShares = { general: 0.3, passes: [0.15, 0.2] } as const;

/** Images of anything for the general model: a training of minutes sees few of them twice. */
const builtinImages = 5000;

/** Images that come out where nothing is said. */
const usualTop = 24;

/**
 * Searches a pile, or goes on with the search that stands in `out`. The signal stops it after the step that is being taken. What it leaves in `out` is `run/`, with the
 * models; what was found is in what comes back (`writeFound`). Throws ConfigError for settings or images that will not do, RunError where somebody works on the same
 * search, and as `train`.
 */
export async function find(request: FindRequest, watch: Watch = {}): Promise<FindOutcome> {
  const asked = readFindRequest(request);
  const folder = findFolder(asked.out);
  if (!asked.resume) await checkFree(asked);
  await mkdir(dirname(folder.record), { recursive: true });
  const taken = await takeLock(folder.lock);
  if ("holder" in taken) {
    throw new RunError({
      code: "busy",
      subject: setting("out"),
      expected: "a folder that nobody searches in",
      got: `'${asked.out}', where process ${taken.holder.pid ?? "unknown"} does`,
      remedy: { key: "choose-another" },
    });
  }
  try {
    const { settings, pile } = asked.resume ? await resumeSearch(asked, watch) : await beginSearch(asked, watch);
    const columns = await searchPile(settings, pile, watch);
    if (!columns) return { outcome: "interrupted" };
    await rm(folder.images, { recursive: true, force: true });
    const images = inOrder(pile, columns);
    const heard = Array.from(columns.weights).flatMap(([name, weight]) => (weight > 0 ? [name] : []));
    const top = settings.top ?? (settings.share === undefined ? usualTop : Math.ceil(settings.share * images.length));
    return { outcome: "finished", found: { images, heard, top: Math.min(top, images.length), pile, settings } };
  } catch (error) {
    if (watch.signal?.aborted) return { outcome: "interrupted" };
    throw error;
  } finally {
    await taken.lock.release();
  }
}

/** Trains all models that are not finished and scores every image. Undefined where the signal stopped it. */
async function searchPile(settings: FindSettings, pile: Pile, watch: Watch): Promise<PassColumns | undefined> {
  const { images, known } = pile;
  const halves = halvesOfPile(known, settings.seed);
  const folder = findFolder(settings.out);
  await mkdir(folder.images, { recursive: true });
  tellPlan(settings, images, known, watch);
  const { channels } = images.specification;
  const general = await generalModel(settings, channels, watch);
  if (general === undefined) return undefined;
  const members = [0, 1].map((half) => indicesWhere(halves, (of) => of === half));
  let kept = new Set(halves.keys());
  let columns: PassColumns = { scores: new Float64Array(images.count), experts: new Map(), weights: new Map() };
  for (const pass of [0, 1] as const) {
    const standing = await passRecord(settings.out, pass, images.count);
    if (!standing && !(await trainPass({ settings, images, members, kept, general, pass }, watch))) return undefined;
    columns = standing ?? (await scoreHalves({ settings, images, members, kept, general, pass }, watch));
    if (!standing) await writePass(settings.out, pass, columns);
    kept = new Set(leastOf(columns.scores, 1 - leftOutShare));
  }
  return columns;
}

interface Pass {
  readonly settings: FindSettings;
  readonly images: ImageSet;
  /** The images of each half. */
  readonly members: readonly (readonly number[])[];
  /** Those that are trained on. */
  readonly kept: ReadonlySet<number>;
  /** The folder of the general model. */
  readonly general: string;
  readonly pass: 0 | 1;
}

/** Trains the two models of a pass. Whether they are finished. */
async function trainPass({ settings, images, members, kept, general, pass }: Pass, watch: Watch): Promise<boolean> {
  const folder = findFolder(settings.out);
  for (const half of [0, 1] as const) {
    const chosen = members[half]!.filter((image) => kept.has(image));
    const text = `pass ${pass + 1} of 2, half ${half + 1} of 2: a flow of ${chosen.length} images`;
    watch.onEvent?.({ kind: "note", text });
    await writeImagesOf(images, chosen, folder.pile(pass, half));
    const request = {
      ...sharedSettings(settings, images.specification.channels),
      normal: folder.pile(pass, half),
      generalDetector: general,
      out: folder.model(pass, half),
      ...limitOf(settings, timeShares.passes[pass]),
    };
    if (!(await finishModel(request, watch))) return false;
  }
  return true;
}

/** Every image by the model of the other half. Halves are joined by ranks: two models' numbers do not compare. */
async function scoreHalves({ settings, images, members, kept, pass }: Pass, watch: Watch): Promise<PassColumns> {
  const folder = findFolder(settings.out);
  const unseen = (half: number) => {
    const trainedOn = members[1 - half]!.filter((image) => kept.has(image));
    const chosen = members[half]!;
    return scoreUnseen(folder.model(pass, 1 - half), { set: images, chosen, trainedOn, kept }, settings, watch);
  };
  const halves = [await unseen(0), await unseen(1)] as const;
  const weights = weightsOf(halves);
  const speakers = Array.from(weights).flatMap(([name, weight]) =>
    weight > 0 ? [`${name} (${weight.toFixed(2)})`] : [],
  );
  watch.onEvent?.({ kind: "note", text: `heard: ${speakers.join(", ")}` });
  const looks = secondLook([lookedHalf(halves[0], weights), lookedHalf(halves[1], weights)]);
  const scores = new Float64Array(images.count);
  const experts = new Map<string, Float64Array>();
  for (const half of [0, 1] as const) {
    const put = (values: ArrayLike<number>, into: Float64Array): void => {
      for (const [position, image] of members[half]!.entries()) into[image] = values[position]!;
    };
    put(looks[half].scores, scores);
    for (const [name, values] of [...columnsOf(halves[half]), ["likeness", looks[half].likeness] as const]) {
      const column = experts.get(name) ?? new Float64Array(images.count);
      put(sharesOf(values), column);
      experts.set(name, column);
    }
  }
  return { scores, experts, weights };
}

/** By expert, how loud it is heard in both halves: the mean of what they say. */
function weightsOf(halves: readonly UnseenScores[]): ReadonlyMap<string, number> {
  const others = Array.from(halves[0]!.others.keys(), (name) => {
    const weight = halves.reduce((sum, { others }) => sum + others.get(name)!.weight / halves.length, 0);
    return [name, weight] as const;
  });
  return new Map([...weighFlowScores(halves), ...others]);
}

/** Scores by expert, in a fixed order. */
function columnsOf({ flow, others }: UnseenScores): readonly (readonly [string, Float64Array])[] {
  return [...flow, ...others].map(([name, { images }]) => [name, images]);
}

function lookedHalf(half: UnseenScores, weights: ReadonlyMap<string, number>): LookedHalf {
  const columns = columnsOf(half);
  const scores = joinShares(
    columns.map(([, values]) => values),
    columns.map(([name]) => weights.get(name)!),
  );
  return { scores, rows: half.rows };
}

/** The folder of the general model: the one that was given, or one that is trained. Undefined where the signal stopped it. */
async function generalModel(settings: FindSettings, channels: number, watch: Watch): Promise<string | undefined> {
  const { generalDetector, general, out } = settings;
  if (generalDetector !== undefined) return generalDetector;
  const folder = findFolder(out).general;
  const location = general === "builtin" ? `builtin#limit=${builtinImages},seed=${settings.seed}` : general;
  const limits = limitOf(settings, timeShares.general);
  const request = {
    ...sharedSettings(settings, channels),
    as: "general" as const,
    general: location,
    out: folder,
    ...limits,
  };
  return (await finishModel(request, watch)) ? folder : undefined;
}

/** What ends a model's training: its share of the time, or steps. */
function limitOf({ time, steps }: FindSettings, share: number): { readonly time?: number; readonly steps?: number } {
  if (steps !== undefined && time === undefined) return { steps };
  return { time: (time ?? usualSeconds) * share, ...(steps !== undefined && { steps }) };
}

function tellPlan(settings: FindSettings, { count }: ImageSet, { groups }: KnownOfPile, { onEvent }: Watch): void {
  const { time, steps, generalDetector } = settings;
  const models = generalDetector === undefined ? 5 : 4;
  const shares = 2 * (timeShares.passes[0] + timeShares.passes[1]) + (models === 5 ? timeShares.general : 0);
  const seconds = steps !== undefined && time === undefined ? undefined : (time ?? usualSeconds) * shares;
  const length = seconds === undefined ? `of ${steps} steps` : `${showDuration(seconds)} in all at most`;
  const things = new Set(groups).size;
  const text = `${count} images of ${things} different things; ${models} models to train, ${length}, and every image to score twice`;
  onEvent?.({ kind: "note", text });
}

/** All images, the oddest first. */
function inOrder({ images, known }: Pile, { scores, experts }: PassColumns): FoundImage[] {
  const shares = sharesOf(scores);
  return Array.from(scores.keys())
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .map((image, position) => ({
      file: images.names[image]!,
      rank: position + 1,
      score: scores[image]!,
      share: shares[image]!,
      className: images.classNames[image],
      group: known.groups[image]!,
      oddness: known.oddness[image]!,
      shares: Object.fromEntries(Array.from(experts, ([name, values]) => [name, values[image]!])),
      image,
    }));
}

function indicesWhere(values: Uint32Array, holds: (value: number) => boolean): number[] {
  return Array.from(values.keys()).filter((index) => holds(values[index]!));
}
