/** Tests of the charts: what stands in the SVG, that it is the same every time, and that nothing lies outside the picture. */
import { describe, expect, test } from "vitest";
import { decodePng } from "../pictures/pixel-examples.ts";
import { aurocPlot } from "./auroc-plot.ts";
import { type Chart, chartPng } from "./chart.ts";
import { correlationMatrix } from "./correlation-matrix.ts";
import { likelihoodScatter, rankCorrelation } from "./likelihood-scatter.ts";
import { scoreHistogramPanels, scoreHistograms } from "./score-histograms.ts";

const ramp = (count: number, factor = 1): number[] => Array.from({ length: count }, (_, index) => factor * index);
const auroc = { value: 0.913, low: 0.9, high: 0.92 };
const longName = `set-${"of-images-".repeat(20)}end`;

const charts: Readonly<Record<string, () => Promise<Chart>>> = {
  scatter: () =>
    likelihoodScatter({
      title: "Scatter <&>",
      xLabel: "x (nats)",
      yLabel: "y (nats)",
      sets: [
        { name: "up", x: ramp(40), y: ramp(40, 2) },
        { name: "down", x: ramp(40), y: ramp(40, -1) },
        { name: longName, x: [1], y: [1] },
      ],
    }),
  "scatter of nothing": () =>
    likelihoodScatter({ title: "None", xLabel: "x", yLabel: "y", sets: [{ name: "none", x: [Number.NaN], y: [1] }] }),
  histogram: () =>
    scoreHistograms({
      title: "Histogram",
      xLabel: "score (nats)",
      normal: { name: "good", values: ramp(100) },
      sets: [{ name: longName, values: [...ramp(50, 3), Number.POSITIVE_INFINITY], auroc }],
    }),
  "histogram of one value": () =>
    scoreHistograms({ title: "Constant", xLabel: "score", sets: [{ name: "one", values: [7, 7, 7] }] }),
  panels: () =>
    scoreHistogramPanels({
      title: "Panels",
      xLabel: "nats",
      panels: ramp(4).map((scale) => ({
        name: `scale ${scale}`,
        normal: { name: "good", values: ramp(100) },
        sets: [{ name: "bad", values: ramp(100, scale + 1), auroc }],
      })),
    }),
  matrix: () =>
    correlationMatrix({
      title: "Matrix",
      names: ["a", longName],
      values: [
        [1, 0.25],
        [undefined, 1],
      ],
    }),
  auroc: () =>
    aurocPlot({ title: "AUROC", sets: ["bad", "odd"], rows: [{ name: "likelihood", aurocs: { bad: auroc } }] }),
};

/** The texts of a chart and where they are anchored. */
function textsOf({ svg }: Chart): { text: string; x: number; y: number }[] {
  return Array.from(
    svg.matchAll(
      /<text[^>]*?transform="(?:translate\(([-\d.]+) ([-\d.]+)\)|matrix\([^)]*?,([-\d.]+),([-\d.]+)\))"[^>]*>(.*?)<\/text>/gs,
    ),
    (match) => ({
      x: Number(match[1] ?? match[3]),
      y: Number(match[2] ?? match[4]),
      text: match[5]!,
    }),
  );
}

const saying = (chart: Chart): string =>
  textsOf(chart)
    .map(({ text }) => text)
    .join("\n");

describe.each(Object.entries(charts))("%s", (_name, draw) => {
  test("is the same text every time, whatever was drawn before", async () => {
    const first = await draw();
    await charts.matrix!();
    expect(await draw()).toEqual(first);
  });

  test("keeps its texts on the picture and holds nothing but what XML allows", async () => {
    const chart = await draw();
    const texts = textsOf(chart);
    expect(texts.length).toBeGreaterThan(3);
    for (const { text, x, y } of texts) {
      expect(x, text).toBeGreaterThanOrEqual(0);
      expect(x, text).toBeLessThanOrEqual(chart.width);
      expect(y, text).toBeGreaterThanOrEqual(0);
      expect(y, text).toBeLessThanOrEqual(chart.height);
    }
    expect(chart.svg).not.toMatch(/NaN|undefined|<style|class=|zr\d/);
    const png = await decodePng(await chartPng(chart.svg, 2));
    expect([png.width, png.height]).toEqual([2 * chart.width, 2 * chart.height]);
    expect(png.colourAt(0, 0)).toEqual([255, 255, 255]);
    expect(png.inkIn(0, 0, png.width, png.height)).toBeGreaterThan(100);
  });
});

describe("a scatter plot", () => {
  test("says the rank correlation of every set and of all", async () => {
    const text = saying(await charts.scatter!());
    expect(text).toContain("up: rank correlation 1.000 (40 images)");
    expect(text).toContain("down: rank correlation -1.000 (40 images)");
    expect(text).toMatch(/set-.*\u2026.*end: no rank correlation \(1 image\)/);
    expect(text).toMatch(/All sets together: rank correlation -?0\.\d{3} \(81 images\)/);
  });

  test("counts what it does not draw", async () => {
    const values = [...ramp(1000), 1e9, Number.NaN];
    const sets = [{ name: "far", x: values, y: values }];
    const chart = await likelihoodScatter({ title: "Far", xLabel: "x", yLabel: "y", sets, mostPoints: 50 });
    const text = saying(chart);
    expect(text).toContain("Not drawn, outside the axes: 1 of 1001 images.");
    expect(text).toContain("Left out, for want of a finite value: 1 image.");
    expect(text).toContain("At most 50 images of a set are drawn");
    expect(chart.svg.match(/<path[^>]*stroke="#000000"/g)).toHaveLength(50 + 1); // and the legend's
  });

  test("correlates without what is not finite", () => {
    expect(rankCorrelation([1, 2, 3, Number.NaN], [2, 4, 8, 1])).toEqual({ value: 1, count: 3, nonFinite: 1 });
    expect(rankCorrelation([1], [1])).toEqual({ value: undefined, count: 1, nonFinite: 0 });
    expect(() => rankCorrelation([1, 2], [1])).toThrow("internal: ");
  });
});

describe("a histogram", () => {
  test("has AUROC in the legend and counts what is infinite", async () => {
    const text = saying(await charts.histogram!());
    expect(text).toContain("good (normal): 100 images");
    expect(text).toMatch(/end: 51 images, AUROC 0\.913 \[0\.900, 0\.920\]/);
    expect(text).toContain("1 of 151 values are infinite and not drawn.");
  });

  test("has AUROC above every panel", async () => {
    const text = saying(await charts.panels!());
    for (const scale of ramp(4)) expect(text).toContain(`scale ${scale}`);
    expect(text.match(/AUROC 0\.913 bad/g)).toHaveLength(4);
  });
});

test("a correlation matrix has its numbers in its cells, a dash where there is none", async () => {
  const text = saying(await charts.matrix!());
  expect(text.split("\n").filter((line) => line === "1.00")).toHaveLength(2);
  expect(text).toContain("0.25");
  expect(text).toContain("\u2013");
  await expect(correlationMatrix({ title: "", names: ["a"], values: [] })).rejects.toThrow("internal: ");
});

test("a set may be called as a key of every object is", async () => {
  const chart = await scoreHistograms({
    title: "Names",
    xLabel: "score",
    sets: [{ name: "__proto__", values: ramp(9) }],
  });
  expect(chart.svg).toContain("__proto__");
  const inherited: string[] = [];
  for (const key in {}) inherited.push(key);
  expect(inherited).toEqual([]);
});
