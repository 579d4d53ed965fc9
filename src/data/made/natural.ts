/**
 * Images with the statistics of photographs: dead leaves (Lee, Mumford and Huang, 2001) with textures, shading and soft edges, over grounds of power-law
 * noise and gradients, in colours of one palette an image.
 *
 * Written from the published descriptions: sizes r with density 1 / r^3 between about one pixel and the image make leaves look the same at every scale; textured
 * and varied leaves and a spectrum of its own in every image are what Baradad et al. (2021) found useful to learn from.
 */
import type { RandomKey, RandomStream } from "../../base/index.ts";
import type { Canvas } from "./canvas.ts";
import { expose } from "./exposure.ts";
import type { MadeSpecification } from "./kinds.ts";
import { drawLeaf } from "./outlines.ts";
import { drawPowerLaw } from "./power-law-noise.ts";
import { emptyScene, paintBehind, paintLeaf, type Scene, type SceneColour } from "./scene.ts";

/** What all leaves of an image have in common. */
interface Style {
  readonly palette: readonly SceneColour[];
  /** Fields of standard deviation 1: `regions` is smooth, the others are textures. */
  readonly regions: Float32Array;
  readonly textures: readonly Float32Array[];
  /** Radius of the smallest and the largest leaves in pixels. */
  readonly least: number;
  readonly most: number;
  /** The density of radii falls as radius^-steepness. */
  readonly steepness: number;
  /** Share of the image that leaves cover. */
  readonly cover: number;
  /** Median standard deviation of textures. */
  readonly texture: number;
  /** Median softness of edges in pixels. */
  readonly softness: number;
  /** Roughness of outlines as a share of the radius. */
  readonly roughness: number;
}

/** Draws one natural image. */
export function drawNatural({ channels, height, width }: MadeSpecification, key: RandomKey): Canvas {
  const stream = key.stream();
  const scene = emptyScene(height, width);
  const style = drawStyle(height, width, stream);
  paintLeaves(scene, style, stream);
  paintGround(scene, style, stream);
  blur(scene, stream);
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
  // A third of the images are a few things before a ground, a tenth are ground alone, the others are covered with leaves.
  const kind = stream.uniform();
  const cover = kind < 0.1 ? 0 : kind < 0.4 ? between(0.15, 0.7, stream) : 1;
  const least = kind < 0.4 ? 0.04 * side : 0.7 * (0.12 * side) ** (stream.uniform() ** 1.3);
  return {
    palette: Array.from({ length: 2 + stream.integer(4) }, () => drawColour(stream)),
    regions: field(1.3, 2.2),
    textures: [field(0.2, 1), field(0.7, 1.4), field(1, 1.8)],
    least,
    most: 0.6 * side,
    steepness: between(2.4, 3.2, stream),
    cover,
    texture: 0.3 * Math.exp(0.6 * stream.normal()),
    softness: 1 + 0.5 * Math.exp(0.8 * stream.normal()),
    roughness: stream.uniform() < 0.5 ? 0 : 0.2 * stream.uniform(),
  };
}

/** Colours of a palette: light has the widest spread, then warmth. */
function drawColour(stream: RandomStream): SceneColour {
  return { light: 1.2 * stream.normal(), warmth: stream.normal(), magenta: stream.normal() };
}

function paintLeaves(scene: Scene, style: Style, stream: RandomStream): void {
  const { height, width } = scene;
  const area = height * width;
  const mostLeaves = area;
  let covered = 0;
  for (let number = 0; number < mostLeaves && covered < 0.985 * style.cover * area; number++) {
    const radius = drawRadius(style, stream);
    const leaf = drawLeaf(radius, stream);
    const centre = {
      x: between(-0.7 * radius, width + 0.7 * radius, stream),
      y: between(-0.7 * radius, height + 0.7 * radius, stream),
    };
    const surface = {
      colour: leafColour(scene, style, centre, stream),
      texture: style.textures[stream.integer(style.textures.length)]!,
      strength: style.texture * Math.exp(0.7 * stream.normal()),
      stain: 0.4 * stream.normal(),
      slope: 0.35 * stream.normal(),
      roundness: stream.uniform() < 0.4 ? 0.8 * stream.uniform() : 0,
    };
    const edge = {
      softness: Math.min(style.softness * Math.exp(0.5 * stream.normal()), 1 + radius),
      displacement: style.textures[1]!,
      roughness: style.roughness * radius,
    };
    covered += paintLeaf(scene, leaf, centre, surface, edge, stream);
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
  const [coarse, fine] = plain ? [0, 0.1 * texture] : [0.6 * stream.uniform(), texture * Math.exp(0.7 * stream.normal())];
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

/** Lenses and scaling blur all of an image, and cameras blur its colour more. */
function blur({ height, width, light, warmth, magenta }: Scene, stream: RandomStream): void {
  const amount = 0.5 * Math.exp(0.7 * stream.normal());
  smooth(light, height, width, amount);
  for (const plane of [warmth, magenta]) smooth(plane, height, width, amount + 0.6);
}

/** Binomial smoothing along both axes with a variance of `amount` / 2 pixels^2 on each, in passes of at most 1/2. */
function smooth(plane: Float32Array, height: number, width: number, amount: number): void {
  for (let left = Math.min(amount, 4); left > 0.02; left -= 1) {
    const share = Math.min(1, left) / 4;
    smoothLines(plane, height, width, width, 1, share);
    smoothLines(plane, width, height, 1, width, share);
  }
}

function smoothLines(plane: Float32Array, lines: number, length: number, line: number, step: number, share: number): void {
  for (let number = 0; number < lines; number++) {
    let at = number * line;
    let before = plane[at]!;
    for (let position = 0; position < length; position++, at += step) {
      const here = plane[at]!;
      const after = position + 1 < length ? plane[at + step]! : here;
      plane[at] = here + share * (before + after - 2 * here);
      before = here;
    }
  }
}

/** A radius with density proportional to radius^-steepness between the smallest and the largest. */
function drawRadius({ least, most, steepness }: Style, stream: RandomStream): number {
  const power = 1 - steepness;
  const [low, high] = [least ** power, most ** power];
  return (low + stream.uniform() * (high - low)) ** (1 / power);
}

function between(least: number, most: number, stream: RandomStream): number {
  return least + (most - least) * stream.uniform();
}
