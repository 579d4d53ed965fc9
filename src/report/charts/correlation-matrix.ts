/** A matrix of correlations as a heat map in greys with the numbers in its cells. */
import { internalError } from "../../base/index.ts";
import { shortenMiddle } from "../documents/text.ts";
import { type Chart, renderChart } from "./chart.ts";
import { frameOf, ink, margin, noteSize, textWidth } from "./chart-style.ts";

/** What a correlation matrix shows. */
export interface CorrelationMatrix {
  readonly title: string;
  readonly names: readonly string[];
  /** values[row][column] in [-1, 1]; undefined where there is none. */
  readonly values: readonly (readonly (number | undefined)[])[];
  /** Sentences below the matrix. */
  readonly notes?: readonly string[];
}

const cellSide = 64;
const longestName = 40;
/** Names that are longer than a cell is wide stand upright. */
const gapToNames = 10;
const leastWidth = 520;

/** The heat map: the darker, the closer to 1. Throws an internal error where names and values do not fit. */
export async function correlationMatrix({ title, names, values, notes = [] }: CorrelationMatrix): Promise<Chart> {
  if (values.length !== names.length || values.some((row) => row.length !== names.length)) {
    throw internalError(`a correlation matrix of ${names.length} names and ${values.length} rows`);
  }
  const labels = names.map((name) => shortenMiddle(name, longestName));
  const widest = Math.max(0, ...labels.map((label) => textWidth(label, noteSize)));
  const upright = widest > cellSide - 4;
  const left = margin + widest + gapToNames;
  const side = cellSide * names.length;
  const width = Math.max(leastWidth, Math.ceil(left + side + margin));
  const frame = frameOf({
    title,
    width,
    marks: "symbols",
    notes: [...notes, "The darker a cell, the closer its correlation is to 1; a dash where there is none."],
  });
  const nameRoom = gapToNames + (upright ? widest : noteSize + 6);
  const height = Math.ceil(frame.top + nameRoom + side + margin + frame.bottom);
  // Axes take the index: two names may be equal.
  const axis = (isRow: boolean) => ({
    type: "category",
    data: labels.map((_, index) => String(index)),
    inverse: isRow,
    position: isRow ? "left" : "top",
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: {
      color: ink,
      fontSize: noteSize,
      interval: 0,
      rotate: !isRow && upright ? 90 : 0,
      formatter: (index: string) => labels[Number(index)]!,
    },
  });
  const lowest = Math.min(0, ...values.flat().flatMap((value) => (value === undefined ? [] : [value])));
  const option = {
    ...frame.components,
    grid: { left, top: frame.top + nameRoom, width: side, height: side },
    xAxis: axis(false),
    yAxis: axis(true),
    visualMap: { show: false, min: lowest, max: 1, dimension: 2, inRange: { color: ["#ffffff", "#4d4d4d"] } },
    series: [
      {
        type: "heatmap",
        silent: true,
        itemStyle: { borderColor: "#888", borderWidth: 1 },
        data: values.flatMap((row, rowIndex) =>
          row.map((value, column) => ({
            value: [column, rowIndex, value ?? lowest],
            label: {
              show: true,
              formatter: value === undefined ? "\u2013" : value.toFixed(2),
              color: shade(value, lowest) > 0.55 ? "#fff" : "#000",
              fontSize: 13,
            },
          })),
        ),
      },
    ],
  };
  return renderChart(option, { width, height });
}

/** How dark a cell is, from 0 to 1. */
function shade(value: number | undefined, lowest: number): number {
  return value === undefined ? 0 : (value - lowest) / (1 - lowest);
}
