/**
 * Images with the statistics of photographs: dead leaves (Lee, Mumford and Huang, 2001) with textures, shading and soft edges, over grounds of power-law
 * noise and gradients, in colours of one palette an image.
 *
 * Written from the published descriptions: sizes r with density 1 / r^3 between about one pixel and the image make leaves look the same at every scale; textured
 * and varied leaves and a spectrum of its own in every image are what Baradad et al. (2021) found useful to learn from. The numbers here and in
 * `exposure.ts` were chosen so that the statistics in `natural-statistics.test.ts` come out as those of photographs, in mean and in spread over images; so
 * sizes often fall less steeply than 1 / r^3, as photographs are of something.
 */
import type { ImageShape, RandomKey, RandomStream } from "../base/index.ts";
import type { Canvas } from "./canvas.ts";
import { expose } from "./exposure.ts";

import { drawLeaf } from "./outlines.ts";
import { drawPowerLaw } from "./power-law-noise.ts";
import { emptyScene, paintBehind, paintLeaf, type Scene, type SceneColour } from "./scene.ts";

/** What all leaves of an image have in common. */
interface Style {
  readonly palette: readonly SceneColour[];
  /** Fields of standard deviation 1: `regions` is smooth, the others are textures. */
  readonly regions: Float32Array;
  readonly textures: readonly Float32Array[];
  /** Draws a leaf's radius in pixels. */
  readonly radius: (stream: RandomStream) => number;
  /** Share of the image that leaves cover. */
  readonly cover: number;
  /** Median standard deviation of textures. */
  readonly texture: number;
  /** Median softness of edges in pixels. */
  readonly softness: number;
  /** Roughness of outlines as a share of the radius. */
  readonly roughness: number;
  /** The number of the leaf that is large and in the middle, as what a person photographs is; -1 for none. */
  readonly subject: number;
  /** Whether leaves stand upright or lie, as what people build and what gravity grows does. */
  readonly upright: boolean;
}

/** Draws one natural image. */
export function drawNatural({ channels, height, width }: ImageShape, key: RandomKey): Canvas {
  const stream = key.stream();
  const scene = emptyScene(height, width);
  const style = drawStyle(height, width, stream);
  paintLeaves(scene, style, stream);
  paintGround(scene, style, stream);
  return expose(scene, channels, stream);
}

function drawStyle(height: number, width: number, stream: RandomStream): Style {
  const side = Math.max(height, width);
  const field = (least: number, most: number): Float32Array => {
    const noise = new Float32Array(height * width);
    const stretch = stream.uniform() < 0.35 ? 1 + 5 * stream.uniform() : 1;
    drawPowerLaw(noise, height, width, { exponent: between(least, most, stream), stretch }, stream);
    return noise;
  };
  // Some images are ground alone, two in five a few things before a ground, half are covered with leaves.
  const kind = stream.uniform();
  const cover = kind < 0.07 ? 0 : kind < 0.5 ? between(0.2, 0.8, stream) : 1;
  const least = kind < 0.5 ? (0.02 + 0.06 * stream.uniform()) * side : 0.7 * (0.12 * side) ** (stream.uniform() ** 1.3);
  return {
    palette: Array.from({ length: 2 + stream.integer(4) }, () => drawColour(stream)),
    regions: field(1.3, 2.2),
    textures: [field(0.2, 0.8), field(0.7, 1.1), field(0.9, 1.3)],
    radius: powerLawRadius(least, 0.7 * side, between(1.6, 3.1, stream)),
    cover,
    texture: 0.15 * Math.exp(0.5 * stream.normal()),
    softness: 1 + 0.3 * Math.exp(0.6 * stream.normal()),
    roughness: stream.uniform() < 0.6 ? 0 : 0.2 * stream.uniform(),
    subject: stream.uniform() < 0.6 ? stream.integer(12) : -1,
    upright: stream.uniform() < 0.65,
  };
}

/** Colours of a palette: light has the widest spread, then warmth. */
function drawColour(stream: RandomStream): SceneColour {
  const vividness = Math.exp(0.9 * stream.normal());
  const warmth = vividness * stream.normal();
  // Between green and purple, nature prefers green.
  return {
    light: 1.2 * stream.normal(),
    warmth,
    magenta: 0.2 * warmth - vividness * (Math.abs(stream.normal()) - 0.5),
  };
}

