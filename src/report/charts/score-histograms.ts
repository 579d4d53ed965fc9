/** Histograms of scores, normal images against other sets, as outlines of different dash: one plot, or one for each scale. */
import { histogram } from "../../score/index.ts";
import { shortenMiddle } from "../documents/text.ts";
import { type Chart, renderChart } from "./chart.ts";
import {
  type AxisRange,
  chartWidth,
  frameOf,
  lettersIn,
  type Mark,
  markOf,
  noteLine,
  noteSize,
  roundRange,
  showTick,
  textBlock,
  valueAxis,
} from "./chart-style.ts";
import { binCount, countOutside, robustRange, type ValueRange } from "./distribution.ts";

/** The area under the ROC curve of a set against the normal images, with an interval. */
export interface ShownAuroc {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The scores of one set. */
export interface HistogramSet {
  readonly name: string;
  /** Higher = more anomalous; infinities are counted, not drawn. */
  readonly values: ArrayLike<number>;
  readonly auroc?: ShownAuroc;
}

/** One plot: the scores of several sets. */
export interface HistogramPanel {
  readonly name: string;
  /** Drawn filled. */
  readonly normal?: HistogramSet;
  readonly sets: readonly HistogramSet[];
}

/** What a histogram shows. */
export interface ScoreHistograms extends Omit<HistogramPanel, "name"> {
  readonly title: string;
  readonly xLabel: string;
}

/** What histograms side by side show. */
export interface ScoreHistogramPanels {
  readonly title: string;
  readonly xLabel: string;
  readonly panels: readonly HistogramPanel[];
}

/** The share of each set's values beyond either end of the axis. */
const tail = 0.005;
const yLabel = "share of the set's images (%)";
const axisRoom = 58;

/** One histogram: one line for each set, with its AUROC in the legend. */
export async function scoreHistograms({ title, xLabel, normal, sets }: ScoreHistograms): Promise<Chart> {
  const panel = layOut({ name: title, ...(normal ? { normal } : {}), sets }, { ticks: 8, mostBins: 100 });
  const frame = frameOf({
    title,
    width: chartWidth,
    legend: panel.sets.map((set, index) => ({
      name: set.name,
      detail: describeSet(set, panel.hasNormal && index === 0),
    })),
    marks: "lines",
    notes: notesOf([panel]),
  });
  const plotHeight = 300;
  const height = frame.top + plotHeight + axisRoom + frame.bottom;
  const option = {
    ...frame.components,
    grid: { left: 70, right: 30, top: frame.top, height: plotHeight },
    xAxis: valueAxis(xLabel, panel.range, 32),
    yAxis: { ...valueAxis(yLabel, {}, 44), min: 0 },
    series: seriesOf(panel, 0, (name) => markOf(panel.sets.findIndex((set) => set.name === name))),
  };
  return renderChart(option, { width: chartWidth, height });
}

/** Histograms side by side, one in each panel, such as one for each scale. Sets of one name share their line. */
export async function scoreHistogramPanels({ title, xLabel, panels }: ScoreHistogramPanels): Promise<Chart> {
  const plots = panels.map((panel) => layOut(panel, { ticks: 4, mostBins: 50 }));
  const names = [...new Set(plots.flatMap(({ sets }) => sets.map(({ name }) => name)))];
  const frame = frameOf({
    title,
    width: chartWidth,
    legend: names.map((name) => ({ name })),
    marks: "lines",
    notes: notesOf(plots),
  });
  const columns = Math.min(3, panels.length);
  const [left, gap, right] = [62, 44, 24];
  const plotWidth = Math.floor((chartWidth - left - right - gap * (columns - 1)) / columns);
  const headings = plots.map((plot) => headingOf(plot, plotWidth));
  const headingHeight = Math.max(...headings.map((lines) => lines.length)) * noteLine + 6;
  const plotHeight = 190;
  const rowHeight = headingHeight + plotHeight + axisRoom;
  const place = (index: number) => ({
    left: left + (index % columns) * (plotWidth + gap),
    top: frame.top + Math.floor(index / columns) * rowHeight,
  });
  const rows = Math.ceil(panels.length / columns);
  const height = frame.top + rows * rowHeight + frame.bottom;
  const option = {
    ...frame.components,
    title: [
      ...frame.components.title,
      ...headings.flatMap(([first, ...rest], index) => {
        const { left: x, top } = place(index);
        return [
          textBlock({ text: first!, left: x, top }, { size: noteSize, line: noteLine }, true),
          ...(rest.length > 0
            ? [textBlock({ text: rest.join("\n"), left: x, top: top + noteLine }, { size: 11, line: noteLine })]
            : []),
        ];
      }),
    ],
    grid: plots.map((_, index) => ({
      left: place(index).left,
      top: place(index).top + headingHeight,
      width: plotWidth,
      height: plotHeight,
    })),
    xAxis: plots.map(({ range }, index) => ({ ...valueAxis(xLabel, range, 32), gridIndex: index })),
    yAxis: plots.map((_, index) => ({
      ...valueAxis(index % columns === 0 ? yLabel : "", {}, 38),
      gridIndex: index,
      min: 0,
    })),
    series: plots.flatMap((plot, index) => seriesOf(plot, index, (name) => markOf(names.indexOf(name)))),
  };
  return renderChart(option, { width: chartWidth, height });
}

/** How finely a plot is divided, at most. */
interface Resolution {
  readonly ticks: number;
  readonly mostBins: number;
}

interface Plot {
  readonly name: string;
  /** The normal set first, where there is one. */
  readonly sets: readonly HistogramSet[];
  readonly hasNormal: boolean;
  readonly range: AxisRange;
  readonly bins: number;
}

function layOut({ name, normal, sets: others }: HistogramPanel, { ticks, mostBins }: Resolution): Plot {
  const sets = normal ? [normal, ...others] : others;
  const values = sets.map((set) => set.values);
  const { low, high } = robustRange(values, tail);
  const range = roundRange(low, high, ticks);
  return { name, sets, hasNormal: normal !== undefined, range, bins: binCount(intervalOf(range), values, mostBins) };
}

function intervalOf({ min, max }: AxisRange): ValueRange {
  return { low: min, high: max };
}

/** The outline of every set. */
function seriesOf({ sets, range, bins, hasNormal }: Plot, index: number, mark: (name: string) => Mark) {
  return sets.map(({ name, values }, position) => {
    const { colour, dash } = mark(name);
    return {
      type: "line",
      name,
      xAxisIndex: index,
      yAxisIndex: index,
      symbol: "none",
      silent: true,
      lineStyle: { color: colour, width: 1.8, type: dash, cap: "butt" },
      itemStyle: { color: colour },
      ...(hasNormal && position === 0 ? { areaStyle: { color: "#000", opacity: 0.12 } } : {}),
      data: outline(values, range, bins),
    };
  });
}

/** Steps up and down the counts, as percentages of all values, from the first bin that holds any to the last. */
function outline(values: ArrayLike<number>, range: AxisRange, bins: number): [number, number][] {
  const edge = (bin: number): number => range.min + ((range.max - range.min) * bin) / bins;
  const { counts } = histogram(
    values,
    Array.from({ length: bins + 1 }, (_, bin) => edge(bin)),
  );
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return [];
  const last = counts.findLastIndex((count) => count > 0);
  const steps = counts.slice(first, last + 1).flatMap((count, index): [number, number][] => {
    const share = (100 * count) / values.length;
    return [
      [edge(first + index), share],
      [edge(first + index + 1), share],
    ];
  });
  return [[edge(first), 0], ...steps, [edge(last + 1), 0]];
}

function describeSet({ name, values, auroc }: HistogramSet, isNormal: boolean): string {
  const count = `${values.length} ${values.length === 1 ? "image" : "images"}`;
  if (auroc === undefined) return `${isNormal && name !== "normal" ? " (normal)" : ""}: ${count}`;
  const [value, low, high] = [auroc.value, auroc.low, auroc.high].map((share) => share.toFixed(3));
  return `: ${count}, AUROC ${value} [${low}, ${high}]`;
}

/** The panel's name, then the AUROC of every set. */
function headingOf({ name, sets }: Plot, width: number): string[] {
  const columns = lettersIn(width, 11, "sentence");
  const measured = sets.flatMap(({ name: set, auroc }) => (auroc ? [`AUROC ${auroc.value.toFixed(3)} ${set}`] : []));
  return [
    shortenMiddle(name, lettersIn(width, noteSize, "bold")),
    ...measured.map((line) => shortenMiddle(line, columns)),
  ];
}

function notesOf(plots: readonly Plot[]): string[] {
  let total = 0;
  let outside = 0;
  let infinite = 0;
  for (const { sets, range } of plots) {
    for (const { values } of sets) {
      const counts = countOutside(values, intervalOf(range));
      total += values.length;
      outside += counts.outside;
      infinite += counts.infinite;
    }
  }
  const measured = plots.some(({ sets }) => sets.some(({ auroc }) => auroc));
  return [
    "Further to the right = more anomalous.",
    ...(measured
      ? ["AUROC: the chance that an image of the set scores higher than a normal one; 0.5 is guessing, 1 is perfect."]
      : []),
    ...(outside > 0
      ? [`${outside} of ${total} values lie beyond ${plots.length > 1 ? "the axes" : endsOf(plots[0]!)}.`]
      : []),
    ...(infinite > 0 ? [`${infinite} of ${total} values are infinite and not drawn.`] : []),
  ];
}

function endsOf({ range }: Plot): string {
  return `the axis (${showTick(range.min)} to ${showTick(range.max)})`;
}
