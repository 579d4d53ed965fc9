/** Reports: pictures as PNG bytes, charts as SVG text, tables as text, pages as HTML. Writes no files. */
export { type AurocPlot, type AurocRow, aurocPlot } from "./auroc-plot.ts";
export type { Colour, PixelBatch } from "./canvas.ts";
export { type Chart, chartPng } from "./chart.ts";
export { type Caption, type ContactSheet, flaggedColour, renderContactSheet } from "./contact-sheet.ts";
export { type CorrelationMatrix, correlationMatrix } from "./correlation-matrix.ts";
export type { DecisionReference, DecisionSet } from "./decision-bins.ts";
export type { Gallery, GalleryImage } from "./decision-gallery.ts";
export { type DecisionReport, type ReportInput, type ReportScale, renderDecisionReport } from "./decision-report.ts";
export { type HeatMap, heatCanvas, renderHeatMap, renderHeatOverlay } from "./heat-map.ts";
export {
  type HtmlReport,
  type ReportFigure,
  type ReportSection,
  type ReportTable,
  renderHtmlReport,
  tableOf,
} from "./html-report.ts";
export { type ImageGrid, renderImageGrid } from "./image-grid.ts";
export { type ImageMatrix, type ImageRow, renderImageMatrix } from "./image-matrix.ts";
export {
  type LikelihoodScatter,
  likelihoodScatter,
  type RankCorrelation,
  rankCorrelation,
  type ScatterSet,
} from "./likelihood-scatter.ts";
export {
  type HistogramPanel,
  type HistogramSet,
  type ScoreHistogramPanels,
  type ScoreHistograms,
  type ShownAuroc,
  scoreHistogramPanels,
  scoreHistograms,
} from "./score-histograms.ts";
export { type Cell, type Column, formatMarkdownTable, formatTable, showNumber } from "./table.ts";
export { escapeXml, shortenMiddle } from "./text.ts";
export { thumbnailOf } from "./thumbnail.ts";
