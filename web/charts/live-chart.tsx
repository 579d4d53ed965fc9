/** Curves that grow: drawn on a canvas, with the latest values in words for those who cannot see it. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";

/** One curve. */
export interface Curve {
  readonly label: string;
  /** The variable of its colour, such as `--plot-a`. */
  readonly colour: string;
  /** Marks instead of a line, for values that come now and then. */
  readonly marks?: boolean;
  readonly faint?: boolean;
}

export interface LiveChartProps {
  /** What it shows, in words. */
  readonly label: string;
  readonly horizontal: string;
  readonly vertical: string;
  readonly curves: readonly Curve[];
  /** The horizontal values, then the values of every curve; null where one has none. */
  readonly data: UPlot.AlignedData;
  readonly height?: number;
}

export function LiveChart({ label, horizontal, vertical, curves, data, height = 260 }: LiveChartProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  const latest = useRef(data);
  latest.current = data;
  // What curves there are does not change while a chart stands; which chart it is, its key says.
  const made = useRef({ horizontal, vertical, curves, height });

  useEffect(() => {
    const element = box.current!;
    const make = (): void => {
      plot.current?.destroy();
      plot.current = makePlot(element, made.current, latest.current);
    };
    make();
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: made.current.height }),
    );
    observer.observe(element);
    // A canvas does not know of variables: another scheme is another drawing.
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", make);
    return () => {
      scheme.removeEventListener("change", make);
      observer.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [data]);

  const spoken = curves.map(({ label: name }, index) => {
    const values = data[index + 1] ?? [];
    const last = Array.from(values).findLast((value) => value !== null && value !== undefined);
    return last === undefined ? `${name}: none yet` : `${name}: ${Number(last).toFixed(3)}`;
  });
  return (
    <figure class="chart">
      <div
        ref={box}
        role="img"
        aria-label={`${label}. Latest: ${spoken.join("; ")}`}
        style={{ minHeight: `${height}px` }}
      />
      <figcaption>
        {curves.map(({ label: name, colour, marks, faint }) => (
          <span class="legend" key={name}>
            <span
              class={marks ? "swatch dot" : "swatch"}
              style={{ background: `var(${colour})`, opacity: faint ? 0.5 : 1 }}
            />{" "}
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function makePlot(
  element: HTMLElement,
  {
    horizontal,
    vertical,
    curves,
    height,
  }: Pick<LiveChartProps, "horizontal" | "vertical" | "curves"> & { readonly height: number },
  data: UPlot.AlignedData,
): UPlot {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const font = `13px ${colour("--text")}`;
  const axis = (label: string): UPlot.Axis => ({
    ...{ label, labelFont: font, font, labelSize: 22, stroke: colour("--faint") },
    ticks: { stroke: colour("--rule"), width: 1 },
    grid: { stroke: colour("--grid"), width: 1 },
  });
  return new UPlot(
    {
      width: element.clientWidth,
      height,
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      scales: { x: { time: false } },
      axes: [axis(horizontal), { ...axis(vertical), size: 56 }],
      series: [
        {},
        ...curves.map(
          ({ label, colour: name, marks, faint }): UPlot.Series => ({
            label,
            stroke: colour(name),
            spanGaps: true,
            width: marks ? 0 : faint ? 1 : 2,
            ...(faint ? { alpha: 0.4 } : {}),
            points: { show: marks ?? false, size: 6, fill: colour(name) },
          }),
        ),
      ],
    },
    data,
    element,
  );
}
