/**
 * The works around a paper as a drawing: this paper dark grey, those that cite it green, those that it builds on blue. Nodes can be dragged, the
 * whole can be moved and zoomed; one node is in the order of the tab key, arrows go to its neighbours in the drawing.
 */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Button } from "../components/button.tsx";
import {
  distanceOf,
  frameOf,
  middleOf,
  nearest,
  type Point,
  type View,
  wholeView,
  wrapped,
  zoomed,
} from "./network-geometry.ts";
import { layOutNetwork, type NetworkNode } from "./network-layout.ts";
import type { Paper, Work } from "./paper-format.ts";
import { relationWords, yearOf } from "./work-words.ts";

export interface NetworkViewProps {
  readonly paper: Paper;
  /** Whether a work is looked for; others are drawn pale. */
  readonly isShown: (work: Work) => boolean;
  /** The work whose panel is open; undefined for none. */
  readonly chosen: Work | undefined;
  readonly onChoose: (work: Work | undefined) => void;
}

/** Movements that are smaller are clicks, screen pixels. */
const leastDrag = 4;

/** What a pointer is doing. */
type Gesture =
  | { readonly kind: "node"; readonly node: NetworkNode; readonly start: Point; moved: boolean }
  | { readonly kind: "move"; readonly start: Point; readonly view: View; moved: boolean };

