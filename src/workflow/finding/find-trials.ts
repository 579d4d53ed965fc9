/**
 * Strangers made of a pile's own images, by which the scores of its flows are compared: the pile, with whatever is in it, stands for what is normal. Which of them speak of a pile
 * is chosen on each half (`expert-choice.ts` in `score/`), and both halves are judged by both choices: a choice on one half alone leans on what is chance there.
 */
import { imageSizeOf, permutation, type RandomKey } from "../../base/index.ts";
import type { ImageSet } from "../../data/index.ts";
import { drawStranger, strangerKinds } from "../../made/index.ts";
import type { RawImage } from "../../pixels/index.ts";
import { chooseExperts, type TrialKind } from "../../score/index.ts";

/** Strangers of every kind. */
const strangersOfAKind = 20;

/** Images that strangers are drawn on. */
const mostBases = 64;

/** Strangers as the models take images. */
export interface PileStrangers {
  /** uint8 [N, C, H, W]. */
  readonly pixels: Uint8Array;
  readonly kinds: readonly TrialKind[];
}

/** Draws strangers on some images of a pile; none where channels are neither one nor three, which no stranger is made of. */
export function strangersOf(
  { pixels, specification }: ImageSet,
  chosen: readonly number[],
  key: RandomKey,
): PileStrangers {
  if (![1, 3].includes(specification.channels) || chosen.length < 2) return { pixels: new Uint8Array(0), kinds: [] };
  const size = imageSizeOf(specification);
  const bases = permutation(chosen.length, key.fold("bases").stream()).subarray(0, mostBases);
  const imageAt = (base: number): RawImage => {
    const image = chosen[bases[base % bases.length]!]!;
    return { kind: "raw", ...specification, pixels: pixels.subarray(image * size, (image + 1) * size) };
  };
  const drawn = strangerKinds.flatMap((kind) =>
    Array.from({ length: strangersOfAKind }, (_, trial) => {
      const own = key.fold(kind).fold(trial);
      const donor =
        trial +
        1 +
        own
          .fold("donor")
          .stream()
          .integer(bases.length - 1);
      return { kind, pixels: drawStranger(imageAt(trial), imageAt(donor), own, kind).pixels };
    }),
  );
  return {
    pixels: Buffer.concat(drawn.map((stranger) => stranger.pixels)),
    kinds: drawn.map(({ kind }) => ({ kind, family: "stranger" })),
  };
}

/** What an expert says of one half and of the strangers made of it. */
export interface TriedExpert {
  readonly images: Float64Array;
  readonly strangers: Float64Array;
}

/** The scores of one half's flow, and what each stranger is that they are tried on. */
export interface TriedHalf {
  readonly flow: ReadonlyMap<string, TriedExpert>;
  readonly kinds: readonly TrialKind[];
}

/**
 * How loud each of a flow's scores is heard: by the share of the halves whose strangers speak for it, 0, 1/2 or 1, or all alike where there are no strangers. All
 * together they count once, however many there are: they come from one model and err together.
 */
export function weighFlowScores(halves: readonly TriedHalf[]): ReadonlyMap<string, number> {
  const names = [...halves[0]!.flow.keys()];
  const choices = halves.map(({ flow, kinds }) => {
    if (kinds.length === 0) return new Set(names);
    const tried = Array.from(flow, ([name, { images, strangers }]) => ({ name, normals: images, trials: strangers }));
    return new Set(chooseExperts(tried, kinds).experts.flatMap(({ name, heard }) => (heard ? [name] : [])));
  });
  const speakers = (name: string): number => choices.filter((heard) => heard.has(name)).length;
  const all = names.reduce((sum, name) => sum + speakers(name), 0);
  return new Map(names.map((name) => [name, speakers(name) / all]));
}
