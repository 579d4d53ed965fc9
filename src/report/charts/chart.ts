/** Charts by Apache ECharts, drawn to SVG text without a browser: the same option gives the same text. */
import type { EChartsCoreOption } from "echarts/core";
import { sharpLibrary } from "../../data/index.ts";
import { fontFamily } from "../documents/svg.ts";
import { pictureCompression } from "../pictures/png.ts";

/** A chart as an SVG document, with its size in pixels. */
export interface Chart {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** ECharts takes most of a second to load, which commands without charts should not pay. */
async function loadLibrary() {
  const [core, charts, components, renderers] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers"),
  ]);
  core.use([
    charts.HeatmapChart,
    charts.LineChart,
    charts.ScatterChart,
    components.GridComponent,
    components.LegendComponent,
    components.TitleComponent,
    components.VisualMapComponent,
    renderers.SVGRenderer,
  ]);
  return core;
}

/** Draws an option of ECharts. */
export async function renderChart(
  option: EChartsCoreOption,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<Chart> {
  const core = await loadLibrary();
  const chart = core.init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ animation: false, backgroundColor: "#fff", textStyle: { fontFamily }, ...withSafeNames(option) });
    return { svg: settle(chart.renderToSVGString()), width, height };
  } finally {
    chart.dispose();
  }
}

/**
 * The option with every name `__proto__` made another that looks the same: ECharts keeps names as keys of plain objects, where that one changes
 * every object of the program.
 */
function withSafeNames<Option>(option: Option): Option {
  if (option === "__proto__") return "__proto__\u200b" as Option;
  if (Array.isArray(option)) return option.map(withSafeNames) as Option;
  if (option === null || typeof option !== "object" || Object.getPrototypeOf(option) !== Object.prototype)
    return option;
  return Object.fromEntries(Object.entries(option).map(([key, value]) => [key, withSafeNames(value)])) as Option;
}

/** Leaves out what only serves a mouse, and the numbers of a global counter in ids. */
function settle(svg: string): string {
  const ids = new Map<string, string>();
  return svg
    .replace(/<style\s*>.*?<\/style>/gs, "")
    .replace(/ (class|pointer-events|ecmeta_\w+)="[^"]*"/g, "")
    .replace(/\bzr\d+-[\w-]+/g, (id) => {
      const known = ids.get(id) ?? `part-${ids.size + 1}`;
      ids.set(id, known);
      return known;
    })
    .replace(/\n+/g, "\n")
    .trim();
}

/** The PNG bytes of a chart on white. `scale` is how many pixels of the picture stand for one of the SVG. */
export async function chartPng(svg: string, scale = 2): Promise<Uint8Array> {
  return sharpLibrary()(Buffer.from(svg), { density: 72 * scale })
    .flatten({ background: "#fff" })
    .png({ compressionLevel: pictureCompression })
    .toBuffer();
}