export function NetworkView({ paper, isShown, chosen, onChoose }: NetworkViewProps): JSX.Element {
  const layout = useMemo(() => layOutNetwork(paper.works), [paper]);
  const frame = useMemo(() => frameOf(layout.nodes), [layout]);
  const svg = useRef<SVGSVGElement>(null);
  const [view, setView] = useState(wholeView);
  const [hovered, setHovered] = useState<NetworkNode | undefined>(undefined);
  const [current, setCurrent] = useState(0);
  const [, redraw] = useState(0);
  const pointers = useRef(new Map<number, Point>());
  const gesture = useRef<Gesture | undefined>(undefined);
  const spread = useRef<{ readonly distance: number; readonly view: View } | undefined>(undefined);

  const zoom = (factor: number, at: Point = { x: 0, y: 0 }): void => setView((before) => zoomed(before, factor, at));
  useEffect(() => {
    const element = svg.current!;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), pointOn(element, event));
    };
    // Preact listens passively, and the page must not scroll along.
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);

  const inside = ({ x, y }: Point): Point => ({ x: (x - view.x) / view.scale, y: (y - view.y) / view.scale });
  const begin = (event: PointerEvent, node?: NetworkNode): void => {
    event.stopPropagation();
    const at = pointOn(svg.current!, event);
    pointers.current.set(event.pointerId, at);
    svg.current!.setPointerCapture(event.pointerId);
    if (pointers.current.size === 2) {
      gesture.current = undefined;
      spread.current = { distance: distanceOf(pointers.current), view };
    } else if (node) gesture.current = { kind: "node", node, start: at, moved: false };
    else gesture.current = { kind: "move", start: at, view, moved: false };
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (!pointers.current.has(event.pointerId)) return;
    const at = pointOn(svg.current!, event);
    pointers.current.set(event.pointerId, at);
    if (spread.current && pointers.current.size === 2) {
      const middle = middleOf(pointers.current);
      const { distance, view: before } = spread.current;
      setView(zoomed(before, distanceOf(pointers.current) / Math.max(1, distance), middle));
      return;
    }
    const doing = gesture.current;
    if (!doing) return;
    if (!doing.moved && Math.hypot(at.x - doing.start.x, at.y - doing.start.y) < leastDrag) return;
    doing.moved = true;
    if (doing.kind === "move") {
      setView({ ...doing.view, x: doing.view.x + at.x - doing.start.x, y: doing.view.y + at.y - doing.start.y });
      return;
    }
    const { x, y } = inside(at);
    layout.hold(doing.node, x, y);
    redraw((count) => count + 1);
  };
  const end = (event: PointerEvent): void => {
    pointers.current.delete(event.pointerId);
    if (pointers.current.size < 2) spread.current = undefined;
    const doing = gesture.current;
    gesture.current = undefined;
    if (doing?.kind === "node") {
      layout.release(doing.node);
      if (!doing.moved) onChoose(doing.node.work);
    } else if (doing && !doing.moved) onChoose(undefined);
  };
  const focusNode = (index: number): void => {
    setCurrent(index);
    svg.current?.querySelector<SVGElement>(`[data-node="${index}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const node = layout.nodes[current]!;
    const directions: Readonly<Record<string, Point>> = {
      ...{
        ArrowRight: { x: 1, y: 0 },
        ArrowLeft: { x: -1, y: 0 },
        ArrowDown: { x: 0, y: 1 },
        ArrowUp: { x: 0, y: -1 },
      },
    };
    const direction = directions[event.key];
    const step = { j: 1, k: -1 }[event.key];
    if (direction) focusNode(nearest(layout.nodes, node, direction));
    else if (step !== undefined) focusNode((current + step + layout.nodes.length) % layout.nodes.length);
    else if (event.key === "Enter" || event.key === " ") onChoose(node.work);
    else if (event.key === "Escape") onChoose(undefined);
    else if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 1.4 : 1 / 1.4);
    else if (event.key === "0") setView(wholeView);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const [centre] = layout.nodes;
  const bright = (node: NetworkNode): boolean => node.work === undefined || isShown(node.work);
  return (
    <div class="network">
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing whose parts can be reached is no fieldset */}
      <svg
        ref={svg}
        viewBox={frame}
        role="group"
        aria-label={`Drawing of ${paper.works.length} works around ${paper.title}; the table below says the same`}
        onPointerDown={(event) => begin(event)}
        onPointerMove={onPointerMove}
        onPointerUp={end}
        onPointerCancel={end}
        onKeyDown={onKeyDown}
      >
        <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
          {layout.nodes.slice(1).map((node) => (
            <line
              key={node.index}
              class={linkClass(node, hovered, bright(node))}
              x1={centre!.x}
              y1={centre!.y}
              x2={node.x}
              y2={node.y}
            />
          ))}
          {layout.nodes.map((node) => (
            // biome-ignore lint/a11y/useSemanticElements: a part of a drawing
            <g
              key={node.index}
              data-node={node.index}
              class={nodeClass(node, { hovered, chosen, bright: bright(node) })}
              transform={`translate(${node.x} ${node.y})`}
              role="button"
              tabindex={node.index === current ? 0 : -1}
              aria-label={labelOf(node, paper)}
              onFocus={() => {
                setCurrent(node.index);
                setHovered(node);
              }}
              onBlur={() => setHovered(undefined)}
              onPointerEnter={() => setHovered(node)}
              onPointerLeave={() => setHovered(undefined)}
              onPointerDown={(event) => begin(event, node)}
            >
              <circle r={node.radius} />
            </g>
          ))}
          {hovered && <Title node={hovered} text={hovered.work?.title ?? paper.title} scale={view.scale} view={view} />}
        </g>
      </svg>
      <div class="zoom">
        <Button label="Zoom in" onClick={() => zoom(1.4)}>
          +
        </Button>
        <Button label="Zoom out" onClick={() => zoom(1 / 1.4)}>
          −
        </Button>
        <Button label="Show all of it" onClick={() => setView(wholeView)}>
          ⌂
        </Button>
      </div>
      <ul class="legend" aria-label="Colours">
        <li>
          <span class="dot own" /> this paper
        </li>
        <li>
          <span class="dot citing" /> cites this paper
        </li>
        <li>
          <span class="dot cited" /> this paper builds on it
        </li>
      </ul>
    </div>
  );
}

/** The title beside a node, on the side where there is room. */
function Title({
  node,
  text,
  scale,
  view,
}: {
  readonly node: NetworkNode;
  readonly text: string;
  readonly scale: number;
  readonly view: View;
}): JSX.Element {
  const right = node.x * scale + view.x > 0;
  const lines = wrapped(text, 42);
  const away = node.radius + 6;
  return (
    <g
      class="node-title"
      transform={`translate(${node.x} ${node.y}) scale(${1 / scale}) translate(${(right ? -1 : 1) * away * scale} 0)`}
    >
      {lines.map((line, index) => (
        <text key={line} y={(index - (lines.length - 1) / 2) * 19 + 5} text-anchor={right ? "end" : "start"}>
          {line}
        </text>
      ))}
    </g>
  );
}

function labelOf({ work }: NetworkNode, paper: Paper): string {
  return work ? `${work.title}, ${yearOf(work)}, ${relationWords[work.relation]}` : `${paper.title}, this paper`;
}

function nodeClass(
  node: NetworkNode,
  { hovered, chosen, bright }: { hovered: NetworkNode | undefined; chosen: Work | undefined; bright: boolean },
): string {
  const kind = node.work?.relation ?? "own";
  // A node's neighbours are the paper, or for the paper all of them.
  const near = !hovered || hovered === node || hovered.index === 0 || node.index === 0;
  return [
    "node",
    kind,
    ...(near && bright ? [] : ["pale"]),
    ...(chosen && node.work === chosen ? ["chosen"] : []),
  ].join(" ");
}

function linkClass(node: NetworkNode, hovered: NetworkNode | undefined, bright: boolean): string {
  const strong = hovered && (hovered === node || hovered.index === 0);
  return ["link", ...(strong ? ["strong"] : []), ...(bright ? [] : ["pale"])].join(" ");
}

/** A pointer in the drawing's own units, before it was moved and zoomed. */
function pointOn(element: SVGSVGElement, { clientX, clientY }: MouseEvent): Point {
  const matrix = element.getScreenCTM();
  if (!matrix) return { x: 0, y: 0 };
  const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse());
  return { x, y };
}
