/** How charts look: marks that differ in shape and dash as well as in colour, titles, notes, and axes with round numbers. */
import { displayWidth, shortenMiddle, wrapText } from "../documents/text.ts";

/** How one data set is drawn. */
export interface Mark {
  /** A symbol of ECharts. */
  readonly symbol: string;
  readonly filled: boolean;
  /** Dark enough on white, and of another lightness than its neighbours in the list. */
  readonly colour: string;
  /** `solid`, or the lengths of dashes and gaps in pixels. */
  readonly dash: "solid" | readonly number[];
}

const cross = "path://M0,0L10,10M10,0L0,10";
const plus = "path://M5,0L5,10M0,5L10,5";

const allMarks: readonly Mark[] = [
  { symbol: "circle", filled: false, colour: "#000000", dash: "solid" },
  { symbol: cross, filled: false, colour: "#c04a00", dash: [7, 3] },
  { symbol: "triangle", filled: false, colour: "#0072b2", dash: [2, 2] },
  { symbol: "rect", filled: false, colour: "#707070", dash: [10, 3, 2, 3] },
  { symbol: plus, filled: false, colour: "#8b3a8b", dash: [14, 4] },
  { symbol: "diamond", filled: true, colour: "#009e73", dash: [5, 2, 2, 2, 2, 2] },
  { symbol: "circle", filled: true, colour: "#404040", dash: [1, 3] },
  { symbol: "triangle", filled: true, colour: "#b08000", dash: [12, 3, 4, 3] },
];

/** The mark of the data set with an index; they repeat after eight. */
export function markOf(index: number): Mark {
  return allMarks[index % allMarks.length]!;
}

/** The fill and border of a mark. */
export function itemStyleOf({ filled, colour }: Mark): Readonly<Record<string, unknown>> {
  return { color: filled ? colour : "rgba(255,255,255,0)", borderColor: colour, borderWidth: filled ? 0 : 1.2 };
}

export const ink = "#111";
const faintInk = "#555";
export const ruleColour = "#ddd";

/** Width of most charts in pixels: a page's text. */
export const chartWidth = 760;
export const margin = 16;

const titleSize = 16;
const titleLine = 21;
export const noteSize = 12;
export const noteLine = 16;
const legendLine = 18;
/** Room that the legend keeps around itself. */
const legendPadding = 5;

/** Widths of a letter as shares of its size, in DejaVu Sans, the widest of the usual fonts: of single words, sentences and bold ones. */
const letter = { word: 0.62, sentence: 0.54, bold: 0.63 } as const;

/** Pixels of a short text, on the wide side. */
export function textWidth(text: string, size: number): number {
  return displayWidth(text) * size * letter.word;
}

/** Letters of a size that fit a width. */
export function lettersIn(width: number, size: number, kind: keyof typeof letter): number {
  return Math.max(8, Math.floor(width / (size * letter[kind])));
}

/** What stands around a plot, and how much room it takes. */
export interface ChartFrame {
  readonly components: {
    readonly title: readonly Readonly<Record<string, unknown>>[];
    readonly legend?: Readonly<Record<string, unknown>>;
  };
  /** Pixels above the plot. */
  readonly top: number;
  /** Pixels of the notes at the bottom, below the axis. */
  readonly bottom: number;
}

/** A line of the legend: a series by its name, and what is said of it after the name. */
export interface LegendEntry {
  readonly name: string;
  readonly detail?: string;
}

interface FrameRequest {
  readonly title: string;
  readonly legend?: readonly LegendEntry[];
  /** Whether the legend shows lines or symbols. */
  readonly marks: "lines" | "symbols";
  /** Sentences below the plot. */
  readonly notes?: readonly string[];
  readonly width: number;
}

