/**
 * A page about decisions: one HTML file that needs nothing else and may be opened from disk. A summary in plain words, a histogram with a
 * threshold to move, trade-off curves, a check of the calibration, galleries, what was read, the settings.
 *
 * The page holds counts, not scores. Its policy allows the one script it brings, by hash, and no connection to anywhere.
 */
import { createHash } from "node:crypto";
import { histogramEdges, operations, thinOperations } from "../../score/index.ts";
import { type ReportTable, renderTable, tableOf } from "../documents/html-report.ts";
import { escapeXml } from "../documents/text.ts";
import { checkCalibration } from "./calibration-check.ts";
import { binDecisions, binSet, type DecisionBins, type DecisionReference, type DecisionSet } from "./decision-bins.ts";
import { type Gallery, renderGalleries } from "./decision-gallery.ts";
import {
  curveFrame,
  curvePlot,
  decisionHistogram,
  describeOverflow,
  distinctSets,
  histogramFrame,
  lineClass,
  plainHistogram,
  type UnitCurve,
} from "./decision-plots.ts";
import { type DecisionScriptData, decisionScript } from "./decision-script.ts";
import { decisionStyle } from "./decision-style.ts";
import { announceStop, describeStop, showCount, showScore, showShare } from "./decision-words.ts";

/** What was read from one place, and what was not. */
export interface ReportInput {
  readonly name: string;
  readonly read: number;
  /** How many images were skipped or ignored, by reason. */
  readonly skipped: readonly { readonly reason: string; readonly count: number }[];
}

/** Numbers of one scale, by set: as many lists as there are sets. */
export interface ReportScale {
  readonly name: string;
  readonly values: readonly ArrayLike<number>[];
}

/** What the page says: plain data. */
export interface DecisionReport {
  readonly title: string;
  readonly score: { readonly name: string; readonly unit: string; readonly description?: string };
  /** How it was decided, in words, such as `At most 1 % of normal images are marked, on average.` */
  readonly rule: string;
  /** Images with a higher score are marked; undefined marks none. */
  readonly threshold: number | undefined;
  readonly sets: readonly DecisionSet[];
  /** The references of the calibration. Without them no false alarms are foretold and nothing is checked. */
  readonly reference?: DecisionReference;
  /** Further sentences of the summary, such as which expert spoke. */
  readonly remarks?: readonly string[];
  /** Tables such as metrics with their intervals. */
  readonly tables?: readonly ReportTable[];
  readonly scales?: readonly ReportScale[];
  readonly galleries?: readonly Gallery[];
  readonly inputs?: readonly ReportInput[];
  readonly settings?: readonly (readonly [string, string])[];
  readonly commands?: readonly string[];
  /** A last line, such as the program's version. */
  readonly footer?: string;
}

/** The most points of a curve. */
const mostCurvePoints = 200;
/** Bins of a scale's histogram. */
const scaleBins = 40;

