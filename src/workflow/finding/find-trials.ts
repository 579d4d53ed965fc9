/**
 * Strangers made of a pile's own images, by which its experts are compared: the pile, with whatever is in it, stands for what is normal. Which experts speak of a pile
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

/** By expert, the share of the halves whose strangers speak for it: 0, 1/2 or 1. All of them, where there are no strangers. */
export function weighExperts(
  halves: readonly { readonly experts: ReadonlyMap<string, TriedExpert>; readonly kinds: readonly TrialKind[] }[],
): ReadonlyMap<string, number> {
  const names = [...halves[0]!.experts.keys()];
  const choices = halves.map(({ experts, kinds }) => {
    if (kinds.length === 0) return new Set(names);
    const tried = Array.from(experts, ([name, { images, strangers }]) => ({
      name,
      normals: images,
      trials: strangers,
    }));
    return new Set(chooseExperts(tried, kinds).experts.flatMap(({ name, heard }) => (heard ? [name] : [])));
  });
  const weight = (name: string): number => choices.filter((heard) => heard.has(name)).length / choices.length;
  return new Map(names.map((name) => [name, weight(name)]));
}