/** Title and legend above the plot, notes below it. */
export function frameOf({ title, legend = [], marks, notes = [], width }: FrameRequest): ChartFrame {
  const room = width - 2 * margin;
  const titleLines = wrapText(title, lettersIn(room, titleSize, "bold"));
  const noteLines = notes.flatMap((note) => wrapText(note, lettersIn(room, noteSize, "sentence")));
  const legendTop = margin + titleLines.length * titleLine;
  const legendHeight = legend.length > 0 ? legend.length * legendLine + 2 * legendPadding : 6;
  const iconWidth = marks === "lines" ? 40 : 12;
  const columns = lettersIn(room - iconWidth - 10, noteSize, "sentence");
  const details = new Map(legend.map(({ name, detail = "" }) => [name, detail]));
  const describe = (name: string): string => {
    const detail = details.get(name) ?? "";
    return shortenMiddle(name, Math.max(8, columns - displayWidth(detail))) + detail;
  };
  return {
    components: {
      title: [
        textBlock(
          { text: titleLines.join("\n"), left: margin, top: margin },
          { size: titleSize, line: titleLine },
          true,
        ),
        ...(noteLines.length > 0
          ? [
              textBlock(
                { text: noteLines.join("\n"), left: margin, bottom: margin / 2 },
                { size: noteSize, line: noteLine },
              ),
            ]
          : []),
      ],
      ...(legend.length > 0
        ? {
            legend: {
              orient: "vertical",
              left: margin - legendPadding,
              top: legendTop,
              padding: legendPadding,
              itemGap: legendLine - noteLine,
              itemWidth: iconWidth,
              itemHeight: 12,
              // The symbol on a line; histograms have none.
              ...(marks === "lines" ? { itemStyle: { opacity: 0 } } : {}),
              selectedMode: false,
              textStyle: { color: ink, fontSize: noteSize, lineHeight: noteLine },
              formatter: describe,
              data: legend.map(({ name }) => name),
            },
          }
        : {}),
    },
    top: legendTop + legendHeight + 8,
    bottom: noteLines.length * noteLine + margin,
  };
}

/** A block of text at a place. */
export function textBlock(
  place: { readonly text: string; readonly left?: number; readonly top?: number; readonly bottom?: number },
  { size, line }: { readonly size: number; readonly line: number },
  bold = false,
): Readonly<Record<string, unknown>> {
  return {
    ...place,
    padding: 0,
    textStyle: { color: ink, fontSize: size, lineHeight: line, fontWeight: bold ? "bold" : "normal" },
  };
}

/** Ends and tick distance of an axis, all round numbers. */
export interface AxisRange {
  readonly min: number;
  readonly max: number;
  readonly interval: number;
}

/** A narrower interval, relative to its ends, is rounding and cannot be divided. */
const leastRelativeWidth = 1e-9;

/** The smallest range with ticks at 1, 2 or 5 times a power of ten that holds an interval. An empty interval is widened. */
export function roundRange(low: number, high: number, ticks = 6): AxisRange {
  const widen =
    high - low > leastRelativeWidth * Math.max(Math.abs(low), Math.abs(high)) ? 0 : Math.max(Math.abs(low) * 0.01, 0.5);
  const [from, to] = [low - widen, high + widen];
  const rough = (to - from) / ticks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const interval = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough * 0.999)!;
  return {
    min: roundTo(Math.floor(from / interval) * interval),
    max: roundTo(Math.ceil(to / interval) * interval),
    interval,
  };
}

/** Without the last digits, in which 0.1 + 0.2 differs from 0.3. */
function roundTo(value: number): number {
  return Number(value.toPrecision(12));
}

/** A number on an axis: no longer than it must be. */
export function showTick(value: number): string {
  const text = String(roundTo(value));
  return text.includes("e") ? text : text.replace(/\B(?=(\d{3})+$)/g, text.includes(".") ? "" : "\u2009");
}

/** A value axis with a name along it. */
export function valueAxis(name: string, range: Partial<AxisRange>, nameGap: number): Readonly<Record<string, unknown>> {
  return {
    type: "value",
    ...range,
    name,
    nameLocation: "middle",
    nameGap,
    nameTextStyle: { color: ink, fontSize: noteSize },
    axisLine: { show: true, onZero: false, lineStyle: { color: faintInk } },
    axisTick: { show: true },
    axisLabel: { color: ink, fontSize: 11, formatter: showTick, hideOverlap: true },
    splitLine: { lineStyle: { color: ruleColour } },
  };
}
