/**
 * Images of one bright object on dark ground: the normal and the anomalous kinds.
 *
 * The kind decides the shape and nothing else. For one key, images of all these kinds have the same colours, textures, grain,
 * size, position and angle, down to the random numbers; and the shapes have the same area and contour length.
 */
import type { ImageShape, RandomKey } from "../base/index.ts";
import { addGrain, type Canvas, emptyCanvas, type Placement, paintGround, paintShape } from "./canvas.ts";
import type { SingleObjectKind } from "./kinds.ts";
import { draw, type Range, randomGrain, randomPaint, type Tint } from "./paints.ts";
import { cross, ring, type Shape, star, trio } from "./shapes.ts";

/** Brass on slate: brightness apart far enough that the shape is the image's main coarse structure. */
const groundTint: Tint = { brightness: { least: 90, most: 110 }, hue: 3.9, colourfulness: 22, spread: 14 };
const objectTint: Tint = { brightness: { least: 136, most: 156 }, hue: 0.75, colourfulness: 32, spread: 14 };

/** Share of the image that the object covers. */
const areaShare: Range = { least: 0.17, most: 0.22 };

/** How far the object's centre is from the image's, as a share of height and width. With `areaShare`, objects stay inside. */
const displacement: Range = { least: -0.05, most: 0.05 };

const shapes: Readonly<Record<SingleObjectKind, Shape>> = {
  normal: ring,
  crosses: cross,
  stars: star,
  trios: trio,
};

/** Draws one image of a normal or anomalous kind. */
export function drawSingleObject(kind: SingleObjectKind, specification: ImageShape, key: RandomKey): Canvas {
  const canvas = emptyCanvas(specification);
  const { channels } = specification;
  const ground = key.fold("ground").stream();
  paintGround(canvas, randomPaint(channels, groundTint, ground), ground);
  const placement = randomPlacement(specification, key);
  const object = key.fold("object").stream();
  paintShape(canvas, shapes[kind], placement, randomPaint(channels, objectTint, object), object);
  const grain = key.fold("grain").stream();
  addGrain(canvas, randomGrain(grain), grain);
  return canvas;
}

function randomPlacement({ height, width }: ImageShape, key: RandomKey): Placement {
  const stream = key.fold("placement").stream();
  return {
    centreX: width * (0.5 + draw(displacement, stream)),
    centreY: height * (0.5 + draw(displacement, stream)),
    size: Math.min(height, width) * Math.sqrt(draw(areaShare, stream)),
    angle: 2 * Math.PI * stream.uniform(),
  };
}
