/**
 * The process that looks: decodes images and draws pictures, maps and samples. Whatever a file does to a decoder, or a model to the engine, happens
 * here, where it costs this process and not the studio.
 */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Fault, FormatError, isUserError, messageOf, randomKey, setting } from "../../base/index.ts";
import {
  decodeWhole,
  type ImageSource,
  imageSizeIn,
  openImages,
  prepareImage,
  readWhole,
  sharpLibrary,
} from "../../data/index.ts";
import { type Detector, manifestName, type Redrawer } from "../../detector/index.ts";
import type { InputForm, RawImage } from "../../pixels/index.ts";
import { renderHeatOverlay, renderImageGrid } from "../../report/index.ts";
import { type ImageMaps, openDetector, openFlowRedrawer, openImageMaps } from "../../workflow/index.ts";
import type { DrawnPicture, FromLooker, ImagePlace, LookWish, ToLooker } from "./look-messages.ts";
import { otherImages } from "./other-images.ts";

/** Sources that stay open, and detectors and flows that stay loaded. */
const mostSources = 8;
const mostLoaded = 2;
/** Pictures up to this side are kept pixel by pixel; larger ones may lose what nobody sees. */
const exactSide = 128;

process.on("message", (message: ToLooker) => {
  void answer(message).then((said) => process.send?.(said));
});
// The studio has ended: nobody waits for what is being drawn.
process.on("disconnect", () => process.exit(0));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

async function answer({ id, wish }: ToLooker): Promise<FromLooker> {
  try {
    return { id, picture: await draw(wish) };
  } catch (error) {
    const fault: Fault | undefined = isUserError(error) ? error.fault : undefined;
    return {
      id,
      fault: fault ?? { code: "engine", subject: "picture", expected: "to be drawn", got: messageOf(error) },
    };
  }
}

function draw(wish: LookWish): Promise<DrawnPicture> {
  if (wish.kind === "picture") return drawPicture(wish);
  return wish.kind === "map" ? drawMap(wish) : drawSamples(wish);
}

/** Things that are opened once and kept while they are used. */
function keeping<Thing>(most: number, open: (key: string) => Promise<Thing>, close: (thing: Thing) => Promise<void>) {
  const kept = new Map<string, Promise<Thing>>();
  const drop = (key: string): void => {
    const thing = kept.get(key);
    kept.delete(key);
    void thing?.then(close, () => undefined);
  };
  return {
    drop,
    get(key: string): Promise<Thing> {
      const thing = kept.get(key) ?? open(key);
      kept.delete(key);
      kept.set(key, thing);
      thing.catch(() => drop(key));
      if (kept.size > most) drop(kept.keys().next().value!);
      return thing;
    },
  };
}

const sources = keeping(
  mostSources,
  (key) => {
    const { location, use } = JSON.parse(key) as Pick<ImagePlace, "location" | "use">;
    return openImages(location, setting("images"), use ? { use } : {});
  },
  async () => undefined,
);

/** The source of an image. Throws FormatError where the image is not there any more. */
async function sourceOf({ location, use, index, name }: ImagePlace): Promise<ImageSource> {
  const key = JSON.stringify({ location, use });
  for (let tries = 0; tries < 2; tries++) {
    const source = await sources.get(key);
    if (index < source.length && source.name(index) === name) return source;
    // Files may have come or gone since it was opened.
    sources.drop(key);
  }
  throw otherImages(location, name);
}

async function preparedOf(place: ImagePlace, form: InputForm): Promise<RawImage> {
  const source = await sourceOf(place);
  const prepared = await prepareImage(await source.read(place.index, form), form);
  const { channels, height, width } = form;
  if (!("reason" in prepared)) return { kind: "raw", pixels: prepared.pixels, channels, height, width };
  const got = prepared.reason;
  throw new FormatError({ code: "damaged", subject: `'${place.name}'`, expected: "a usable image", got });
}

async function drawPicture({ image, form, prepared, longest }: LookWish & { kind: "picture" }): Promise<DrawnPicture> {
  if (prepared) return encode(await preparedOf(image, form), longest);
  return encode(await wholeOf(image, { ...form, channels: 3 }, longest), longest);
}

/** Side of images that the program makes, where they are shown. */
const madeSide = 128;
/** Pixels of an image that is still decoded to be shown: four bytes each. */
const mostPixels = 1e8;

