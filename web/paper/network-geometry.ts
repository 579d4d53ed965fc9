/** Where things are in the drawing of a network: what is seen of it, and what lies next to what. Needs no page. */
import { type NetworkNode, networkExtent } from "./network-layout.ts";

/** A place in the drawing's own units. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What part of the drawing is seen: `scale` screen units a unit of its own, after it was moved. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const wholeView: View = { scale: 1, x: 0, y: 0 };
const [leastScale, mostScale] = [0.5, 8];
/** Room around the outermost nodes, for titles. */
const margin = 40;
/** The least that the drawing is wide for its height. */
const leastShape = 0.8;

/** The box of all nodes, as `viewBox` has it. */
export function frameOf(nodes: readonly NetworkNode[]): string {
  const reach = (pick: (node: NetworkNode) => number): number =>
    Math.max(networkExtent / 2, ...nodes.map((node) => Math.abs(pick(node)))) + margin;
  const height = reach(({ y }) => y);
  const width = Math.max(
    leastShape * height,
    reach(({ x }) => x),
  );
  return `${-width} ${-height} ${2 * width} ${2 * height}`;
}

/** The same part nearer or further away, with a point that stays where it is. */
export function zoomed(view: View, factor: number, at: Point): View {
  const scale = Math.min(mostScale, Math.max(leastScale, view.scale * factor));
  const by = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * by, y: at.y - (at.y - view.y) * by };
}

/** How far two pointers are apart. */
export function distanceOf(points: ReadonlyMap<number, Point>): number {
  const [a, b] = [...points.values()];
  return Math.hypot(a!.x - b!.x, a!.y - b!.y);
}

export function middleOf(points: ReadonlyMap<number, Point>): Point {
  const [a, b] = [...points.values()];
  return { x: (a!.x + b!.x) / 2, y: (a!.y + b!.y) / 2 };
}

/** The index of the node that lies next in a direction: near, and not far to its sides; the same node where there is none. */
export function nearest(nodes: readonly NetworkNode[], from: NetworkNode, direction: Point): number {
  let [best, least] = [from.index, Number.POSITIVE_INFINITY];
  for (const node of nodes) {
    const [dx, dy] = [node.x - from.x, node.y - from.y];
    const along = dx * direction.x + dy * direction.y;
    const aside = Math.abs(dx * direction.y) + Math.abs(dy * direction.x);
    if (along <= 1 || along + 2 * aside >= least) continue;
    [best, least] = [node.index, along + 2 * aside];
  }
  return best;
}

/** A text in lines of so many letters, if its words allow it. */
export function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
