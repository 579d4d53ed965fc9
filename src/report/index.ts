/** Reports: pictures as PNG bytes, charts as SVG text, tables as text, pages as HTML. Writes no files. */
export { type AurocPlot, type AurocRow, aurocPlot } from "./charts/auroc-plot.ts";
export { type Chart, chartPng } from "./charts/chart.ts";
export { type CorrelationMatrix, correlationMatrix } from "./charts/correlation-matrix.ts";
export {
  type LikelihoodScatter,
  likelihoodScatter,
  type RankCorrelation,
  rankCorrelation,
  type ScatterSet,
} from "./charts/likelihood-scatter.ts";
export {
  type HistogramPanel,
  type HistogramSet,
  type ScoreHistogramPanels,
  type ScoreHistograms,
  type ShownAuroc,
  scoreHistogramPanels,
  scoreHistograms,
} from "./charts/score-histograms.ts";
export type { DecisionReference, DecisionSet } from "./decisions/decision-bins.ts";
export type { Gallery, GalleryImage } from "./decisions/decision-gallery.ts";
export {
  type DecisionReport,
  type ReportInput,
  type ReportScale,
  renderDecisionReport,
} from "./decisions/decision-report.ts";
export {
  type HtmlReport,
  type ReportFigure,
  type ReportSection,
  type ReportTable,
  renderHtmlReport,
  tableOf,
} from "./documents/html-report.ts";
export { type Cell, type Column, formatMarkdownTable, formatTable, showNumber } from "./documents/table.ts";
export { escapeXml, shortenMiddle } from "./documents/text.ts";
export type { Colour, PixelBatch } from "./pictures/canvas.ts";
export { type Caption, type ContactSheet, flaggedColour, renderContactSheet } from "./pictures/contact-sheet.ts";
export { type HeatMap, heatCanvas, renderHeatMap, renderHeatOverlay } from "./pictures/heat-map.ts";
export { type ImageGrid, renderImageGrid } from "./pictures/image-grid.ts";
export { type ImageMatrix, type ImageRow, renderImageMatrix } from "./pictures/image-matrix.ts";
export { thumbnailOf } from "./pictures/thumbnail.ts";
