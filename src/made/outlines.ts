/** Outlines of leaves: random shapes of a given size, as signed distances in pixels. */
import type { RandomStream } from "../base/index.ts";

/** The approximate signed distance in pixels from a point to the outline, negative inside; the shape is centred on the origin. */
export type Outline = (x: number, y: number) => number;

/** A shape and how far from the centre it may reach, in pixels. */
export interface Leaf {
  readonly outline: Outline;
  readonly reach: number;
}

/** Draws a leaf whose area is about that of a disc of `radius` pixels: disc, ellipse, rectangle, polygon or thin stroke. */
export function drawLeaf(radius: number, stream: RandomStream): Leaf {
  const makers = [disc, ellipse, ellipse, rectangle, polygon, polygon, stroke];
  return makers[stream.integer(makers.length)]!(radius, stream);
}

function disc(radius: number): Leaf {
  return { outline: (x, y) => Math.sqrt(x * x + y * y) - radius, reach: radius };
}

function ellipse(radius: number, stream: RandomStream): Leaf {
  const elongation = Math.exp(0.8 * stream.uniform());
  const [long, short] = [radius * elongation, radius / elongation];
  const outline: Outline = (x, y) => {
    const [u, v] = [x / long, y / short];
    const level = Math.sqrt(u * u + v * v);
    const slope = Math.sqrt((u / long) ** 2 + (v / short) ** 2);
    // A level set's distance is its level over its slope, to first order.
    return slope > 0 ? ((level - 1) * level) / slope : -short;
  };
  return { outline, reach: long };
}

function rectangle(radius: number, stream: RandomStream): Leaf {
  const elongation = Math.exp(1.1 * stream.uniform());
  const half = (radius * Math.sqrt(Math.PI)) / 2;
  const [long, short] = [half * elongation, half / elongation];
  return {
    outline: (x, y) => Math.max(Math.abs(x) - long, Math.abs(y) - short),
    reach: Math.hypot(long, short),
  };
}

/** The common part of three to six half-planes in random directions, without the far ends of acute corners. */
function polygon(radius: number, stream: RandomStream): Leaf {
  const sides = 3 + stream.integer(4);
  const [normalsX, normalsY, distances] = [[] as number[], [] as number[], [] as number[]];
  for (let side = 0; side < sides; side++) {
    const angle = (2 * Math.PI * (side + 0.5 * (stream.uniform() - 0.5))) / sides;
    normalsX.push(Math.cos(angle));
    normalsY.push(Math.sin(angle));
    distances.push(radius * (0.65 + 0.4 * stream.uniform()));
  }
  const outline: Outline = (x, y) => {
    let farthest = Math.sqrt(x * x + y * y) - 2 * radius;
    for (let side = 0; side < sides; side++)
      farthest = Math.max(farthest, normalsX[side]! * x + normalsY[side]! * y - distances[side]!);
    return farthest;
  };
  return { outline, reach: 2 * radius };
}

/** A thin band along a parabola. */
function stroke(radius: number, stream: RandomStream): Leaf {
  const elongation = 2 + 3 * stream.uniform();
  const half = (radius * Math.sqrt(Math.PI)) / 2;
  const [long, thin] = [half * elongation, half / elongation];
  const bend = (0.8 * (stream.uniform() - 0.5)) / long;
  const outline: Outline = (x, y) => {
    const slope = 2 * bend * x;
    const offset = Math.abs(y - bend * x * x + (bend * long * long) / 2) / Math.sqrt(1 + slope * slope);
    return Math.max(offset - thin, Math.abs(x) - long);
  };
  return { outline, reach: 1.1 * long + thin };
}
