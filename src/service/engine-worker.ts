/**
 * An engine process: loads detectors, decodes images and scores them. Started by `engine-child.ts`. Whatever a file does to a decoder or to
 * the engine happens here, where it costs this process and not the service.
 */
import { type Fault, internalError, isUserError, messageOf } from "../base/index.ts";
import { decodeWhole, imageSizeIn, prepareImage } from "../data/index.ts";
import type { Detector } from "../detector/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { judgeAtHand, mapSubject, openDetector, openScoreMapper, type ScoreMapper } from "../workflow/index.ts";
import type { FromWorker, ImageOutcome, ToWorker, WorkerImage, WorkerSettings } from "./worker-messages.ts";

const { threads, device, maxPixels } = JSON.parse(process.argv[2]!) as WorkerSettings;
const detectors = new Map<string, Detector>();

/** Files decoded at a time. A large one is decoded alone: each may take four bytes a pixel. */
const decodedAtOnce = 4;
const largeImage = 4_000_000;

let work: Promise<void> = Promise.resolve();
process.on("message", (message: ToWorker) => {
  work = work.then(() => answer(message));
});
// The service has ended: nobody waits for what is being done.
process.on("disconnect", () => process.exit(0));
// A terminal's Ctrl-C goes to every process; the service says when to end.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

async function answer(message: ToWorker): Promise<void> {
  if (message.kind === "load") {
    const { key, folder } = message;
    try {
      detectors.set(key, await openDetector(folder, { threads, device }));
      tell({ kind: "loaded", key, resident: process.memoryUsage.rss() });
    } catch (error) {
      tell({ kind: "not-loaded", key, fault: faultOf(error) });
    }
  } else if (message.kind === "unload") {
    const detector = detectors.get(message.key);
    detectors.delete(message.key);
    if (mapped?.of.startsWith(`${message.key} `)) await forgetMapper();
    await detector?.dispose();
  } else {
    const { batch, key } = message;
    try {
      const detector = detectors.get(key);
      if (!detector) throw internalError(`detector ${key} is not loaded`);
      const outcomes = await score(detector, message);
      tell({ kind: "outcomes", batch, outcomes, resident: process.memoryUsage.rss() });
    } catch (error) {
      tell({ kind: "failed", batch, fault: faultOf(error) });
    }
  }
}

function tell(message: FromWorker): void {
  process.send?.(message);
}

function faultOf(error: unknown): Fault {
  const known = isUserError(error) ? error.fault : undefined;
  return known ?? { code: "engine", subject: "engine", expected: "to work", got: messageOf(error) };
}

async function score(
  detector: Detector,
  { key, images, coders, map }: Extract<ToWorker, { kind: "score" }>,
): Promise<readonly ImageOutcome[]> {
  const prepared = await prepareAll(images, detector);
  const usable = prepared.filter((one) => "pixels" in one);
  if (usable.length === 0) return prepared.map(refusedOutcome);
  const looked = images.filter((_, position) => "pixels" in prepared[position]!);
  const rows = await judgeAtHand(
    detector,
    {
      count: usable.length,
      pixels: Buffer.concat(usable.map((one) => one.pixels)),
      read: (position) => wholeOf(looked[position]!, detector),
    },
    { coders, ...(map !== undefined && { maps: await mapsOf(key, detector, map) }) },
  );
  let next = 0;
  return prepared.map((one): ImageOutcome => {
    if ("reason" in one) return refusedOutcome(one);
    const { scores, spokesmen, predictedClass, classProbability, picture } = rows[next++]!;
    return {
      kind: "scored",
      scores,
      spokesmen,
      ...(predictedClass !== undefined && { predictedClass, classProbability }),
      ...(picture && { map: picture }),
    };
  });
}

/** The last flow that was mapped stays compiled: the next images are likely of the same. */
let mapped: { readonly of: string; readonly mapper: ScoreMapper } | undefined;

/** What draws the maps of a detector's images that are judged by a score. */
async function mapsOf(key: string, detector: Detector, score: string) {
  const subject = mapSubject(detector.manifest, score);
  if (subject.kind !== "flow") return { subject, score };
  const of = `${key} ${subject.score}`;
  if (mapped?.of !== of) {
    await forgetMapper();
    mapped = { of, mapper: await openScoreMapper(detector, subject) };
  }
  return { subject, score, mapper: mapped.mapper };
}

async function forgetMapper(): Promise<void> {
  const former = mapped;
  mapped = undefined;
  await former?.mapper.dispose();
}

/** An image for what looks at places: a file at its own size; pixels have none but the model's. */
async function wholeOf(image: WorkerImage, { manifest: { input } }: Detector): Promise<RawImage> {
  const { channels, height, width } = input;
  if (image.kind === "pixels") return { kind: "raw", pixels: image.pixels, channels, height, width };
  const whole = await decodeWhole({ kind: "encoded", bytes: image.bytes }, input);
  if ("reason" in whole) throw internalError(`an image that was prepared is refused: ${whole.reason}`);
  return whole;
}

type Prepared = { readonly pixels: Uint8Array } | { readonly reason: string; readonly tooLarge: boolean };

function refusedOutcome(one: Prepared): ImageOutcome {
  if (!("reason" in one)) throw internalError("an image with pixels was refused");
  return { kind: "refused", ...one };
}

async function prepareAll(images: readonly WorkerImage[], { manifest: { input } }: Detector): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  let together: Promise<Prepared>[] = [];
  for (const image of images) {
    if (image.kind === "pixels") {
      together.push(Promise.resolve(image));
      continue;
    }
    const { bytes } = image;
    const area = await imageSizeIn(bytes).then((size) => (size ? size.height * size.width : 0));
    if (area > maxPixels) {
      const reason = `image has ${area} pixels, more than ${maxPixels}`;
      together.push(Promise.resolve({ reason, tooLarge: true }));
      continue;
    }
    if (area > largeImage || together.length >= decodedAtOnce) {
      prepared.push(...(await Promise.all(together)));
      together = [];
    }
    const one = prepareImage({ kind: "encoded", bytes }, input).then((made) =>
      "reason" in made ? { reason: made.reason, tooLarge: false } : made,
    );
    if (area > largeImage) prepared.push(await one);
    else together.push(one);
  }
  return [...prepared, ...(await Promise.all(together))];
}
