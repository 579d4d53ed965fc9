/** Contact sheets of what was found in sets of images: one for every set and finding, and a sample of each set. */
import { basename } from "node:path";
import { randomKey } from "../../base/index.ts";
import { type Caption, flaggedColour, renderContactSheet } from "../../report/index.ts";
import { oddityKinds } from "../../score/index.ts";
import { boxedImages } from "./boxed-images.ts";
import { type InspectedData, mostShown, setNames } from "./data-inspection.ts";
import type { PlacedImage, SameImages } from "./same-images.ts";

/** A picture with the end of its name: `duplicates.png` or, of several sets, `SET-dark.png`. */
export interface FindingSheet {
  readonly name: string;
  readonly png: Uint8Array;
}

/** Images in a row. */
const columns = 8;

/** The colour around images of every second group, so that groups can be told apart. */
const otherColour = [30, 110, 200] as const;

/** Where a white image ends on a white sheet. */
const paleColour = [205, 205, 205] as const;

/** An image of a set and what stands below it: its score, or its number. */
interface ScoredPlace {
  readonly image: number;
  readonly score: number;
  readonly digits?: number;
}

interface ShownImage extends PlacedImage {
  readonly caption: Omit<Caption, "name">;
}

/** Draws the sheets, one after another, each with at most 24 images, or of doubles as many as 24 more. Reads the images again. */
export async function* drawFindings(data: InspectedData): AsyncGenerator<FindingSheet> {
  const { sets, groups, odd } = data;
  const names = setNames(sets.map(({ source }) => source.location));
  for (const [set, { count }] of sets.entries()) {
    const sheet = async (what: string, title: string, shown: readonly ScoredPlace[]) => ({
      name: `${names[set]}-${what}.png`,
      png: await draw(
        data,
        title,
        shown.map(({ image, score, digits = 1 }) => ({ set, image, caption: { score, digits, frame: paleColour } })),
      ),
    });
    const stream = randomKey(0).fold("a sample of a set").stream();
    const sample = Array.from({ length: Math.min(count, mostShown) }, () => stream.integer(count));
    const shown = [...new Set(sample)].sort((a, b) => a - b).map((image) => ({ image, score: image + 1, digits: 0 }));
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
    const pictures = found.length === 1 ? "1 picture" : `${found.length} pictures`;
    const title = `${what}: ${pictures}, framed alike where one is there more than once`;
    yield { name: `${what}.png`, png: await draw(data, title, firstGroups(found)) };
  }
}

/** Images of the first groups, of each at most a row, in two colours by turns. */
function firstGroups(groups: readonly SameImages[]): ShownImage[] {
  const shown: ShownImage[] = [];
  for (const [index, { images, correlation }] of groups.entries()) {
    if (shown.length >= 2 * mostShown) break;
    const frame = index % 2 === 0 ? flaggedColour : otherColour;
    shown.push(
      ...images.slice(0, columns).map((image) => ({ ...image, caption: { score: correlation, digits: 2, frame } })),
    );
  }
  return shown;
}

async function draw({ sets }: InspectedData, title: string, shown: readonly ShownImage[]): Promise<Uint8Array> {
  const images = await boxedImages(
    shown.map(
      ({ set, image }) =>
        () =>
          sets[set]!.read(image),
    ),
  );
  const captions = shown.map(({ set, image, caption }) => {
    const { source, indices } = sets[set]!;
    return { ...caption, name: basename(source.name(indices[image]!)) };
  });
  return renderContactSheet({ title, images, captions, columns });
}