/** The HTML text of the page. Every text in it is escaped. */
export function renderDecisionReport(report: DecisionReport): string {
  const bins = binDecisions(report.sets, report.threshold, report.reference);
  const curves = curvesOf(report.sets);
  const data = scriptData(bins, curves);
  const sections = [
    thresholdSection(report, bins, data),
    curveSection(report, curves),
    section("scales", "Scale by scale", scaleFigures(report)),
    section("calibration", "Is the calibration right for these images?", calibrationFigures(report)),
    section("images", "Images", report.galleries ? renderGalleries(report.galleries, report.threshold) : ""),
    section("inputs", "What was read", inputTable(report.inputs)),
    section("settings", "Settings", settingsPart(report)),
  ].filter((part) => part !== "");
  const policy = `default-src 'none'; script-src ${hashOf(decisionScript)}; style-src ${hashOf(decisionStyle)}; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(report.title)}</title>
<style>${decisionStyle}</style>
</head>
<body>
<header>
<h1>${escapeXml(report.title)}</h1>
<p class="summary" id="summary">${escapeXml(data.summaries[bins.initial]!)}</p>
<p>${escapeXml(report.rule)}</p>
${(report.remarks ?? []).map((remark) => `<p>${escapeXml(remark)}</p>`).join("\n")}
</header>
<main>
${sections.join("\n")}
</main>
<footer>${report.footer === undefined ? "" : `<p>${escapeXml(report.footer)}</p>`}</footer>
<script type="application/json" id="decision-data">${scriptJson(data)}</script>
<script>${decisionScript}</script>
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;
}

/** JSON that no text in it can end early. */
function scriptJson(data: DecisionScriptData): string {
  return JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function section(id: string, heading: string, content: string): string {
  if (content === "") return "";
  return `<section aria-labelledby="${id}-heading">\n<h2 id="${id}-heading">${escapeXml(heading)}</h2>\n${content}\n</section>`;
}

function thresholdSection(
  { score, sets, reference }: DecisionReport,
  bins: DecisionBins,
  data: DecisionScriptData,
): string {
  const axis = `${score.name} in ${score.unit}`;
  const rows = sets.map(
    ({ name, kind }, set) =>
      `<tr><th scope="row">${escapeXml(name)}</th><td>${kind}</td><td class="number">${showCount(bins.sets[set]!.count)}</td><td class="number" id="marked-${set}">${data.marked[set]![bins.initial]}</td><td class="number" id="share-${set}">${data.shares[set]![bins.initial]}</td></tr>`,
  );
  const overflow = describeOverflow(bins);
  const promised = reference
    ? ` The calibration on ${showCount(reference.count)} images promises a false-alarm rate of at most <span id="promised">${data.promised[bins.initial]}</span> there.${sets.some(({ kind }) => kind === "unlabelled") ? " False alarms are foretold as if all unlabelled images were normal." : ""}`
    : "";
  return section(
    "threshold",
    "Scores and threshold",
    `<p>${score.description === undefined ? "" : `${escapeXml(score.name)}: ${escapeXml(score.description)}. `}Higher scores are more anomalous. Move the threshold with the mouse, a finger or the arrow keys; nothing but this page changes.</p>
${legend(sets)}
<figure>${decisionHistogram(bins, (stop) => data.announcements[stop]!, axis)}
<figcaption>Each line shows the share of its set's images in every bin.${overflow === undefined ? "" : ` ${escapeXml(overflow)}`}</figcaption></figure>
<p>Threshold: <strong id="threshold-label">${escapeXml(data.labels[bins.initial]!)}</strong>.${promised}</p>
<p id="controls" hidden><button type="button" id="reset">Back to the threshold that decided</button></p>
<div class="table" tabindex="0" role="region" aria-label="Marked images by set"><table class="counts"><thead><tr><th scope="col">set</th><th scope="col">images are</th><th scope="col" class="number">images</th><th scope="col" class="number">marked</th><th scope="col" class="number">share</th></tr></thead><tbody>
${rows.join("\n")}
</tbody></table></div>`,
  );
}

function legend(sets: readonly { readonly name: string }[]): string {
  const items = sets.map(
    ({ name }, index) =>
      `<li><svg class="set-swatch" viewBox="0 0 40 12" aria-hidden="true"><path class="${lineClass(index)}" d="M0 6H40"/></svg>${escapeXml(name)}</li>`,
  );
  const shared = sets.length > distinctSets ? `<p class="faint">Lines repeat after ${distinctSets} sets.</p>` : "";
  return `<ul class="legend">${items.join("")}</ul>${shared}`;
}

/** Trade-off curves of one anomalous set against all normal images. */
interface SetCurves {
  readonly set: number;
  readonly roc: UnitCurve["points"];
  readonly precision: UnitCurve["points"];
}

function normalScores(sets: readonly DecisionSet[]): Float64Array {
  return Float64Array.from(sets.filter(({ kind }) => kind === "normal").flatMap(({ scores }) => Array.from(scores)));
}

function curvesOf(sets: readonly DecisionSet[]): SetCurves[] {
  const normal = normalScores(sets);
  return sets.flatMap(({ kind, scores }, set) => {
    if (kind !== "anomalous" || normal.length === 0 || scores.length === 0) return [];
    const points = thinOperations(operations({ normal, anomalous: scores }), mostCurvePoints);
    return [
      {
        set,
        roc: points.map(({ falseAlarmRate, detectionRate }) => [falseAlarmRate, detectionRate] as const),
        precision: points.map(({ detectionRate, precision }) => [detectionRate, precision] as const),
      },
    ];
  });
}

function curveSection({ tables = [] }: DecisionReport, curves: readonly SetCurves[]): string {
  const plots =
    curves.length === 0
      ? ""
      : `<div class="curves"><figure>${curvePlot(
          curves.map(({ set, roc }) => ({ set, points: roc })),
          {
            id: "roc",
            label: "Detections against false alarms",
            x: "share of normal images marked",
            y: "share of anomalous images found",
          },
        )}<figcaption>Detections against false alarms (ROC): to the right the share of normal images that are marked, upwards the share of anomalous ones that are found. The dots stand at the threshold.</figcaption></figure>
<figure>${curvePlot(
          curves.map(({ set, precision }) => ({ set, points: precision })),
          {
            id: "precision",
            label: "Precision against detections",
            x: "share of anomalous images found",
            y: "share of the marked that are anomalous",
          },
        )}<figcaption>Precision against detections: to the right the share of anomalous images that are found, upwards the share of the marked that are anomalous. It depends on how many anomalous images there are: among more normal ones it is lower.</figcaption></figure></div>`;
  return section(
    "curves",
    "How well it tells them apart",
    [plots, ...tables.map(renderTable)].filter(Boolean).join("\n"),
  );
}

function scaleFigures({ scales = [], sets }: DecisionReport): string {
  if (scales.length === 0) return "";
  const figures = scales.map(({ name, values }) => {
    const edges = histogramEdges(Float64Array.from(values.flatMap((list) => Array.from(list))), scaleBins);
    const binned = sets.map((set, index) => binSet({ ...set, scores: values[index] ?? [] }, edges));
    return `<figure>${plainHistogram(binned, edges, `Histogram of ${name}`)}<figcaption>${escapeXml(name)}</figcaption></figure>`;
  });
  return `<p>Where a set lies apart, that is what is unusual about it.</p>\n${legend(sets)}\n<div class="scales">${figures.join("\n")}</div>`;
}

function calibrationFigures({ sets, reference }: DecisionReport): string {
  if (reference === undefined) return "";
  return sets
    .filter(({ kind, scores }) => kind === "normal" && scores.length > 0)
    .map((set) => {
      const { svg, text } = checkCalibration(set, reference);
      return `<figure>${svg}<figcaption>${escapeXml(text)}</figcaption></figure>`;
    })
    .join("\n");
}

function inputTable(inputs: readonly ReportInput[] = []): string {
  if (inputs.length === 0) return "";
  return renderTable(
    tableOf(inputs, [
      { heading: "from", value: ({ name }) => name },
      { heading: "images read", value: ({ read }) => showCount(read) },
      {
        heading: "skipped and why",
        value: ({ skipped }) =>
          skipped.length === 0
            ? "none"
            : skipped.map(({ count, reason }) => `${showCount(count)} ${reason}`).join("; "),
      },
    ]),
  );
}

function settingsPart({ settings = [], commands = [] }: DecisionReport): string {
  const table =
    settings.length === 0
      ? ""
      : renderTable(
          tableOf(settings, [
            { heading: "setting", value: ([name]) => name },
            { heading: "value", value: ([, value]) => value },
          ]),
        );
  const code =
    commands.length === 0
      ? ""
      : `<h3>How to make this page again</h3>\n<pre><code>${commands.map(escapeXml).join("\n")}</code></pre>`;
  return [table, code].filter(Boolean).join("\n");
}

function scriptData(bins: DecisionBins, curves: readonly SetCurves[]): DecisionScriptData {
  const { stops, sets, initial } = bins;
  const { left, right, top, bottom } = curveFrame;
  const inView = (x: number, y: number): readonly [number, number] => [
    Math.round(left + x * (right - left)),
    Math.round(bottom - y * (bottom - top)),
  ];
  const normals = sets.reduce((sum, { kind, count }) => sum + (kind === "normal" ? count : 0), 0);
  const dots = curves.flatMap(({ set }) => {
    const at = stops.map(({ above }) => {
      const falseAlarms = above.reduce((sum, count, index) => sum + (sets[index]!.kind === "normal" ? count : 0), 0);
      const found = above[set]!;
      return {
        x: falseAlarms / normals,
        y: found / sets[set]!.count,
        precision: found + falseAlarms === 0 ? 1 : found / (found + falseAlarms),
      };
    });
    return [
      { id: `roc-${set}`, at: at.map(({ x, y }) => inView(x, y)) },
      { id: `precision-${set}`, at: at.map(({ y, precision }) => inView(y, precision)) },
    ];
  });
  return {
    places: stops.map(({ place }) => Math.round(place * 1e5) / 1e5),
    scores: stops.map(({ score }) => score ?? null),
    summaries: stops.map((stop) => `${describeStop(stop, bins)}.`),
    announcements: stops.map((stop) => announceStop(stop, bins)),
    labels: stops.map(({ score }) => showScore(score)),
    marked: sets.map((_, set) => stops.map(({ above }) => showCount(above[set]!))),
    shares: sets.map(({ count }, set) => stops.map(({ above }) => (count === 0 ? "" : showShare(above[set]! / count)))),
    promised: stops.map(({ falseAlarm }) => (falseAlarm === undefined ? "" : showShare(falseAlarm))),
    dots,
    frame: { left: histogramFrame.left, right: histogramFrame.right, width: histogramFrame.width },
    initial,
  };
}
