/**
 * Plots of a page about decisions as SVG that takes its colours from the page, so that they are right on light and dark. Sets differ in
 * colour and in dash; no plot holds a fact that the text around it does not.
 */
import { roundRange, showTick } from "../charts/chart-style.ts";
import { escapeXml } from "../documents/text.ts";
import { type BinnedSet, type DecisionBins, overflowShare, placeOf } from "./decision-bins.ts";
import { showCount, showScore } from "./decision-words.ts";

/** Sizes of the histogram in units of its view. */
export const histogramFrame = { width: 720, height: 250, left: 8, right: 712, top: 26, bottom: 206 } as const;

/** Sets beyond so many share colours and dashes. */
export const distinctSets = 8;

/** The class of a set's lines. */
export function lineClass(index: number): string {
  return `set set-${index % distinctSets}`;
}

/** A number short enough for a path. */
const short = (value: number): string => String(Math.round(value * 100) / 100);

/** The histogram with its threshold, a slider. Shares of each set, so that sets of different sizes compare. */
export function decisionHistogram(bins: DecisionBins, describe: (stop: number) => string, axis: string): string {
  const { width, height, left, right, top, bottom } = histogramFrame;
  const x = (place: number): number => left + place * (right - left);
  const highest = Math.max(
    1e-9,
    ...bins.sets.flatMap(({ counts, below, above, count }) =>
      [...counts, below, above].map((value) => value / count || 0),
    ),
  );
  const y = (share: number): number => bottom - (share / highest) * (bottom - top);
  const outlines = bins.sets.map(
    (set, index) => `<path class="${lineClass(index)}" d="${outlineOf(set, bins.edges, x, y)}"/>`,
  );
  const { min, max, interval } = roundRange(bins.edges[0]!, bins.edges.at(-1)!, 5);
  const ticks: string[] = [];
  for (let step = 0; min + step * interval <= max + interval / 2; step++) {
    const value = min + step * interval;
    const place = placeOf(value, bins.edges);
    if (value < bins.edges[0]! || value > bins.edges.at(-1)! || place > 0.97) continue;
    ticks.push(
      `<path class="tick" d="M${short(x(place))} ${bottom}v5"/><text x="${short(x(place))}" y="${bottom + 22}" text-anchor="middle">${escapeXml(showTick(value))}</text>`,
    );
  }
  const stop = bins.stops[bins.initial]!;
  const at = short(x(stop.place));
  return `<svg id="histogram" viewBox="0 0 ${width} ${height}" role="group" aria-label="Histogram of ${escapeXml(axis)} with a threshold to move">
<rect id="marked-area" x="${at}" y="${top}" width="${short(right - x(stop.place))}" height="${bottom - top}"/>
${outlines.join("\n")}
<path class="axis" d="M${left} ${bottom}H${right}"/>
${ticks.join("\n")}
<text class="axis-name" x="${(left + right) / 2}" y="${height - 4}" text-anchor="middle">${escapeXml(axis)}</text>
<g id="threshold" role="slider" tabindex="0" aria-label="Threshold" aria-orientation="horizontal" aria-valuemin="0" aria-valuemax="${bins.stops.length - 1}" aria-valuenow="${bins.initial}" aria-valuetext="${escapeXml(describe(bins.initial))}" transform="translate(${at} 0)">
<rect class="grip" x="-16" y="0" width="32" height="${bottom}"/><path d="M0 ${top - 8}V${bottom}"/><circle cy="${top - 14}" r="10"/><path class="arrows" d="M-3 ${top - 18}l-4 4 4 4M3 ${top - 18}l4 4-4 4"/>
</g>
</svg>`;
}

/** The outline of a set's bins, with a bar of its own at each side for what lies beyond. */
function outlineOf(
  { counts, below, above, count }: BinnedSet,
  edges: readonly number[],
  x: (place: number) => number,
  y: (share: number) => number,
): string {
  const share = (value: number): string => short(y(count === 0 ? 0 : value / count));
  const steps = counts.map((value, bin) => `V${share(value)}H${short(x(placeOf(edges[bin + 1]!, edges)))}`);
  const side = (from: number, to: number, value: number): string =>
    value === 0 ? "" : `M${short(x(from))} ${short(y(0))}V${share(value)}H${short(x(to))}V${short(y(0))}`;
  const gap = overflowShare / 4;
  return [
    `M${short(x(overflowShare))} ${short(y(0))}${steps.join("")}V${short(y(0))}`,
    side(gap, overflowShare - gap, below),
    side(1 - overflowShare + gap, 1 - gap, above),
  ].join("");
}

