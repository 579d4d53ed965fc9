/**
 * Images of everything at once, for the general model: leaves of many shapes and sizes over clouds, slopes and patterns.
 *
 * Leaves whose sizes follow a power law and cover each other ("dead leaves"), and clouds whose spectrum follows one, are the two classical models of natural
 * images' statistics. Textures and grain are those of the other kinds, so that a general model explains them equally well.
 */
import type { ImageShape, RandomKey, RandomStream } from "../base/index.ts";
import { addGrain, type Canvas, emptyCanvas, type Paint, paintGround, paintShape } from "./canvas.ts";

import { draw, type Range, randomColour, randomGrain, randomPaint, type Tint } from "./paints.ts";
import { cross, disc, polygon, rectangle, ring, type Shape, star, starOf, trio } from "./shapes.ts";
import { clouds, slope, type Texture } from "./textures.ts";

/** Colours of ground and leaves: all hues, and wide enough to contain the other kinds'. */
const anyTint: Tint = { brightness: { least: 50, most: 200 }, hue: 0, colourfulness: 0, spread: 60 };

/** Standard deviation in levels of the coarse structure of the ground. */
const coarseStrength: Range = { least: 0, most: 35 };

/** The largest number of leaves on one image. */
const mostLeaves = 12;

/** A leaf's size as a share of the image's smaller side; small leaves are more frequent. */
const leafSize: Range = { least: 0.1, most: 0.7 };

const leaves: readonly Shape[] = [
  disc,
  ring,
  cross,
  star,
  trio,
  starOf(4),
  starOf(6),
  polygon(3),
  polygon(5),
  polygon(6),
  rectangle(1),
  rectangle(2),
  rectangle(4),
];

/** Draws one general image. */
export function drawGeneral(specification: ImageShape, key: RandomKey): Canvas {
  const canvas = emptyCanvas(specification);
  const { channels, height, width } = specification;
  const ground = key.fold("ground").stream();
  paintGround(canvas, randomGround(channels, Math.max(height, width), ground), ground);
  const stream = key.fold("leaves").stream();
  const count = stream.integer(mostLeaves + 1);
  for (let leaf = 0; leaf < count; leaf++) {
    const shape = leaves[stream.integer(leaves.length)]!;
    const placement = {
      centreX: width * stream.uniform(),
      centreY: height * stream.uniform(),
      size: Math.min(height, width) * randomLeafSize(stream),
      angle: 2 * Math.PI * stream.uniform(),
    };
    paintShape(canvas, shape, placement, randomPaint(channels, anyTint, stream), stream);
  }
  const grain = key.fold("grain").stream();
  addGrain(canvas, randomGrain(grain), grain);
  return canvas;
}

/** The ground: clouds, a slope or a pattern, each a third of the time. */
function randomGround(channels: number, extent: number, stream: RandomStream): Paint {
  const choice = stream.integer(3);
  if (choice === 0) return randomPaint(channels, anyTint, stream);
  const texture: Texture = choice === 1 ? slope : clouds(draw({ least: 0.3, most: 1.2 }, stream), extent / 2);
  return { colour: randomColour(channels, anyTint, stream), texture, strength: draw(coarseStrength, stream) };
}

/** A size with density proportional to 1 / size^2. */
function randomLeafSize(stream: RandomStream): number {
  const { least, most } = leafSize;
  return 1 / (1 / least - stream.uniform() * (1 / least - 1 / most));
}
