/** The page of the service: what `/openapi.json` says, to be read. Without a script; nothing is loaded from anywhere. */
import { createHash } from "node:crypto";
import { escapeXml } from "../report/index.ts";
import {
  type Described,
  type DescribedContent,
  type DescribedField,
  type DescribedRoute,
  describeRoutes,
} from "./described.ts";
import { pageStyle } from "./page-style.ts";

const html = escapeXml;

/** What may be shown: the style of the page, and nothing else. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(pageStyle).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The page as HTML, with examples for a service at `origin`. */
export function describingPage(document: Described, origin: string): string {
  const groups = describeRoutes(document);
  const list = ({ id, path, method }: DescribedRoute): string =>
    `<li><a href="#${html(id)}">${method} ${html(path)}</a></li>`;
  const links = groups.map(({ id, title, routes }) => {
    return `<h3 id="to-${id}">${html(title)}</h3><ul aria-labelledby="to-${id}">${routes.map(list).join("")}</ul>`;
  });
  const bodies = groups.map(
    ({ id, title, routes }) =>
      `<section aria-labelledby="about-${id}"><h2 id="about-${id}">${html(title)}</h2>${routes.map(articleOf).join("")}</section>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Outglow: what this service can be asked</title><style>${pageStyle}</style></head>
<body><a class="skip" href="#routes">To the routes</a>
<header><h1>Outglow: what this service can be asked</h1>
<p>It scores images by detectors of anomalies. A file is enough:</p>
<pre tabindex="0">curl -F image=@part.png \\
  '${html(origin)}/api/detectors/<var>ID</var>:predict?falseAlarm=0.01'</pre>
<p>Where the service has tokens, send <code>Authorization: Bearer TOKEN</code>; every route says which scope it needs. Errors are JSON: <code>error</code> in one line, <code>fault</code> with what was expected and what came, and <code>request</code>, the identifier that the log has, too. After 429 and 503 ask again, not before <code>Retry-After</code> seconds.</p>
<p>The same for programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1)</p></header>
<nav aria-labelledby="contents"><h2 id="contents">Contents</h2>${links.join("")}</nav>
<main id="routes">${bodies.join("")}</main></body></html>
`;
}

function articleOf({ id, path, method, summary, scope, settings, body, answer }: DescribedRoute): string {
  return [
    `<article id="${html(id)}" aria-labelledby="${html(id)}-title"><h3 id="${html(id)}-title"><span class="method${method === "GET" ? "" : " changes"}">${method}</span> <code>${html(path)}</code></h3>`,
    `<p>${html(summary)}.</p>`,
    `<p class="scope">${scope === null ? "No token is needed." : `Scope of the token: <code>${html(scope)}</code>`}</p>`,
    ...(settings.length === 0 ? [] : [`<h4>Settings</h4>${listOf(settings)}`]),
    ...(body.length > 0 ? [`<h4>Body</h4>${contentsOf(body)}`] : []),
    `<details><summary>Answer</summary>${contentsOf(answer)}</details></article>`,
  ].join("");
}

function contentsOf(contents: readonly DescribedContent[]): string {
  return contents.map(({ type, fields }) => `<p><code>${html(type)}</code></p>${listOf(fields)}`).join("");
}

function listOf(fields: readonly DescribedField[]): string {
  return fields.length > 0 ? `<dl>${fields.map(entryOf).join("")}</dl>` : "";
}

function entryOf({ name, about, text, fields }: DescribedField): string {
  const words = text === undefined ? "" : `<p>${html(text)}</p>`;
  return `<dt><code>${html(name)}</code> <span class="type">${html(about)}</span></dt><dd>${words}${listOf(fields)}</dd>`;
}
