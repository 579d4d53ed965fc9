/** The likelihoods of two models against each other, image by image: how alike two models see data. */
import { internalError, permutation, randomKey } from "../../base/index.ts";
import { spearmanCorrelation } from "../../score/index.ts";
import { type Chart, renderChart } from "./chart.ts";
import { type AxisRange, chartWidth, frameOf, itemStyleOf, markOf, roundRange, valueAxis } from "./chart-style.ts";
import { robustRange } from "./distribution.ts";

/** The values of both models for the images of one set, in the same order. */
export interface ScatterSet {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** What a scatter plot shows. */
export interface LikelihoodScatter {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly sets: readonly ScatterSet[];
  /** Points drawn of each set, 1000 where absent; the correlations rest on all. */
  readonly mostPoints?: number;
  /** Whether equal values mean something, so that a line marks them; true where absent. */
  readonly equalLine?: boolean;
}

/** Spearman's rank correlation over the images on which both models are finite; undefined where one is constant or there are too few. */
export interface RankCorrelation {
  readonly value: number | undefined;
  readonly count: number;
  /** Images left out because a value was not finite. */
  readonly nonFinite: number;
}

type Point = readonly [number, number];

const plotSide = 430;
/** The share of each set's values beyond either end of an axis. */
const tail = 0.005;

/** The rank correlation of paired values; pairs that are not finite are left out. Throws an internal error for unequal lengths. */
export function rankCorrelation(x: ArrayLike<number>, y: ArrayLike<number>): RankCorrelation {
  const points = finitePoints(x, y);
  const value = spearmanCorrelation(
    points.map(([first]) => first),
    points.map(([, second]) => second),
  );
  return { value, count: points.length, nonFinite: x.length - points.length };
}

function finitePoints(x: ArrayLike<number>, y: ArrayLike<number>): Point[] {
  if (x.length !== y.length) throw internalError(`a scatter plot of ${x.length} and ${y.length} values`);
  return Array.from({ length: x.length }, (_, index): Point => [x[index]!, y[index]!]).filter(
    ([first, second]) => Number.isFinite(first) && Number.isFinite(second),
  );
}

/**
 * A scatter plot with one mark for each set and rank correlations in the legend, per set and over all images.
 * Throws an internal error where a set's sides differ in length.
 */
export async function likelihoodScatter(scatter: LikelihoodScatter): Promise<Chart> {
  const { title, xLabel, yLabel, mostPoints = 1000, equalLine = true } = scatter;
  const sets = scatter.sets.map(({ name, x, y }) => ({
    name,
    points: finitePoints(x, y),
    correlation: rankCorrelation(x, y),
  }));
  const all = sets.flatMap(({ points }) => points);
  const side = (which: 0 | 1): AxisRange => {
    const { low, high } = robustRange(
      sets.map(({ points }) => points.map((point) => point[which])),
      tail,
    );
    return roundRange(low, high);
  };
  const [xRange, yRange] = [side(0), side(1)];
  const shown = (points: readonly Point[]) => points.filter(([x, y]) => within(x, xRange) && within(y, yRange));
  const drawn = sets.map(({ name, points }) => thin(shown(points), mostPoints, name));
  const outside = all.length - shown(all).length;
  const nonFinite = sets.reduce((sum, { correlation }) => sum + correlation.nonFinite, 0);
  const thinned = shown(all).length > drawn.reduce((sum, points) => sum + points.length, 0);
  const overall = rankCorrelation(
    all.map(([x]) => x),
    all.map(([, y]) => y),
  );
  const diagonal = equalLine ? diagonalOf(xRange, yRange) : [];
  const frame = frameOf({
    title,
    width: chartWidth,
    legend: sets.map(({ name, correlation }) => ({ name, detail: `: ${describe(correlation)}` })),
    marks: "symbols",
    notes: [
      ...(sets.length > 1 ? [`All sets together: ${describe(overall)}.`] : []),
      "Rank correlation (Spearman): 1 = both models order the images alike, 0 = their orders have nothing in common.",
      ...(diagonal.length > 0 ? ["Dashed line: both models give the same value."] : []),
      ...(thinned ? [`At most ${mostPoints} images of a set are drawn; the correlations rest on all.`] : []),
      ...(outside > 0 ? [`Not drawn, outside the axes: ${outside} of ${showImages(all.length)}.`] : []),
      ...(nonFinite > 0 ? [`Left out, for want of a finite value: ${showImages(nonFinite)}.`] : []),
    ],
  });
  const [left, right, axisRoom] = [90, 30, 58];
  const height = frame.top + plotSide + axisRoom + frame.bottom;
  const option = {
    ...frame.components,
    grid: { left, right, top: frame.top, height: plotSide },
    xAxis: valueAxis(xLabel, xRange, 32),
    yAxis: valueAxis(yLabel, yRange, 66),
    series: [
      ...sets.map(({ name }, index) => ({
        type: "scatter",
        name,
        symbol: markOf(index).symbol,
        symbolSize: 5.5,
        silent: true,
        itemStyle: { ...itemStyleOf(markOf(index)), opacity: 0.65 },
        data: drawn[index],
      })),
      {
        type: "line",
        symbol: "none",
        silent: true,
        z: 1,
        lineStyle: { color: "#777", width: 1, type: [5, 4] },
        data: diagonal,
      },
    ],
  };
  return renderChart(option, { width: chartWidth, height });
}

function describe({ value, count }: RankCorrelation): string {
  const images = showImages(count);
  return value === undefined ? `no rank correlation (${images})` : `rank correlation ${value.toFixed(3)} (${images})`;
}

function showImages(count: number): string {
  return `${count} ${count === 1 ? "image" : "images"}`;
}

function within(value: number, { min, max }: AxisRange): boolean {
  return value >= min && value <= max;
}

/** The line of equal values, where the axes have some in common. */
function diagonalOf(x: AxisRange, y: AxisRange): Point[] {
  const [low, high] = [Math.max(x.min, y.min), Math.min(x.max, y.max)];
  return low < high
    ? [
        [low, low],
        [high, high],
      ]
    : [];
}

/** At most `most` of the points, drawn without replacement, the same for the same name. */
function thin(points: readonly Point[], most: number, name: string): readonly Point[] {
  if (points.length <= most) return points;
  const order = permutation(points.length, randomKey("likelihood scatter").fold(name).stream());
  return Array.from(order.subarray(0, most).sort(), (index) => points[index]!);
}
