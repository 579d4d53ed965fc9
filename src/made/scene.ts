/**
 * A scene under construction, painted from front to back: leaves cover what is behind them, and the ground fills what no leaf covers.
 *
 * Painting front to back leaves hidden pixels alone and ends as soon as the scene is covered, which a painter who starts at the back cannot know.
 */
import type { RandomStream } from "../base/index.ts";
import type { Leaf } from "./outlines.ts";

/**
 * A colour on the axes that decorrelate natural images (Ruderman, Cronin and Chiao, 1998): light (R + G + B) / 3, warmth (R - B) / sqrt(2) and
 * magenta (R - 2 G + B) / sqrt(6). Units are those of the scene: only ratios matter until exposure.
 */
export interface SceneColour {
  readonly light: number;
  readonly warmth: number;
  readonly magenta: number;
}

/** A scene: three planes of [height, width] pixels, rows first, and how much of each pixel is still uncovered. */
export interface Scene {
  readonly height: number;
  readonly width: number;
  readonly light: Float32Array;
  readonly warmth: Float32Array;
  readonly magenta: Float32Array;
  /** 1 where nothing is painted yet, 0 where nothing more can be seen. */
  readonly open: Float32Array;
}

/** What a leaf looks like. */
export interface Surface {
  readonly colour: SceneColour;
  /** A field of standard deviation 1 and the size of the scene; the surface takes it mirrored at random. */
  readonly texture: Float32Array;
  /** Standard deviation of the texture in light; warmth and magenta get `stain` of it. */
  readonly strength: number;
  readonly stain: number;
  /** Difference in light from one end of the leaf to the other, as of shading. */
  readonly slope: number;
  /** Difference in light between middle and edge, as of a round body. */
  readonly roundness: number;
}

/** How a leaf's edge looks. */
export interface Edge {
  /** Width in pixels over which leaf and background mix; 1 is sharp but antialiased. */
  readonly softness: number;
  /** A field of standard deviation 1 that displaces the outline by `roughness` pixels. */
  readonly displacement: Float32Array;
  readonly roughness: number;
}

/** Where a leaf lies: its centre in pixels, and its rotation in radians. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
}

/** A scene without content. */
export function emptyScene(height: number, width: number): Scene {
  const plane = (): Float32Array => new Float32Array(height * width);
  return { height, width, light: plane(), warmth: plane(), magenta: plane(), open: plane().fill(1) };
}

/** Paints a leaf behind everything that is there, at a pose. Returns the number of pixels it filled. */
export function paintLeaf(
  { height, width, light, warmth, magenta, open }: Scene,
  { outline, reach }: Leaf,
  { x: centreX, y: centreY, angle }: Pose,
  { colour, texture, strength, stain, slope, roundness }: Surface,
  { softness, displacement, roughness }: Edge,
  stream: RandomStream,
): number {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const mirror = mirrored(height, width, stream);
  const sign = stream.uniform() < 0.5 ? -strength : strength;
  const shadeAngle = 2 * Math.PI * stream.uniform();
  const [shadeX, shadeY] = [(slope * Math.cos(shadeAngle)) / reach, (slope * Math.sin(shadeAngle)) / reach];
  const margin = reach + softness / 2 + 2.5 * roughness;
  const [top, bottom] = [Math.max(0, Math.floor(centreY - margin)), Math.min(height - 1, Math.ceil(centreY + margin))];
  const [left, right] = [Math.max(0, Math.floor(centreX - margin)), Math.min(width - 1, Math.ceil(centreX + margin))];
  let filled = 0;
  for (let y = top; y <= bottom; y++) {
    const down = y + 0.5 - centreY;
    for (let x = left, at = y * width + left; x <= right; x++, at++) {
      const visible = open[at]!;
      if (visible < 0.004) continue;
      const across = x + 0.5 - centreX;
      const distance =
        outline(cosine * across + sine * down, cosine * down - sine * across) + roughness * displacement[at]!;
      const inside = 0.5 - distance / softness;
      if (inside <= 0) continue;
      const share = inside < 1 ? visible * inside : visible;
      const pattern = sign * texture[mirror.start + y * mirror.stepY + x * mirror.stepX]!;
      const round = Math.max(-1, distance / reach);
      light[at]! += share * (colour.light + pattern + shadeX * across + shadeY * down - roundness * (1 + round) ** 2);
      warmth[at]! += share * (colour.warmth + stain * pattern);
      magenta[at]! += share * (colour.magenta - 0.5 * stain * pattern);
      open[at] = visible - share;
      filled += share;
    }
  }
  return filled;
}

/** Fills what is still open. `at` is the pixel's index. */
export function paintBehind({ light, warmth, magenta, open }: Scene, colourAt: (at: number) => SceneColour): void {
  for (let at = 0; at < open.length; at++) {
    const share = open[at]!;
    if (share === 0) continue;
    const colour = colourAt(at);
    light[at]! += share * colour.light;
    warmth[at]! += share * colour.warmth;
    magenta[at]! += share * colour.magenta;
    open[at] = 0;
  }
}

/** Where a field is read from when it is mirrored at random: unlike a shift, that leaves no seam. */
function mirrored(height: number, width: number, stream: RandomStream) {
  const choice = stream.integer(4);
  const [flipX, flipY] = [(choice & 1) === 1, (choice & 2) === 2];
  return {
    start: (flipX ? width - 1 : 0) + (flipY ? (height - 1) * width : 0),
    stepX: flipX ? -1 : 1,
    stepY: flipY ? -width : width,
  };
}
