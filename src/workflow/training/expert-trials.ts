/**
 * Trials: images by which experts are compared before any anomaly is known, made from held-out normal images. Synthetic faults change a place of one, strangers
 * differ as a whole. Every one is drawn on an image at its own size and then prepared as all images are, so that what looks at whole images and
 * what looks at places see the same.
 */
import { permutation, type RandomKey, randomKey } from "../../base/index.ts";
import { prepareImage } from "../../data/index.ts";
import { calibrationHalves, type JoiningParts, type Manifest } from "../../detector/index.ts";
import { drawOnImage, faultKinds, resized } from "../../faults/index.ts";
import { drawStranger, strangerKinds } from "../../made/index.ts";
import type { InputForm, RawImage } from "../../pixels/index.ts";
import { leastJoinedImages, type TrialKind } from "../../score/index.ts";
import { usualFalseAlarm } from "../deciding/rate-advice.ts";
import type { Watch } from "../events.ts";
import { openPlacedTrials, type PlacedTrials, type TrainedPlaces } from "./placed-trials.ts";
import type { TrainingPlan } from "./training-plan.ts";
import { wholeImages } from "./whole-images.ts";

/** Images of every kind. */
const imagesOfAKind = 28;

/** Normal images that trials are drawn on, all in memory. */
const mostBases = 64;

/** The longer side of an image that trials are drawn on. */
const mostSide = 512;

/**
 * References that a joined score needs where something looks at places: that has a score of its own, with every normal image as a reference, and must
 * not give way to one that cannot tell the usual false-alarm rate.
 */
const leastPlacedReferences = Math.ceil(1 / usualFalseAlarm - 1 - 1e-9);

/** Held-out images that are looked at at their own size, of each half; flows look at all of them. */
const mostPlaced = 300;

/** A trial image. */
interface DrawnTrial extends TrialKind {
  /** The position of the image that it was drawn on. */
  readonly base: number;
  /** At its own size. */
  readonly image: RawImage;
  /** As the models take it, uint8 [C, H, W]. */
  readonly pixels: Uint8Array;
}

/** Held-out normal images, read one by one at their own size. */
interface TrialBases {
  readonly count: number;
  read(position: number): Promise<RawImage>;
}

/**
 * What the experts of a plan's detector are compared by, while nothing but its flows and what looks at places is trained. Undefined, with a note,
 * where there are too few held-out images, and for detectors with classes, whose scores stay by themselves.
 */
export async function gatherTrials(
  plan: TrainingPlan,
  heldOut: Uint32Array,
  places: TrainedPlaces,
  { onEvent, signal }: Watch,
): Promise<JoiningParts | undefined> {
  const { configuration, role } = plan.record;
  const { input, seed } = configuration;
  if (role !== "detector" || configuration.classConditional || ![1, 3].includes(input.channels)) return undefined;
  const looking = places.faults !== undefined || places.encoder !== undefined;
  const chosen = imagesOf(plan, heldOut, places);
  if (!chosen) {
    const least = looking ? leastPlacedReferences : 2 * leastJoinedImages;
    const text = `scores are not joined: that takes ${least} held-out images, and there are ${heldOut.length}`;
    onEvent?.({ kind: "note", text });
    return undefined;
  }
  const { positions, ...halves } = chosen;
  const { location } = plan.record.normal;
  const from = { location, normal: plan.images.normal, configuration };
  const images = await wholeImages(from, Uint32Array.from(positions));
  const placed = openPlacedTrials(places, positions, configuration.threads);
  try {
    for (const position of looking ? positions.keys() : []) {
      signal?.throwIfAborted();
      await placed.addNormal(
        position,
        position < halves.fitting.length ? "fitting" : "referring",
        await images.read(position),
      );
    }
    const bases = { count: halves.fitting.length, read: images.read };
    const trials: Omit<DrawnTrial, "image">[] = [];
    for await (const { image, ...trial } of drawTrials(
      bases,
      looking ? placed : undefined,
      input,
      randomKey(seed).fold("trials"),
    )) {
      signal?.throwIfAborted();
      await placed.addTrial(trial.base, trial, image);
      trials.push(trial);
    }
    return {
      ...halves,
      pixels: Buffer.concat(trials.map(({ pixels }) => pixels)),
      kinds: trials.map(({ kind, family }) => ({ kind, family })),
      bases: trials.map(({ base }) => base),
      placed: placed.scores(),
    };
  } finally {
    await placed.dispose();
  }
}

