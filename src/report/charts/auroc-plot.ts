/** AUROC of several scores on several sets: one row for each score, one mark for each set, with intervals and the line of chance. */

import { shortenMiddle } from "../documents/text.ts";
import { type Chart, renderChart } from "./chart.ts";
import {
  chartWidth,
  frameOf,
  ink,
  itemStyleOf,
  margin,
  markOf,
  noteSize,
  ruleColour,
  textWidth,
  valueAxis,
} from "./chart-style.ts";
import type { ShownAuroc } from "./score-histograms.ts";

/** One score's row. */
export interface AurocRow {
  readonly name: string;
  /** By the set's name; a set may be missing. */
  readonly aurocs: Readonly<Record<string, ShownAuroc | undefined>>;
}

/** What an AUROC plot shows. */
export interface AurocPlot {
  readonly title: string;
  /** Sets in the order of the legend. */
  readonly sets: readonly string[];
  readonly rows: readonly AurocRow[];
  /** Sentences below the plot. */
  readonly notes?: readonly string[];
}

const longestName = 34;
const setHeight = 13;

/** The plot. */
export async function aurocPlot({ title, sets, rows, notes = [] }: AurocPlot): Promise<Chart> {
  const labels = rows.map(({ name }) => shortenMiddle(name, longestName));
  const left = margin + Math.max(40, ...labels.map((label) => textWidth(label, noteSize))) + 10;
  const rowHeight = Math.max(26, setHeight * sets.length + 14);
  const frame = frameOf({
    title,
    width: chartWidth,
    legend: sets.map((name) => ({ name })),
    marks: "symbols",
    notes: [
      "AUROC: the chance that an image of the set scores higher than a normal one. Dashed line at 0.5: guessing; left of it, the score points the wrong way. Bars: 95 % interval.",
      ...notes,
    ],
  });
  const plotHeight = rowHeight * rows.length;
  const height = frame.top + plotHeight + 58 + frame.bottom;
  /** Where a set's mark stands on the hidden axis, on which row r reaches from r to r + 1. */
  const place = (row: number, set: number): number =>
    row + 0.5 + ((set - (sets.length - 1) / 2) * setHeight) / rowHeight;
  const shared = { yAxisIndex: 1, silent: true };
  const option = {
    ...frame.components,
    grid: { left, right: 30, top: frame.top, height: plotHeight },
    xAxis: valueAxis("AUROC", { min: 0, max: 1, interval: 0.1 }, 32),
    yAxis: [
      {
        type: "category",
        inverse: true,
        data: labels.map((_, index) => String(index)),
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: {
          color: ink,
          fontSize: noteSize,
          interval: 0,
          formatter: (index: string) => labels[Number(index)]!,
        },
        splitLine: { show: true, interval: 0, lineStyle: { color: ruleColour } },
      },
      { type: "value", inverse: true, min: 0, max: rows.length, show: false },
    ],
    series: [
      {
        ...shared,
        type: "line",
        symbol: "none",
        lineStyle: { color: "#333", width: 1.2, type: [5, 4] },
        data: [
          [0.5, 0],
          [0.5, rows.length],
        ],
      },
      ...sets.flatMap((set, index) => {
        const mark = markOf(index);
        const points = rows.flatMap(({ aurocs }, row) =>
          aurocs[set] ? [{ ...aurocs[set], y: place(row, index) }] : [],
        );
        return [
          {
            ...shared,
            type: "line",
            symbol: "none",
            lineStyle: { color: mark.colour, width: 1.5 },
            data: points.flatMap(({ low, high, y }) => [
              [low, y],
              [high, y],
              [null, null],
            ]),
          },
          {
            ...shared,
            type: "scatter",
            name: set,
            symbol: mark.symbol,
            symbolSize: 8,
            itemStyle: itemStyleOf(mark),
            data: points.map(({ value, y }) => [value, y]),
          },
        ];
      }),
    ],
  };
  return renderChart(option, { width: chartWidth, height });
}
