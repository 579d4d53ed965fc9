/**
 * Images made from random keys: one function for all kinds.
 */
import { ConfigError, type ImageShape, type RandomKey } from "../base/index.ts";
import { type Canvas, writePixels } from "./canvas.ts";
import { drawGeneral } from "./general.ts";
import type { MadeKind } from "./kinds.ts";
import { drawNatural } from "./natural.ts";
import { drawSingleObject } from "./single-object.ts";

/** The smallest side on which the shapes can still be told apart; natural images have no shape to tell. */
export const smallestMadeSide = 12;

/** What to make. */
export interface MadeRequest {
  readonly kind: MadeKind;
  /** How many images, 0 or more. */
  readonly count: number;
  /** The index of the first one. Default 0. */
  readonly first?: number;
  readonly specification: ImageShape;
  /**
   * Names the images: image `index` depends on `key.fold(index)` alone, whatever `count` is. Under one key, the normal and anomalous images of one index
   * are the same but for the shape; fold the kind or the split into the key where images should be independent.
   */
  readonly key: RandomKey;
}

/** Made images. */
export interface MadeImages {
  /** [count, channels, height, width], 0 to 255. */
  readonly pixels: Uint8Array;
  /** One name per image, such as `crosses-00012`. */
  readonly names: string[];
}

/**
 * Makes images of one kind.
 *
 * @throws ConfigError if channels is neither 1 nor 3, a side is under 12 pixels (`natural`: 1), or count is not a whole number of 0 or more.
 */
export function makeImages({ kind, count, first = 0, specification, key }: MadeRequest): MadeImages {
  checkRequest(kind, count, specification);
  const { channels, height, width } = specification;
  const length = channels * height * width;
  const pixels = new Uint8Array(count * length);
  const names: string[] = [];
  for (let position = 0; position < count; position++) {
    const index = first + position;
    writePixels(drawMade(kind, specification, key.fold(index)), pixels, position * length);
    names.push(`${kind}-${String(index).padStart(5, "0")}`);
  }
  return { pixels, names };
}

function drawMade(kind: MadeKind, specification: ImageShape, key: RandomKey): Canvas {
  if (kind === "general") return drawGeneral(specification, key);
  if (kind === "natural") return drawNatural(specification, key);
  return drawSingleObject(kind, specification, key);
}

function checkRequest(kind: MadeKind, count: number, { channels, height, width }: ImageShape): void {
  if (!Number.isSafeInteger(count) || count < 0)
    throw new ConfigError({
      code: "out-of-range",
      subject: "made images",
      expected: "a count of 0 or more",
      got: String(count),
    });
  if (channels !== 1 && channels !== 3)
    throw new ConfigError({
      code: "out-of-range",
      subject: "made images",
      expected: "1 or 3 channels",
      got: String(channels),
      remedy: { key: "other", text: "use 1 for grey, 3 for colour" },
    });
  const least = kind === "natural" ? 1 : smallestMadeSide;
  for (const side of [height, width])
    if (!Number.isSafeInteger(side) || side < least)
      throw new ConfigError({
        code: "out-of-range",
        subject: "made images",
        expected: `sides of ${least} pixels or more`,
        got: `${height}x${width}`,
      });
}
