/** Contact sheets of what was found in sets of images: one for every set and finding, and a sample of each set. */
import { basename } from "node:path";
import { randomKey } from "../base/index.ts";
import { resized, withChannels } from "../faults/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { type Caption, flaggedColour, renderContactSheet } from "../report/index.ts";
import { oddityKinds } from "../score/index.ts";
import { type InspectedData, mostShown, setNames } from "./data-inspection.ts";
import type { PlacedImage, SameImages } from "./same-images.ts";

/** A picture with the end of its name: `duplicates.png` or, of several sets, `SET-dark.png`. */
export interface FindingSheet {
  readonly name: string;
  readonly png: Uint8Array;
}

/** Sides of a thumbnail. */
const side = 128;
const columns = 8;

/** The colour around images of every second group, so that groups can be told apart. */
const otherColour = [30, 110, 200] as const;

interface ShownImage extends PlacedImage {
  readonly caption: Omit<Caption, "name">;
}

/** Draws the sheets, one after another, each with at most 24 images, or of doubles as many as 24 more. Reads the images again. */
export async function* drawFindings(data: InspectedData): AsyncGenerator<FindingSheet> {
  const { sets, groups, odd } = data;
  const names = setNames(sets.map(({ source }) => source.location));
  for (const [set, { count }] of sets.entries()) {
    const sheet = async (what: string, title: string, shown: readonly { image: number; score: number }[]) => ({
      name: `${names[set]}-${what}.png`,
      png: await draw(
        data,
        title,
        shown.map(({ image, score }) => ({ set, image, caption: { score } })),
      ),
    });
    const stream = randomKey(0).fold("a sample of a set").stream();
    const sample = Array.from({ length: Math.min(count, mostShown) }, () => stream.integer(count));
    const shown = [...new Set(sample)].sort((a, b) => a - b).map((image) => ({ image, score: image + 1 }));
    yield await sheet("sample", `${names[set]}: a sample of ${count} images`, shown);
    yield await sheet("oddest", `${names[set]}: the oddest of ${count} images by simple numbers`, odd[set]!.oddest);
    for (const kind of oddityKinds) {
      const found = odd[set]!.kinds[kind];
      if (found.length === 0) continue;
      yield await sheet(kind, `${names[set]}: ${kind}, ${found.length} of ${count} images`, found.slice(0, mostShown));
    }
  }
  for (const [what, found] of Object.entries({
    duplicates: groups.duplicates,
    "near-duplicates": groups.nearDuplicates,
    collisions: groups.collisions,
  })) {
    if (found.length === 0) continue;
    const title = `${what}: ${found.length} pictures, framed alike where one is there more than once`;
    yield { name: `${what}.png`, png: await draw(data, title, firstGroups(found)) };
  }
}

/** Images of the first groups, of each at most a row, in two colours by turns. */
function firstGroups(groups: readonly SameImages[]): ShownImage[] {
  const shown: ShownImage[] = [];
  for (const [index, { images, correlation }] of groups.entries()) {
    if (shown.length >= 2 * mostShown) break;
    const frame = index % 2 === 0 ? flaggedColour : otherColour;
    shown.push(...images.slice(0, columns).map((image) => ({ ...image, caption: { score: correlation, frame } })));
  }
  return shown;
}

async function draw({ sets }: InspectedData, title: string, shown: readonly ShownImage[]): Promise<Uint8Array> {
  const boxes: Uint8Array[] = [];
  for (const { set, image } of shown) boxes.push(boxed(await sets[set]!.read(image)));
  const captions = shown.map(({ set, image, caption }) => {
    const { source, indices } = sets[set]!;
    return { ...caption, name: basename(source.name(indices[image]!)) };
  });
  const images = { channels: 3, height: side, width: side, count: boxes.length, pixels: Buffer.concat(boxes) };
  return renderContactSheet({ title, images, captions, columns });
}

/** An image in the middle of a square of light grey: shrunk to fit, or its pixels repeated. */
function boxed(image: RawImage): Uint8Array {
  const colour = withChannels(image, 3);
  const factor = side / Math.max(image.height, image.width);
  const fitted = factor < 1 ? resized(colour, scaled(colour, factor)) : repeated(colour, Math.floor(factor));
  const box = new Uint8Array(3 * side * side).fill(236);
  const top = Math.floor((side - fitted.height) / 2);
  const left = Math.floor((side - fitted.width) / 2);
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < fitted.height; row++) {
      const from = (channel * fitted.height + row) * fitted.width;
      box.set(fitted.pixels.subarray(from, from + fitted.width), (channel * side + top + row) * side + left);
    }
  }
  return box;
}

function scaled({ height, width }: RawImage, factor: number) {
  return { height: Math.max(1, Math.round(height * factor)), width: Math.max(1, Math.round(width * factor)) };
}

function repeated({ pixels, channels, height, width }: RawImage, times: number): RawImage {
  const wide = width * times;
  const result = new Uint8Array(channels * height * times * wide);
  for (let at = 0; at < result.length; at++) {
    const row = Math.floor(at / wide);
    const channel = Math.floor(row / (height * times));
    const source = channel * height + Math.floor((row - channel * height * times) / times);
    result[at] = pixels[source * width + Math.floor((at % wide) / times)]!;
  }
  return { kind: "raw", pixels: result, channels, height: height * times, width: wide };
}