/** What lies beyond the bins, in words; undefined where nothing does. */
export function describeOverflow({ sets, edges }: DecisionBins): string | undefined {
  const parts = sets.flatMap(({ name, below, above }) => [
    ...(below > 0 ? [`${showCount(below)} of ${name} below ${showScore(edges[0])}`] : []),
    ...(above > 0 ? [`${showCount(above)} of ${name} above ${showScore(edges.at(-1))}`] : []),
  ]);
  return parts.length === 0 ? undefined : `The bars at the sides hold what lies far out: ${parts.join(", ")}.`;
}

/** A histogram that nothing can be done with: one scale of a model. */
export function plainHistogram(sets: readonly BinnedSet[], edges: readonly number[], label: string): string {
  const [width, height, bottom, top] = [360, 120, 96, 6];
  const x = (place: number): number => place * width;
  const highest = Math.max(
    1e-9,
    ...sets.flatMap(({ counts, below, above, count }) => [...counts, below, above].map((v) => v / count || 0)),
  );
  const y = (share: number): number => bottom - (share / highest) * (bottom - top);
  const outlines = sets.map((set, index) => `<path class="${lineClass(index)}" d="${outlineOf(set, edges, x, y)}"/>`);
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(label)}">${outlines.join("")}<path class="axis" d="M0 ${bottom}H${width}"/><text x="2" y="${height - 6}">${escapeXml(showScore(edges[0]))}</text><text x="${width - 2}" y="${height - 6}" text-anchor="end">${escapeXml(showScore(edges.at(-1)))}</text></svg>`;
}

/** A curve in the unit square. */
export interface UnitCurve {
  /** Index of the set that it belongs to. */
  readonly set: number;
  readonly points: readonly (readonly [number, number])[];
}

/** Sizes of a curve plot in units of its view. */
export const curveFrame = { size: 340, left: 44, right: 330, top: 10, bottom: 296 } as const;

/** Curves over [0, 1] x [0, 1], with a dot for each that the page moves. */
export function curvePlot(
  curves: readonly UnitCurve[],
  names: { id: string; label: string; x: string; y: string },
): string {
  const { size, left, right, top, bottom } = curveFrame;
  const x = (value: number): string => short(left + value * (right - left));
  const y = (value: number): string => short(bottom - value * (bottom - top));
  const lines = curves.map(
    ({ set, points }) =>
      `<path class="${lineClass(set)} curve" d="M${points.map(([a, b]) => `${x(a)} ${y(b)}`).join("L")}"/>`,
  );
  const dots = curves.map(
    ({ set }) => `<circle class="${lineClass(set)} dot" id="${names.id}-${set}" r="6" cx="${left}" cy="${bottom}"/>`,
  );
  const marks = [0, 0.5, 1].map(
    (value) =>
      `<text x="${x(value)}" y="${bottom + 18}" text-anchor="${value === 1 ? "end" : "middle"}">${value}</text><text x="${left - 6}" y="${y(value - 0.015)}" text-anchor="end">${value}</text>`,
  );
  return `<svg viewBox="0 0 ${size} ${size}" role="img" aria-label="${escapeXml(names.label)}"><path class="axis" d="M${left} ${top}H${right}V${bottom}H${left}Z"/>${marks.join("")}${lines.join("")}${dots.join("")}<text class="axis-name" x="${(left + right) / 2}" y="${size - 8}" text-anchor="middle">${escapeXml(names.x)}</text><text class="axis-name" transform="translate(14 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(names.y)}</text></svg>`;
}

/** Bars of counts that should be equal, with the band in which 19 of 20 lie if they are. */
export function uniformPlot(counts: readonly number[], band: { low: number; high: number }, label: string): string {
  const [width, height, left, right, top, bottom] = [720, 180, 8, 712, 8, 150];
  const highest = Math.max(1, band.high, ...counts) * 1.05;
  const y = (value: number): number => bottom - (value / highest) * (bottom - top);
  const step = (right - left) / counts.length;
  const bars = counts.map(
    (count, index) =>
      `<rect class="bar${count < band.low || count > band.high ? " off" : ""}" x="${short(left + index * step + 1)}" y="${short(y(count))}" width="${short(step - 2)}" height="${short(bottom - y(count))}"/>`,
  );
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(label)}"><rect class="band" x="${left}" y="${short(y(band.high))}" width="${right - left}" height="${short(y(band.low) - y(band.high))}"/>${bars.join("")}<path class="axis" d="M${left} ${bottom}H${right}"/>${[0, 0.5, 1].map((value) => `<text x="${short(left + value * (right - left))}" y="${height - 8}" text-anchor="${value === 0 ? "start" : value === 1 ? "end" : "middle"}">${value}</text>`).join("")}</svg>`;
}
