/**
 * Histograms of several sets over one axis, each by its share of images, with a threshold that is dragged or moved by keys, and a range that is
 * brushed. Drawn anew only where the sets are others: a threshold that moves costs two attributes.
 */
import { scaleLinear } from "d3-scale";
import { area, curveStepAfter, line } from "d3-shape";
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { useMeasured } from "./measured.ts";
import { lookOf } from "./set-looks.ts";

/** One set. */
export interface HistogramSet {
  readonly name: string;
  /** Images in each bin. */
  readonly counts: readonly number[];
  /** Images in all, those that no bin holds among them. */
  readonly total: number;
}

/** The threshold and what moves it. */
export interface Threshold {
  readonly value: number;
  /** What it means, for those who hear it. */
  readonly text: string;
  readonly onChange: (value: number) => void;
  /** Where it is after a step to the right (1) or left (-1), or a large one (10, -10). Default: a 200th of the axis a step. */
  readonly stepped?: (steps: number) => number;
}

export interface HistogramProps {
  /** What it shows, in words. */
  readonly label: string;
  /** The name of the axis. */
  readonly axis: string;
  /** Ascending, one more than every set has bins. */
  readonly edges: readonly number[];
  readonly sets: readonly HistogramSet[];
  readonly threshold?: Threshold | undefined;
  /** The brushed range; undefined where none is. */
  readonly range?: readonly [low: number, high: number] | undefined;
  readonly onRange?: (range: readonly [low: number, high: number] | undefined) => void;
  readonly height?: number;
}

const margin = { left: 48, right: 14, top: 26, bottom: 44 };
/** Pixels around the threshold that take hold of it. */
const grip = 14;
/** A brush that is shorter is a click, which takes the range away. */
const leastBrush = 4;

export function Histogram(props: HistogramProps): JSX.Element {
  const { label, axis, edges, sets, threshold, range, onRange, height = 280 } = props;
  const box = useRef<HTMLDivElement>(null);
  const width = useMeasured(box, ({ clientWidth }) => Math.max(240, clientWidth), 600);
  const drag = useRef<"threshold" | number | undefined>(undefined);
  const [low, high] = [edges[0] ?? 0, edges.at(-1) ?? 1];
  const x = useMemo(
    () =>
      scaleLinear()
        .domain([low, high])
        .range([margin.left, width - margin.right]),
    [low, high, width],
  );
  const drawing = useMemo(() => draw(edges, sets, x, height, axis), [edges, sets, x, height, axis]);
  const bottom = height - margin.bottom;

  const placeOf = (event: PointerEvent): number => event.clientX - box.current!.getBoundingClientRect().left;
  const valueAt = (place: number): number => Math.min(high, Math.max(low, x.invert(place)));
  const shown = threshold && Math.min(high, Math.max(low, threshold.value));
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const place = placeOf(event);
    const holds = shown !== undefined && Math.abs(place - x(shown)) <= grip;
    if (!holds && !onRange) return;
    drag.current = holds ? "threshold" : place;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    if (holds) box.current!.querySelector<SVGElement>("[role=slider]")?.focus();
  };
  const onPointerMove = (event: PointerEvent): void => {
    const { current } = drag;
    if (current === undefined) return;
    const place = placeOf(event);
    if (current === "threshold") threshold?.onChange(valueAt(place));
    else if (Math.abs(place - current) >= leastBrush) {
      const ends = [valueAt(current), valueAt(place)].sort((a, b) => a - b);
      onRange?.([ends[0]!, ends[1]!]);
    }
  };
  const onPointerUp = (event: PointerEvent): void => {
    const { current } = drag;
    drag.current = undefined;
    if (typeof current === "number" && Math.abs(placeOf(event) - current) < leastBrush) onRange?.(undefined);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!threshold || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = stepsOf[event.key];
    const to = event.key === "Home" ? low : event.key === "End" ? high : undefined;
    if (steps === undefined && to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const stepped = threshold.stepped ?? ((by: number) => threshold.value + (by * (high - low)) / 200);
    threshold.onChange(to ?? stepped(steps!));
  };
  return (
    <div class="histogram" ref={box}>
      {/* biome-ignore lint/a11y/useSemanticElements: a figure whose parts can be reached is no fieldset */}
      <svg
        width={width}
        height={height}
        role="group"
        aria-label={label}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => (drag.current = undefined)}
      >
        {drawing}
        {range && (
          <rect
            class="brushed"
            x={x(range[0])}
            y={margin.top}
            width={Math.max(1, x(range[1]) - x(range[0]))}
            height={bottom - margin.top}
          />
        )}
        {threshold && shown !== undefined && (
          <g
            class="threshold"
            transform={`translate(${x(shown)} 0)`}
            role="slider"
            tabindex={0}
            aria-label="Threshold"
            aria-orientation="horizontal"
            aria-valuemin={low}
            aria-valuemax={high}
            aria-valuenow={shown}
            aria-valuetext={threshold.text}
            onKeyDown={onKeyDown}
          >
            <rect class="grip" x={-grip} y={0} width={2 * grip} height={height - margin.bottom + 8} />
            <line y1={margin.top - 8} y2={bottom + 6} />
            <path d={`M-9 ${margin.top - 22}h18v10l-9 9l-9 -9z`} />
          </g>
        )}
      </svg>
    </div>
  );
}

