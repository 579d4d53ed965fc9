/** A square figure from 0 to 1 in both directions: ROC curves, or ranks under two detectors. */
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import type { ComponentChildren, JSX } from "preact";
import { lookOf } from "../components/set-looks.ts";

const size = 360;
const margin = { left: 48, right: 10, top: 10, bottom: 44 };
const x = scaleLinear()
  .domain([0, 1])
  .range([margin.left, size - margin.right]);
const y = scaleLinear()
  .domain([0, 1])
  .range([size - margin.bottom, margin.top]);

interface FrameProps {
  readonly label: string;
  readonly horizontal: string;
  readonly vertical: string;
  readonly children: ComponentChildren;
}

function Frame({ label, horizontal, vertical, children }: FrameProps): JSX.Element {
  return (
    <div class="figure square">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label}>
        {x.ticks(5).map((tick) => (
          <g key={tick}>
            <line class="grid" x1={x(tick)} x2={x(tick)} y1={y(0)} y2={y(1)} />
            <line class="grid" x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={x(tick)} y={y(0) + 18} text-anchor="middle">
              {tick}
            </text>
            <text class="tick" x={x(0) - 6} y={y(tick) + 4} text-anchor="end">
              {tick}
            </text>
          </g>
        ))}
        <line class="axis" x1={x(0)} x2={x(1)} y1={y(0)} y2={y(0)} />
        <line class="axis" x1={x(0)} x2={x(0)} y1={y(0)} y2={y(1)} />
        <line class="diagonal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
        <text class="tick" x={x(0.5)} y={size - 6} text-anchor="middle">
          {horizontal}
        </text>
        <text class="tick" transform={`translate(13 ${y(0.5)}) rotate(-90)`} text-anchor="middle">
          {vertical}
        </text>
        {children}
      </svg>
    </div>
  );
}

export interface RocPlotProps {
  readonly curves: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
}

export function RocPlot({ curves }: RocPlotProps): JSX.Element {
  const path = line<readonly [number, number]>()
    .x(([falseAlarms]) => x(falseAlarms))
    .y(([, detected]) => y(detected));
  return (
    <Frame
      label={`ROC curves of ${curves.map(({ name }) => name).join(", ")}; their areas are in the table`}
      horizontal="share of normal images marked"
      vertical="share of anomalous images marked"
    >
      {curves.map(({ name, points }, index) => (
        <path
          key={name}
          d={path(points) ?? ""}
          fill="none"
          stroke={`var(${lookOf(index).colour})`}
          stroke-width="2.5"
          stroke-dasharray={["", "8 4", "2 3", "10 3 2 3"][index]}
        />
      ))}
    </Frame>
  );
}

export interface RankPlotProps {
  readonly first: string;
  readonly second: string;
  readonly points: readonly {
    readonly x: number;
    readonly y: number;
    /** The place of its set, for its colour. */
    readonly set: number;
  }[];
}

export function RankPlot({ first, second, points }: RankPlotProps): JSX.Element {
  return (
    <Frame
      label={`Ranks of ${points.length} images under ${first} and ${second}; those that differ most are in the gallery`}
      horizontal={`rank under ${first}`}
      vertical={`rank under ${second}`}
    >
      {points.map((point, index) => (
        <circle
          key={index}
          cx={x(point.x)}
          cy={y(point.y)}
          r="2.2"
          fill={`var(${lookOf(point.set).colour})`}
          fill-opacity="0.6"
        />
      ))}
    </Frame>
  );
}