function paintLeaves(scene: Scene, style: Style, stream: RandomStream): void {
  const { height, width } = scene;
  const area = height * width;
  let covered = 0;
  for (let number = 0; number < area && covered < 0.97 * style.cover * area; number++) {
    const isSubject = number === style.subject;
    const radius = isSubject ? Math.min(height, width) * between(0.15, 0.42, stream) : style.radius(stream);
    const leaf = drawLeaf(radius, stream);
    const margin = isSubject ? -0.35 : 0.7 * (radius / Math.max(height, width));
    const centre = {
      x: width * between(-margin, 1 + margin, stream),
      y: height * between(-margin, 1 + margin, stream),
    };
    const surface = {
      colour: leafColour(scene, style, centre, stream),
      texture: style.textures[stream.integer(style.textures.length)]!,
      strength: style.texture * Math.exp(stream.normal()),
      stain: 0.4 * stream.normal(),
      slope: 0.35 * stream.normal(),
      roundness: stream.uniform() < 0.4 ? 0.8 * stream.uniform() : 0,
    };
    const edge = {
      softness: Math.min(style.softness * Math.exp(0.5 * stream.normal()), 1 + radius),
      displacement: style.textures[1]!,
      roughness: style.roughness * radius,
    };
    const angle = style.upright
      ? (Math.PI / 2) * stream.integer(4) + 0.1 * stream.normal()
      : 2 * Math.PI * stream.uniform();
    covered += paintLeaf(scene, leaf, { ...centre, angle }, surface, edge, stream);
  }
}

/** A leaf's colour is one of the palette, more often than not that of the region it lies in. */
function leafColour(
  { height, width }: Scene,
  { palette, regions }: Style,
  { x, y }: { readonly x: number; readonly y: number },
  stream: RandomStream,
): SceneColour {
  const row = Math.min(height - 1, Math.max(0, Math.floor(y)));
  const column = Math.min(width - 1, Math.max(0, Math.floor(x)));
  const region = regions[row * width + column]!;
  const here = Math.min(palette.length - 1, Math.max(0, Math.floor((region / 3 + 0.5) * palette.length)));
  const base = palette[stream.uniform() < 0.6 ? here : stream.integer(palette.length)]!;
  return {
    light: base.light + 0.5 * region + 0.4 * stream.normal(),
    warmth: base.warmth + 0.25 * stream.normal(),
    magenta: base.magenta + 0.25 * stream.normal(),
  };
}

/** A gradient between two colours of the palette, with noise of its own. */
function paintGround(scene: Scene, { palette, regions, textures, texture }: Style, stream: RandomStream): void {
  const { height, width } = scene;
  const [from, to] = [palette[0]!, palette[palette.length - 1]!];
  const angle = 2 * Math.PI * stream.uniform();
  const [stepX, stepY] = [Math.cos(angle) / width, Math.sin(angle) / height];
  const noise = textures[1 + stream.integer(textures.length - 1)]!;
  const plain = stream.uniform() < 0.3;
  const [coarse, fine] = plain
    ? [0, 0.1 * texture]
    : [0.6 * stream.uniform(), texture * Math.exp(0.7 * stream.normal())];
  const gradient = stream.uniform() < 0.5 ? 0.4 : 1;
  const stain = 0.5 * stream.normal();
  paintBehind(scene, (at) => {
    const x = (at % width) + 0.5 - width / 2;
    const y = Math.floor(at / width) + 0.5 - height / 2;
    const share = 0.5 + gradient * (stepX * x + stepY * y) + 0.3 * coarse * regions[at]!;
    const pattern = coarse * regions[at]! + fine * noise[at]!;
    return {
      light: from.light + share * (to.light - from.light) + pattern,
      warmth: from.warmth + share * (to.warmth - from.warmth) + stain * pattern,
      magenta: from.magenta + share * (to.magenta - from.magenta) - 0.5 * stain * pattern,
    };
  });
}

/** Draws numbers from `least` to `most` with density proportional to radius^-steepness. */
function powerLawRadius(least: number, most: number, steepness: number): Style["radius"] {
  const power = 1 - steepness;
  const [low, high] = [least ** power, most ** power];
  return (stream) => (low + stream.uniform() * (high - low)) ** (1 / power);
}

function between(least: number, most: number, stream: RandomStream): number {
  return least + (most - least) * stream.uniform();
}
