/** Images of channels that are no colours: from TIFF files and arrays to a model that takes so many, and refused by one that does not. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeFolder } from "../example-files.ts";
import { bytesOf, npyOf } from "../formats/example-arrays.ts";
import { openImages } from "../opening.ts";
import { pngOf } from "./example-images.ts";
import { inspectImage } from "./inspection.ts";
import { prepareImage } from "./preparation.ts";

const [height, width] = [6, 8];
const area = height * width;

/** A TIFF without compression, black is zero, of so many samples a pixel, of which all but the first are of no known meaning. */
function tiffOf(channels: number, bits: number, isFloat: boolean, samples: Uint8Array): Buffer {
  const each = (value: number): number[] => Array(channels).fill(value);
  const tags: [number, 3 | 4, number[]][] = [
    [256, 3, [width]],
    [257, 3, [height]],
    [258, 3, each(bits)],
    [259, 3, [1]],
    [262, 3, [1]],
    [273, 4, [0]],
    [277, 3, [channels]],
    [278, 3, [height]],
    [279, 4, [samples.length]],
    [338, 3, each(0).slice(1)],
    [339, 3, each(isFloat ? 3 : 1)],
  ];
  const head = Buffer.alloc(14 + 12 * tags.length);
  head.write("II*\0\x08\0\0\0", "latin1");
  head.writeUInt16LE(tags.length, 8);
  const more: Buffer[] = [];
  const start = head.length + tags.reduce((sum, [, , values]) => sum + (values.length > 2 ? 2 * values.length : 0), 0);
  let place = head.length;
  for (const [index, [tag, kind, values]] of tags.entries()) {
    const at = 10 + 12 * index;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(kind, at + 2);
    head.writeUInt32LE(values.length, at + 4);
    const bytes = Buffer.alloc(Math.max(4, 2 * values.length));
    if (kind === 4) bytes.writeUInt32LE(tag === 273 ? start : values[0]!);
    else for (const [position, value] of values.entries()) bytes.writeUInt16LE(value, 2 * position);
    if (values.length <= 2) bytes.copy(head, at + 8);
    else {
      head.writeUInt32LE(place, at + 8);
      place += bytes.length;
      more.push(bytes);
    }
  }
  return Buffer.concat([head, ...more, samples]);
}

/** Levels [H, W, C], each of its own, and what they are as planes. */
function levelsOf(channels: number) {
  const level = (pixel: number, channel: number): number => (7 * pixel + 13 * channel) % 251;
  return {
    interleaved: Array.from({ length: area * channels }, (_, at) => level(Math.floor(at / channels), at % channels)),
    planes: Uint8Array.from({ length: area * channels }, (_, at) => level(at % area, Math.floor(at / area))),
  };
}

const encoded = (bytes: Uint8Array) => ({ kind: "encoded", bytes }) as const;

describe.each([2, 4, 5, 16])("%i channels", (channels) => {
  const { interleaved, planes } = levelsOf(channels);
  const form = { channels, height, width, sampleBits: 16, sampleRange: [0, 1] as const };

  test.each<[string, number, boolean, Uint8Array]>([
    ["8 bits", 8, false, Uint8Array.from(interleaved)],
    ["16 bits", 16, false, bytesOf(Uint16Array.from(interleaved, (level) => 256 * level + 9))],
    ["floating point", 32, true, bytesOf(Float32Array.from(interleaved, (level) => level / 255))],
  ])("of a TIFF of %s are those of the model, level by level", async (_, bits, isFloat, samples) => {
    const file = encoded(tiffOf(channels, bits, isFloat, samples));
    const prepared = await prepareImage(file, form);
    expect(prepared).toMatchObject({ stored: { height, width } });
    expect("pixels" in prepared && prepared.pixels).toEqual(planes);
  });

  test("of another number are refused, and so are colours", async () => {
    const other = encoded(tiffOf(3, 8, false, Uint8Array.from(levelsOf(3).interleaved)));
    const reason = `image has 3 channels, and the model takes ${channels}`;
    expect(await prepareImage(other, form)).toEqual({ reason });
    const raw = { kind: "raw", pixels: planes, channels, height, width } as const;
    const colour = { reason: `image has ${channels} channels, and the model takes grey or colour` };
    expect(await prepareImage(raw, { ...form, channels: 3 })).toEqual(colour);
  });

  test("of other sizes are shrunk channel by channel, and padded with one level", async () => {
    const raw = { kind: "raw", pixels: planes, channels, height, width } as const;
    const small = { ...form, height: 4, width: 4, fit: "pad", background: "#404040" } as const;
    const prepared = await prepareImage(raw, small);
    const whole = "pixels" in prepared ? prepared.pixels : new Uint8Array();
    for (let channel = 0; channel < channels; channel++) {
      const grey = { ...raw, channels: 1, pixels: planes.subarray(channel * area, (channel + 1) * area) };
      const alone = await prepareImage(grey, { ...small, channels: 1 });
      expect(whole.subarray(channel * 16, channel * 16 + 16)).toEqual("pixels" in alone && alone.pixels);
    }
  });
});

describe("a source", () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  beforeAll(async () => {
    folder = await makeFolder();
  });
  afterAll(() => folder.remove());

  const channelsOf = async (name: string, bytes: Uint8Array): Promise<number> => {
    await writeFile(join(folder.folder, name), bytes);
    return (await openImages(join(folder.folder, name), "here")).channels();
  };

  test("says how many channels it has; two and four of a file may be transparency", async () => {
    const samples = Uint8Array.from(levelsOf(5).interleaved);
    expect(await channelsOf("five.tif", tiffOf(5, 8, false, samples))).toBe(5);
    expect(await channelsOf("two.tif", tiffOf(2, 8, false, samples.subarray(0, 2 * area)))).toBe(1);
    expect(await channelsOf("clear.png", pngOf(new Uint8Array(16), { channels: 4, height: 2, width: 2 }))).toBe(3);
    expect(await channelsOf("four.npy", npyOf("|u1", [1, 4, 20, 20], new Uint8Array(1600)))).toBe(4);
  });

  test("is looked at with all of them", async () => {
    const file = encoded(tiffOf(5, 8, false, Uint8Array.from(levelsOf(5).interleaved)));
    const seen = await inspectImage(file, {}, 512);
    expect(seen).toMatchObject({ image: { channels: 5 }, stored: { channels: 5, transparent: false, bits: 8 } });
  });
});
