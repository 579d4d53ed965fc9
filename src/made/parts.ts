/** Made parts of brushed metal, some with a scratch or a dent, and where it is: what looks for local faults is shown and tested with. Pure. */
import type { RandomKey, RandomStream } from "../base/index.ts";

/** What a part is like. */
export const partKinds = ["good", "scratch", "dent"] as const;

/** What a part is like. */
export type PartKind = (typeof partKinds)[number];

/** Which parts are made. */
export interface PartRequest {
  readonly kind: PartKind;
  readonly count: number;
  /** Height and width in pixels, at least 48. */
  readonly side: number;
  readonly key: RandomKey;
}

/** Parts in grey, with their masks. */
export interface MadeParts {
  /** uint8 [count, 1, side, side]. */
  readonly pixels: Uint8Array;
  /** The same shape, 255 where the fault is. */
  readonly masks: Uint8Array;
  readonly names: readonly string[];
}

/** How much brighter or darker a fault is, at 0 to 255, at a point of a part; 0 where it is not. */
type Fault = (y: number, x: number) => number;

/** A fault is where it changes a pixel by more than this. */
const leastChange = 8;

/** Draws parts, the same ones for a key. */
export function makeParts({ kind, count, side, key }: PartRequest): MadeParts {
  const area = side * side;
  const pixels = new Uint8Array(count * area);
  const masks = new Uint8Array(count * area);
  for (let part = 0; part < count; part++) {
    const own = key.fold(kind).fold(part);
    const surface = drawSurface(own.fold("surface").stream(), side);
    const fault = faultOf(kind, own.fold("fault").stream(), side);
    for (let pixel = 0; pixel < area; pixel++) {
      const change = fault(Math.floor(pixel / side), pixel % side);
      pixels[part * area + pixel] = Math.max(0, Math.min(255, Math.round(surface[pixel]! + change)));
      masks[part * area + pixel] = Math.abs(change) > leastChange ? 255 : 0;
    }
  }
  return { pixels, masks, names: Array.from({ length: count }, (_, part) => `${kind}-${part}`) };
}

/** A plate with two holes on a dark ground, brushed along its rows, lit a little from somewhere, and never quite in the same place. */
function drawSurface(stream: RandomStream, side: number): Float64Array {
  const [down, across] = [3 * (stream.uniform() - 0.5), 3 * (stream.uniform() - 0.5)];
  const [lightY, lightX] = [30 * (stream.uniform() - 0.5), 30 * (stream.uniform() - 0.5)];
  const rows = Float64Array.from({ length: side }, () => 7 * stream.normal());
  const margin = 0.08 * side;
  const radius = 0.09 * side;
  const surface = new Float64Array(side * side);
  for (let y = 0; y < side; y++) {
    let brushed = 0;
    for (let x = 0; x < side; x++) {
      brushed = 0.8 * brushed + 3 * stream.normal();
      const [py, px] = [y + down, x + across];
      const edge = Math.min(py - margin, side - margin - py, px - margin, side - margin - px);
      const hole = Math.min(...[0.28, 0.72].map((place) => Math.hypot(py - 0.5 * side, px - place * side) - radius));
      // One pixel from dark to light, as a lens draws an edge.
      const plate = Math.max(0, Math.min(1, Math.min(edge, hole) + 0.5));
      const light = 150 + lightY * (y / side - 0.5) + lightX * (x / side - 0.5) + rows[y]! + brushed;
      surface[y * side + x] = plate * light + (1 - plate) * (35 + 2 * stream.normal());
    }
  }
  return surface;
}

function faultOf(kind: PartKind, stream: RandomStream, side: number): Fault {
  switch (kind) {
    case "good":
      return () => 0;
    case "scratch":
      return scratch(stream, side);
    case "dent":
      return dent(stream, side);
  }
}

/** A thin bent line above or below the holes. */
function scratch(stream: RandomStream, side: number): Fault {
  const height = (stream.uniform() < 0.5 ? -1 : 1) * (30 + 25 * stream.uniform());
  const row = side * (stream.uniform() < 0.5 ? 0.24 : 0.76) + 4 * stream.normal();
  const start = side * (0.15 + 0.3 * stream.uniform());
  const length = side * (0.25 + 0.2 * stream.uniform());
  const [slope, bend] = [0.4 * (stream.uniform() - 0.5), 0.1 * side * (stream.uniform() - 0.5)];
  return (y, x) => {
    const along = (x - start) / length;
    if (along < 0 || along > 1) return 0;
    const middle = row + slope * (x - start) + bend * 4 * along * (1 - along);
    return height * Math.exp(-((y - middle) ** 2) / (2 * 0.8 ** 2));
  };
}

/** A soft spot somewhere on the plate. */
function dent(stream: RandomStream, side: number): Fault {
  const height = (stream.uniform() < 0.5 ? -1 : 1) * (25 + 25 * stream.uniform());
  const [row, column] = [side * (0.2 + 0.6 * stream.uniform()), side * (0.42 + 0.16 * stream.uniform())];
  const radius = side * (0.02 + 0.02 * stream.uniform());
  return (y, x) => height * Math.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * radius ** 2));
}
