/** Tests of the parts of natural images: noise, outlines, scenes, smoothing, and of the whole at odd sizes. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { makeImages } from "./images.ts";
import { drawLeaf } from "./outlines.ts";
import { drawPowerLaw, momentsOf, type PowerLaw } from "./power-law-noise.ts";
import { emptyScene, paintBehind, paintLeaf, type Surface } from "./scene.ts";
import { smooth } from "./smoothing.ts";

const key = randomKey("natural parts");

describe("drawPowerLaw", () => {
  const steps = (law: PowerLaw, seed: number) => {
    const side = 64;
    const field = new Float32Array(side * side);
    drawPowerLaw(field, side, side, law, key.fold(seed).stream());
    let [across, down] = [0, 0];
    for (let at = side; at < field.length; at++) {
      if (at % side > 0) across += (field[at]! - field[at - 1]!) ** 2;
      down += (field[at]! - field[at - side]!) ** 2;
    }
    return { field, across, down, sum: across + down };
  };

  test.each([0, 1, 2])("exponent %d has mean 0 and standard deviation 1, at any size", (exponent) => {
    for (const [height, width] of [
      [1, 1],
      [1, 9],
      [33, 8],
    ] as const) {
      const field = new Float32Array(height * width).fill(Number.NaN);
      drawPowerLaw(field, height, width, { exponent, stretch: 3 }, key.stream());
      const { mean, deviation } = momentsOf(field);
      expect(mean).toBeCloseTo(0, 5);
      expect(deviation).toBeCloseTo(field.length === 1 ? 0 : 1, 5);
    }
  });

  // The variance of a difference between neighbours is the integral of f^2 times the power: the larger the exponent, the smoother.
  test("is smoother with a larger exponent", () => {
    for (let seed = 0; seed < 10; seed++) {
      const [rough, natural, soft] = [0.3, 1, 1.7].map((exponent) => steps({ exponent, stretch: 1 }, seed).sum);
      expect(natural).toBeLessThan(rough! / 2);
      expect(soft).toBeLessThan(natural! / 2);
    }
  });

  test("has a direction only where it is stretched", () => {
    const bias = (stretch: number) => {
      const logarithms = Array.from({ length: 30 }, (_, seed) => {
        const { across, down } = steps({ exponent: 0.8, stretch }, seed);
        return Math.abs(Math.log(across / down));
      });
      return momentsOf(logarithms).mean;
    };
    expect(bias(1)).toBeLessThan(0.25);
    expect(bias(6)).toBeGreaterThan(0.8);
  });
});

describe("drawLeaf", () => {
  test("leaves of radius 8 have about the area of a disc, and lie within their reach", () => {
    const areas: number[] = [];
    for (let number = 0; number < 200; number++) {
      const { outline, reach } = drawLeaf(8, key.fold(number).stream());
      let [area, farthest, finite] = [0, 0, true];
      for (let y = -60; y <= 60; y++)
        for (let x = -60; x <= 60; x++) {
          const distance = outline(x, y);
          finite &&= Number.isFinite(distance);
          if (distance >= 0) continue;
          area++;
          farthest = Math.max(farthest, Math.hypot(x, y));
        }
      expect(finite).toBe(true);
      expect(farthest).toBeLessThanOrEqual(reach * 1.001);
      areas.push(area / (Math.PI * 64));
    }
    expect(Math.abs(momentsOf(areas).mean - 1)).toBeLessThan(0.1);
    for (const area of areas) {
      expect(area).toBeGreaterThan(0.4);
      expect(area).toBeLessThan(1.7);
    }
  });
});

describe("scenes", () => {
  const flat: Surface = {
    colour: { light: 2, warmth: -1, magenta: 0.5 },
    texture: new Float32Array(400).fill(1),
    strength: 0,
    stain: 1,
    slope: 0,
    roundness: 0,
  };
  const disc = (radius: number) => ({ outline: (x: number, y: number) => Math.hypot(x, y) - radius, reach: radius });
  const sharp = { softness: 1, displacement: new Float32Array(400), roughness: 0 };
  const middle = { x: 10, y: 10, angle: 0 };

  test("a leaf covers its area, antialiased, and nothing behind it shows", () => {
    const scene = emptyScene(20, 20);
    expect(paintLeaf(scene, disc(5), middle, flat, sharp, key.stream())).toBeCloseTo(25 * Math.PI, 0);
    expect(scene.open[0]).toBe(1);
    expect(scene.open[10 * 20 + 10]).toBe(0);
    expect(scene.open.some((open) => open > 0.1 && open < 0.9)).toBe(true);
    const behind = { ...flat, colour: { light: 9, warmth: 9, magenta: 9 } };
    expect(paintLeaf(scene, disc(3), middle, behind, sharp, key.stream())).toBe(0);
    expect(scene.light[10 * 20 + 10]).toBe(2);
  });

  test("the ground fills the rest: light is a mean of leaf and ground, weighted by what is open", () => {
    const scene = emptyScene(20, 20);
    paintLeaf(scene, disc(5), middle, flat, { ...sharp, softness: 4 }, key.stream());
    const open = scene.open.slice();
    paintBehind(scene, () => ({ light: 10, warmth: 0, magenta: 0 }));
    for (let at = 0; at < open.length; at++) {
      expect(scene.light[at]).toBeCloseTo(2 + 8 * open[at]!, 4);
      expect(scene.warmth[at]).toBeCloseTo(-1 + open[at]!, 4);
    }
  });
});

describe("smooth", () => {
  test("spreads a point with variance amount / 2 along each axis and keeps its sum", () => {
    const plane = new Float32Array(21 * 31);
    plane[10 * 31 + 15] = 1;
    smooth(plane, 21, 31, 1.7);
    let [sum, across, down] = [0, 0, 0];
    for (let at = 0; at < plane.length; at++) {
      sum += plane[at]!;
      across += plane[at]! * ((at % 31) - 15) ** 2;
      down += plane[at]! * (Math.floor(at / 31) - 10) ** 2;
    }
    expect(sum).toBeCloseTo(1, 5);
    expect(across).toBeCloseTo(0.85, 5);
    expect(down).toBeCloseTo(0.85, 5);
  });

  test("leaves a constant as it is", () => {
    const plane = new Float32Array(7 * 5).fill(3);
    smooth(plane, 7, 5, 4);
    for (const value of plane) expect(value).toBeCloseTo(3, 5);
  });
});

describe("natural images", () => {
  test.each([
    [1, 1],
    [1, 7],
    [5, 2],
    [100, 12],
  ])("exist at %ix%i", (height, width) => {
    const { pixels } = makeImages({ kind: "natural", count: 20, specification: { channels: 3, height, width }, key });
    expect(pixels).toHaveLength(60 * height * width);
    expect(new Set(pixels).size).toBeGreaterThan(10);
  });

  test("an image is the same whether others are made before it or not", () => {
    const specification = { channels: 3, height: 16, width: 16 };
    const all = makeImages({ kind: "natural", count: 5, specification, key });
    const last = makeImages({ kind: "natural", first: 3, count: 2, specification, key });
    expect(last.pixels).toEqual(all.pixels.slice(3 * 768));
    expect(last.names).toEqual(all.names.slice(3));
  });

  test("grey is the brightness of the same image in colour", () => {
    const [grey, colour] = [1, 3].map(
      (channels) =>
        makeImages({ kind: "natural", count: 10, specification: { channels, height: 16, width: 16 }, key }).pixels,
    );
    let inside = 0;
    for (let at = 0; at < grey!.length; at++) {
      const start = Math.floor(at / 256) * 768 + (at % 256);
      const [red, green, blue] = [0, 256, 512].map((offset) => colour![start + offset]!);
      // Where a channel is cut off at 0 or 255, brightness is lost.
      if ([red, green, blue].some((level) => level === 0 || level === 255)) continue;
      inside++;
      expect(Math.abs(grey![at]! - (0.299 * red! + 0.587 * green! + 0.114 * blue!))).toBeLessThan(1.1);
    }
    expect(inside / grey!.length).toBeGreaterThan(0.8);
  });
});