async function wholeOf(place: ImagePlace, form: InputForm, longest: number): Promise<RawImage> {
  const source = await sourceOf(place);
  const stored = await source.read(place.index, { channels: form.channels, height: madeSide, width: madeSide });
  const subject = `'${place.name}'`;
  // By what the file says of itself, before anything is decoded.
  const size = stored.kind === "encoded" ? await imageSizeIn(stored.bytes) : stored;
  if (size && size.height * size.width > mostPixels) {
    const [expected, got] = [`at most ${mostPixels / 1e6} megapixels to be shown`, `${size.width}x${size.height}`];
    throw new FormatError({ code: "too-large", subject, expected, got });
  }
  const whole = await decodeWhole(stored, form, longest);
  if (!("reason" in whole)) return whole;
  throw new FormatError({ code: "damaged", subject, expected: "a usable image", got: whole.reason });
}

/** A picture of planar pixels; of other channels than grey and RGB the first. */
async function encode({ pixels, channels, height, width }: RawImage, longest: number): Promise<DrawnPicture> {
  const shown = channels === 3 ? 3 : 1;
  const size = height * width;
  const interleaved = new Uint8Array(shown * size);
  for (let at = 0; at < size; at++) {
    for (let channel = 0; channel < shown; channel++) interleaved[shown * at + channel] = pixels[channel * size + at]!;
  }
  const picture = sharpLibrary()(interleaved, { raw: { width, height, channels: shown } })
    .resize(longest, longest, { fit: "inside", withoutEnlargement: true })
    .toColourspace(shown === 1 ? "b-w" : "srgb");
  if (Math.min(longest, Math.max(height, width)) <= exactSide) {
    return { bytes: await picture.png({ compressionLevel: 6 }).toBuffer(), type: "image/png" };
  }
  return { bytes: await picture.webp({ quality: 90, effort: 1 }).toBuffer(), type: "image/webp" };
}

interface Loaded {
  readonly detector: Detector;
  readonly maps: ImageMaps;
}

/** A folder with the time at which it was written: one that is trained or calibrated anew is another. */
async function keyOf(folder: string, more = ""): Promise<string> {
  const { mtimeMs } = await stat(join(folder, manifestName));
  return JSON.stringify([folder, mtimeMs, more]);
}

const detectors = keeping(
  mostLoaded,
  async (key): Promise<Loaded> => {
    const detector = await openDetector((JSON.parse(key) as [string])[0]);
    return { detector, maps: openImageMaps(detector) };
  },
  async ({ detector, maps }) => {
    await maps.dispose();
    await detector.dispose();
  },
);

const redrawers = keeping(
  mostLoaded,
  (key): Promise<Redrawer> => {
    const [detector, , model] = JSON.parse(key) as [string, number, "normal" | "general"];
    return openFlowRedrawer({ detector, model });
  },
  (redrawer) => redrawer.dispose(),
);

async function drawMap({
  detector: folder,
  image,
  map,
  score,
  longest,
}: LookWish & { kind: "map" }): Promise<DrawnPicture> {
  const { detector, maps } = await detectors.get(await keyOf(folder));
  const { input } = detector.manifest;
  const { pixels } = await preparedOf(image, input);
  const drawn = await maps.draw(map, {
    name: image.name,
    pixels,
    whole: async () => readWhole(await sourceOf(image), image.index, input),
    score: score ?? undefined,
  });
  const { height, width } = drawn.image;
  const bytes = await renderHeatOverlay({ height, width, heat: drawn.heat, range: drawn.range }, longest);
  return { bytes, type: "image/png" };
}

async function drawSamples(wish: LookWish & { kind: "samples" }): Promise<DrawnPicture> {
  const { detector: folder, model, count, temperature, seeds, image, kept } = wish;
  const redrawer = await redrawers.get(await keyOf(folder, model));
  const keyOfScale = (scale: number) => randomKey(seeds[scale] ?? seeds[0] ?? 0);
  const form =
    image && kept.length > 0 ? (await detectors.get(await keyOf(folder))).detector.manifest.input : undefined;
  const from = form ? { pixels: (await preparedOf(image!, form)).pixels, kept } : undefined;
  const pixels = await redrawer.draw({ count, temperature, keyOf: keyOfScale, from });
  const { channels, height, width } = redrawer.shape;
  const bytes = await renderImageGrid({
    images: { pixels, count: pixels.length / (channels * height * width), channels, height, width },
    columns: Math.ceil(Math.sqrt(count)),
    scale: 1,
  });
  return { bytes, type: "image/png" };
}
