/** Strangers: same size as the image, the same for the same key, with less or more detail as their kind says, and never the image itself. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { makeImages } from "./images.ts";
import { drawStranger, type StrangerKind, strangerKinds } from "./strangers.ts";

const key = randomKey("strangers");

function image(index: number, channels: 1 | 3, height = 40, width = 36): RawImage {
  const specification = { channels, height, width };
  const { pixels } = makeImages({ kind: "natural", count: 1, first: index, specification, key });
  return { kind: "raw", pixels, ...specification };
}

/** Mean step between neighbours in a row. */
function detail({ pixels, width }: RawImage): number {
  let sum = 0;
  for (let index = 1; index < pixels.length; index++) {
    if (index % width !== 0) sum += Math.abs(pixels[index]! - pixels[index - 1]!);
  }
  return sum / pixels.length;
}

const meanDetail = (images: readonly RawImage[]): number =>
  images.reduce((sum, one) => sum + detail(one), 0) / images.length;

describe.each(strangerKinds)("%s", (kind) => {
  test.each([1, 3] as const)(
    "in %i channels has the image's size, is another image and depends on the key alone",
    (channels) => {
      const [own, donor] = [image(0, channels), image(1, channels, 30, 50)];
      const before = own.pixels.slice();
      const drawn = drawStranger(own, donor, key.fold(kind), kind);
      expect([drawn.channels, drawn.height, drawn.width]).toEqual([channels, 40, 36]);
      expect(drawn.pixels).toHaveLength(own.pixels.length);
      expect(drawn.pixels).not.toEqual(own.pixels);
      expect(own.pixels).toEqual(before);
      expect(drawStranger(own, donor, key.fold(kind), kind)).toEqual(drawn);
      const others = Array.from({ length: 6 }, (_, other) => drawStranger(own, donor, key.fold(other), kind));
      expect(others.some(({ pixels }) => !drawn.pixels.every((value, place) => value === pixels[place]))).toBe(
        kind !== "inverted",
      );
    },
  );
});

test.each<[StrangerKind, number, number]>([
  ["blurred", 0.05, 0.8],
  ["faded", 0.1, 0.55],
  ["enlarged", 0.2, 0.95],
  ["noisy", 1.5, 20],
  ["tiled", 1.05, 3],
  ["shuffled", 1.01, 2],
  ["inverted", 1, 1],
])("%s images have %d to %d times the detail", (kind, least, most) => {
  const images = Array.from({ length: 12 }, (_, index) => image(index, 1));
  const drawn = images.map((one, index) =>
    drawStranger(one, images[(index + 1) % 12]!, key.fold(kind).fold(index), kind),
  );
  const ratio = meanDetail(drawn) / meanDetail(images);
  expect(ratio).toBeGreaterThanOrEqual(least);
  expect(ratio).toBeLessThanOrEqual(most);
});

test("every piece of a shuffled image has moved, and none is lost", () => {
  const specification = { channels: 1, height: 24, width: 24 };
  const own: RawImage = {
    kind: "raw",
    pixels: Uint8Array.from({ length: 576 }, (_, index) => index % 251),
    ...specification,
  };
  for (let index = 0; index < 6; index++) {
    const { pixels } = drawStranger(own, own, key.fold("pieces").fold(index), "shuffled");
    expect([...pixels].sort((a, b) => a - b)).toEqual([...own.pixels].sort((a, b) => a - b));
    expect(pixels.filter((value, place) => value === own.pixels[place]).length).toBeLessThan(60);
  }
});

test("the smallest images have strangers, too", () => {
  const tiny = image(0, 3, 12, 12);
  for (const kind of strangerKinds) expect(drawStranger(tiny, tiny, key, kind).pixels).toHaveLength(432);
});
