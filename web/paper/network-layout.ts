/** Where the works around a paper stand in the drawing: a force layout that comes out the same every time. Needs no page. */
import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type Simulation,
  type SimulationNodeDatum,
} from "d3-force";
import type { Work } from "./paper-format.ts";

/** The paper itself, or one of its works by its index. */
export interface NetworkNode extends SimulationNodeDatum {
  readonly index: number;
  readonly work: Work | undefined;
  readonly radius: number;
  x: number;
  y: number;
}

/** A drawing that can be moved on. */
export interface NetworkLayout {
  /** The paper first, then its works in order. */
  readonly nodes: readonly NetworkNode[];
  /** Holds a node where it was dragged, with the forces awake until it is let go. */
  hold(node: NetworkNode, x: number, y: number): void;
  release(node: NetworkNode): void;
}

/** Ticks until d3's forces have cooled down. */
const coolTicks = 300;

/** Half the drawing's width, roughly, in units of its own. */
export const networkExtent = 320;

/** A layout of the works: those that cite the paper to the right, those that it builds on to the left, later ones lower. */
export function layOutNetwork(works: readonly Work[]): NetworkLayout {
  const years = works.flatMap(({ year }) => (year === null ? [] : [year]));
  const [first, last] = [Math.min(...years), Math.max(...years)];
  const height = (year: number | null): number =>
    year === null || first === last ? 0 : ((year - first) / (last - first) - 0.5) * networkExtent;
  const start = (index: number): { x: number; y: number } => {
    const turn = index * 2.399963;
    return { x: Math.cos(turn) * 12 * Math.sqrt(index), y: Math.sin(turn) * 12 * Math.sqrt(index) };
  };
  const centre: NetworkNode = { index: 0, work: undefined, radius: 14, x: 0, y: 0 };
  const nodes: NetworkNode[] = [
    centre,
    ...works.map((work, at): NetworkNode => ({ index: at + 1, work, radius: 7, ...start(at + 1) })),
  ];
  const side = ({ work }: NetworkNode): number => (work === undefined ? 0 : work.relation === "citing" ? 0.35 : -0.35);
  const simulation: Simulation<NetworkNode, undefined> = forceSimulation(nodes)
    .force("apart", forceManyBody<NetworkNode>().strength(-42))
    .force(
      "free",
      forceCollide<NetworkNode>((node) => node.radius + 3),
    )
    .force(
      "links",
      forceLink(nodes.slice(1).map((target) => ({ source: centre, target })))
        .distance(110)
        .strength(0.12),
    )
    .force("side", forceX<NetworkNode>((node) => side(node) * networkExtent).strength(0.09))
    .force("year", forceY<NetworkNode>((node) => height(node.work?.year ?? null) * 0.8).strength(0.05))
    .stop();
  simulation.tick(coolTicks);
  return {
    nodes,
    hold(node, x, y) {
      if (node.fx === undefined || node.fx === null) simulation.alpha(0.3);
      node.fx = x;
      node.fy = y;
      simulation.alpha(Math.max(simulation.alpha(), 0.1)).tick(1);
    },
    release(node) {
      node.fx = null;
      node.fy = null;
    },
  };
}