/**
 * The images that experts are compared on, as places among the normal ones, and what each is for. Where too few are held out of the flows, those that
 * look at places are joined without flows, if they are two: every image was held out of one of their folds. Undefined where nothing can be joined.
 */
function imagesOf(plan: TrainingPlan, heldOut: Uint32Array, { faults, cells, encoder, trained }: TrainedPlaces) {
  const lookers = [faults, cells, encoder, encoder?.other].filter((part) => part !== undefined).length;
  const { groups } = plan.images;
  const things = groups && Array.from(heldOut, (image) => groups[image]!);
  const { fitting, referring } = calibrationHalves(plan.record.configuration, heldOut.length, things);
  const references = referring.length > 0 ? referring.length : fitting.length;
  const looking = lookers > 0;
  const enough = looking ? references >= leastPlacedReferences : heldOut.length >= 2 * leastJoinedImages;
  if (enough && fitting.length >= leastJoinedImages) {
    const most = looking ? mostPlaced : Number.POSITIVE_INFINITY;
    const halves = { fitting: Array.from(fitting).slice(0, most), referring: Array.from(referring).slice(0, most) };
    const positions = [...halves.fitting, ...halves.referring].map((image) => heldOut[image]!);
    return { ...halves, positions, placedOnly: false };
  }
  if (lookers < 2 || trained.length < 2 * leastJoinedImages) return undefined;
  return { fitting: [...trained.keys()], referring: [], positions: trained, placedOnly: true };
}

/** Says which scores are joined. */
export function tellChoice({ calibration, defaultScore }: Manifest, { onEvent }: Watch): void {
  const fit = calibration.fits.joined;
  if (fit?.kind !== "joined") {
    onEvent?.({ kind: "note", text: `there is one score to compare by trials: ${defaultScore} decides` });
    return;
  }
  const heard = fit.experts.filter((expert) => expert.heard).map(({ name }) => name);
  const text = `${fit.trials} trial images speak for ${heard.join(", ")}${heard.length > 1 ? `, joined (${fit.rule})` : " alone"}`;
  onEvent?.({ kind: "note", text });
}

/**
 * Draws all trials, one after another: strangers, and synthetic faults where something looks at places. To flows alone those of small images, of which they
 * see little, would only lend weight to what errs on strangers. An image whose sides are far from the model's is left out.
 */
async function* drawTrials(
  bases: TrialBases,
  placed: Pick<PlacedTrials, "kindsOn"> | undefined,
  form: InputForm,
  key: RandomKey,
): AsyncGenerator<DrawnTrial> {
  const chosen = permutation(bases.count, key.fold("bases").stream()).subarray(0, mostBases);
  const images = new Map<number, RawImage>();
  for (const position of chosen) images.set(position, limited(await bases.read(position)));
  const positions = [...images.keys()];
  const draw = async function* (
    kind: string,
    family: string,
    own: readonly number[],
    paint: (image: RawImage, donor: RawImage, key: RandomKey) => RawImage,
  ): AsyncGenerator<DrawnTrial> {
    for (let trial = 0; trial < imagesOfAKind && own.length > 0; trial++) {
      const trialKey = key.fold(kind).fold(trial);
      const base = own[trial % own.length]!;
      const others = positions.filter((position) => position !== base);
      const donor = others[trialKey.fold("donor").stream().integer(others.length)]!;
      const image = paint(images.get(base)!, images.get(donor)!, trialKey);
      const prepared = await prepareImage(image, form);
      if (!("reason" in prepared)) yield { kind, family, base, image, pixels: prepared.pixels };
    }
  };
  for (const kind of placed ? faultKinds : []) {
    const own = positions.filter((position) => placed!.kindsOn(position).includes(kind));
    yield* draw(kind, "fault", own, (image, donor, trialKey) => drawOnImage(image, donor, trialKey, [kind]).image);
  }
  for (const kind of strangerKinds) {
    yield* draw(kind, "stranger", positions, (image, donor, trialKey) => drawStranger(image, donor, trialKey, kind));
  }
}

function limited(image: RawImage): RawImage {
  const { height, width } = image;
  const shrink = mostSide / Math.max(height, width);
  if (shrink >= 1) return image;
  return resized(image, { height: Math.round(height * shrink), width: Math.round(width * shrink) });
}