const stepsOf: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
  PageUp: 10,
  PageDown: -10,
};

/** Everything that stands still while a threshold moves. */
function draw(
  edges: readonly number[],
  sets: readonly HistogramSet[],
  x: ReturnType<typeof scaleLinear<number, number>>,
  height: number,
  axis: string,
): JSX.Element {
  const bottom = height - margin.bottom;
  const [left, right] = x.range() as [number, number];
  const shareOf = ({ counts, total }: HistogramSet): number[] => counts.map((count) => count / Math.max(1, total));
  const most = Math.max(1e-9, ...sets.flatMap(shareOf));
  const y = scaleLinear().domain([0, most]).range([bottom, margin.top]).nice(4);
  const ticks = x.ticks(Math.max(2, Math.floor((right - left) / 90)));
  const show = x.tickFormat(Math.max(2, Math.floor((right - left) / 90)));
  return (
    <g>
      {y.ticks(4).map((tick) => (
        <g key={tick}>
          <line class="grid" x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
          <text class="tick" x={left - 6} y={y(tick) + 4} text-anchor="end">
            {Number((100 * tick).toFixed(2))}%
          </text>
        </g>
      ))}
      {sets.map((set, index) => {
        const { colour, dash } = lookOf(index);
        const shares = shareOf(set);
        // The last bin ends where the axis does.
        const points = [...shares, shares.at(-1) ?? 0].map((share, bin): [number, number] => [
          x(edges[bin]!),
          y(share),
        ]);
        const [filled, outline] = [area<[number, number]>(), line<[number, number]>()];
        const fill = filled.y0(bottom).curve(curveStepAfter)(points) ?? "";
        const closed: [number, number][] = [[points[0]![0], bottom], ...points, [points.at(-1)![0], bottom]];
        return (
          <g key={set.name}>
            <path d={fill} fill={`var(${colour})`} fill-opacity="0.22" />
            <path
              d={outline.curve(curveStepAfter)(closed) ?? ""}
              fill="none"
              stroke={`var(${colour})`}
              stroke-width="2"
              stroke-dasharray={dash}
            />
          </g>
        );
      })}
      <line class="axis" x1={left} x2={right} y1={bottom} y2={bottom} />
      {ticks.map((tick) => (
        <g key={tick} transform={`translate(${x(tick)} ${bottom})`}>
          <line class="axis" y2={5} />
          <text class="tick" y={19} text-anchor="middle">
            {show(tick)}
          </text>
        </g>
      ))}
      <text class="tick" x={(left + right) / 2} y={height - 6} text-anchor="middle">
        {axis}
      </text>
    </g>
  );
}
