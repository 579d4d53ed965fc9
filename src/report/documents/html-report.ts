/** A report as one HTML file that needs nothing else: text, tables, charts as inline SVG and pictures as data, no scripts. */
import { type Column, showNumber } from "./table.ts";
import { escapeXml } from "./text.ts";

/** A table whose cells are known; `tableOf` makes one from rows and columns. */
export interface ReportTable {
  readonly caption?: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly ReportCell[])[];
}

interface ReportCell {
  readonly text: string;
  readonly numeric: boolean;
}

/** A picture: a chart as SVG text or PNG bytes. */
export interface ReportFigure {
  readonly image: { readonly svg: string } | { readonly png: Uint8Array };
  /** What a reader must know to understand the picture. */
  readonly caption: string;
  /** What the picture shows, for those who cannot see it. */
  readonly alt: string;
}

/** A part of a report. */
export interface ReportSection {
  readonly heading: string;
  /** Paragraphs. */
  readonly text?: readonly string[];
  readonly tables?: readonly ReportTable[];
  readonly figures?: readonly ReportFigure[];
}

/** What a report says. */
export interface HtmlReport {
  readonly title: string;
  /** Paragraphs before the first section. */
  readonly introduction?: readonly string[];
  readonly sections: readonly ReportSection[];
  /** Command lines that make the report again. */
  readonly commands?: readonly string[];
  /** A last line, such as the program's version. */
  readonly footer?: string;
}

/** A table of a report from the rows and columns that a text table takes. */
export function tableOf<Row>(rows: readonly Row[], columns: readonly Column<Row>[], caption?: string): ReportTable {
  return {
    ...(caption === undefined ? {} : { caption }),
    headings: columns.map(({ heading }) => heading),
    rows: rows.map((row) =>
      columns.map(({ value, digits }) => {
        const cell = value(row);
        return {
          text: typeof cell === "number" ? showNumber(cell, digits) : (cell ?? ""),
          numeric: typeof cell === "number",
        };
      }),
    ),
  };
}

const style = `
:root { color-scheme: light; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 52rem; background: #fff; color: #111;
  font: 16px/1.5 system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; border-bottom: 1px solid #ccc; padding-bottom: 0.2rem; }
p { max-width: 42rem; }
nav ul { padding-left: 1.2rem; }
a { color: #0645ad; }
figure { margin: 1.5rem 0; }
figure svg, figure img { display: block; max-width: 100%; height: auto; }
figcaption, caption { font-size: 0.9rem; color: #333; text-align: left; margin-top: 0.4rem; max-width: 42rem; }
caption { margin-bottom: 0.3rem; }
.table { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.25rem 0.6rem; overflow-wrap: break-word; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid #555; }
td { min-width: 5rem; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: #f4f4f4; border: 1px solid #ddd; padding: 0.7rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
footer { margin-top: 3rem; font-size: 0.9rem; color: #333; }
@media (max-width: 40rem) { figure { overflow-x: auto; } figure svg { max-width: none; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } figure, tr { break-inside: avoid; } h2 { break-after: avoid; } nav { display: none; } }
`;

/** The HTML text of a report. Every text is escaped; ids are unique, also those within charts. */
export function renderHtmlReport({ title, introduction = [], sections, commands = [], footer }: HtmlReport): string {
  const parts = sections.map((section, index) => renderSection(section, index + 1));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escapeXml(title)}</h1>
${paragraphs(introduction)}
</header>
${sections.length > 1 ? contents(sections) : ""}
<main>
${parts.join("\n")}
</main>
<footer>
${commands.length > 0 ? `<h2>How to make this report again</h2>\n<pre><code>${commands.map(escapeXml).join("\n")}</code></pre>` : ""}
${footer === undefined ? "" : `<p>${escapeXml(footer)}</p>`}
</footer>
</body>
</html>
`;
}

function contents(sections: readonly ReportSection[]): string {
  const items = sections.map(
    ({ heading }, index) => `<li><a href="#section-${index + 1}">${escapeXml(heading)}</a></li>`,
  );
  return `<nav aria-label="Contents">\n<ul>\n${items.join("\n")}\n</ul>\n</nav>`;
}

function renderSection({ heading, text = [], tables = [], figures = [] }: ReportSection, number: number): string {
  return [
    `<section aria-labelledby="section-${number}">`,
    `<h2 id="section-${number}">${escapeXml(heading)}</h2>`,
    paragraphs(text),
    ...tables.map(renderTable),
    ...figures.map((figure, index) => renderFigure(figure, `figure-${number}-${index + 1}`)),
    "</section>",
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function paragraphs(texts: readonly string[]): string {
  return texts.map((text) => `<p>${escapeXml(text)}</p>`).join("\n");
}

/** A table as HTML, within a frame that scrolls. */
export function renderTable({ caption, headings, rows }: ReportTable): string {
  const classOf = (column: number): string =>
    rows.length > 0 && rows.every((row) => row[column]?.numeric || row[column]?.text === "") ? ' class="number"' : "";
  const head = headings.map((heading, column) => `<th scope="col"${classOf(column)}>${escapeXml(heading)}</th>`);
  const body = rows.map((row) => {
    const cells = row.map(({ text }, column) =>
      column === 0
        ? `<th scope="row"${classOf(column)}>${escapeXml(text)}</th>`
        : `<td${classOf(column)}>${escapeXml(text)}</td>`,
    );
    return `<tr>${cells.join("")}</tr>`;
  });
  return [
    '<div class="table"><table>',
    ...(caption === undefined ? [] : [`<caption>${escapeXml(caption)}</caption>`]),
    `<thead><tr>${head.join("")}</tr></thead>`,
    `<tbody>\n${body.join("\n")}\n</tbody></table></div>`,
  ].join("\n");
}

function renderFigure({ image, caption, alt }: ReportFigure, id: string): string {
  const picture =
    "svg" in image
      ? inlineSvg(image.svg, id, alt)
      : `<img src="data:image/png;base64,${Buffer.from(image.png).toString("base64")}" alt="${escapeXml(alt)}">`;
  return `<figure id="${id}">\n${picture}\n<figcaption>${escapeXml(caption)}</figcaption>\n</figure>`;
}

/** An SVG document within HTML: announced as one picture, its ids made unique by the figure's. */
function inlineSvg(svg: string, prefix: string, alt: string): string {
  const ids = new Set(Array.from(svg.matchAll(/\sid="([^"]+)"/g), ([, id]) => id!));
  const renamed = svg
    .replace(/^\s*(<\?xml.*?\?>\s*)?(<!doctype[^>]*>\s*)?/is, "")
    .replace(/(\sid="|url\(#|href="#)([^")]+)/g, (whole, before: string, id: string) =>
      ids.has(id) ? `${before}${prefix}-${id}` : whole,
    );
  return renamed.replace(/^<svg\b/, `<svg role="img" aria-label="${escapeXml(alt)}"`);
}
