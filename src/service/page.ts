/** The page of the service: what `/openapi.json` says, to be read. Without a script; nothing is loaded from anywhere. */
import { createHash } from "node:crypto";
import { escapeXml } from "../report/index.ts";
import { pageStyle } from "./page-style.ts";

/** The parts of a JSON schema that the page shows. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly { readonly token: readonly string[] }[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: { readonly 200: { readonly content: Content } };
}

/** What of a description the page shows. */
export interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Entry {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

const html = escapeXml;

/** What may be shown: the style of the page, and nothing else. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(pageStyle).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The groups of routes, by the beginning of their paths. */
const groups: readonly { readonly id: string; readonly title: string; readonly holds: (path: string) => boolean }[] = [
  { id: "detectors", title: "Detectors and image files", holds: (path) => path.startsWith("/api/") },
  { id: "protocol", title: "Open Inference Protocol, version 2", holds: (path) => path.startsWith("/v2") },
  { id: "service", title: "The service itself", holds: () => true },
];

/** The page as HTML, with examples for a service at `origin`. */
export function describingPage({ paths }: Described, origin: string): string {
  const entries = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Entry => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = groups.map((group) => ({
    ...group,
    entries: entries.filter(({ path }) => groups.find(({ holds }) => holds(path)) === group),
  }));
  const list = ({ path, method, operation }: Entry): string =>
    `<li><a href="#${html(operation.operationId)}">${method} ${html(path)}</a></li>`;
  const links = sections.map(({ id, title, entries: own }) => {
    return `<h3 id="to-${id}">${html(title)}</h3><ul aria-labelledby="to-${id}">${own.map(list).join("")}</ul>`;
  });
  const bodies = sections.map(
    ({ id, title, entries: own }) =>
      `<section aria-labelledby="about-${id}"><h2 id="about-${id}">${html(title)}</h2>${own.map(articleOf).join("")}</section>`,
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

function articleOf({ path, method, operation }: Entry): string {
  const { operationId, summary, security, parameters, requestBody, responses } = operation;
  const scope = security?.[0]?.token[0];
  const settings = parameters.filter((one) => one.in !== "path");
  return [
    `<article id="${html(operationId)}" aria-labelledby="${html(operationId)}-title"><h3 id="${html(operationId)}-title"><span class="method${method === "GET" ? "" : " changes"}">${method}</span> <code>${html(path)}</code></h3>`,
    `<p>${html(summary)}.</p>`,
    `<p class="scope">${scope === undefined ? "No token is needed." : `Scope of the token: <code>${html(scope)}</code>`}</p>`,
    ...(settings.length === 0 ? [] : [`<h4>Settings</h4><dl>${settings.map(settingOf).join("")}</dl>`]),
    ...(requestBody ? [`<h4>Body</h4>${contentOf(requestBody.content)}`] : []),
    `<details><summary>Answer</summary>${contentOf(responses[200].content)}</details></article>`,
  ].join("");
}

function settingOf({ name, in: place, required, description, schema }: Parameter): string {
  const where = place === "header" ? "header" : "query";
  return fieldOf(name, { ...schema, ...(description !== undefined && { description }) }, required ?? false, where);
}

function contentOf(content: Content): string {
  return Object.entries(content)
    .map(([type, { schema }]) => `<p><code>${html(type)}</code></p>${schema ? fieldsOf(schema) : ""}`)
    .join("");
}

/** The fields of an object, of a list's objects, or of what is one of several. */
function fieldsOf(schema: Schema): string {
  const parts = [schema, ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])];
  const fields = parts.flatMap((part) =>
    Object.entries(part.properties ?? {}).map(([name, field]) => fieldOf(name, field, part.required?.includes(name))),
  );
  const inner = parts.slice(1).filter((part) => part.properties === undefined);
  return fields.length > 0 ? `<dl>${fields.join("")}</dl>` : inner.map(fieldsOf).join("");
}

function fieldOf(name: string, schema: Schema, required = false, where?: string): string {
  const about = [
    typeOf(schema),
    ...(where === undefined ? [] : [where]),
    ...(required ? [] : ["optional"]),
    ...(schema.default === undefined ? [] : [`otherwise ${JSON.stringify(schema.default)}`]),
  ];
  const inner = fieldsOf(schema);
  const text = schema.description === undefined ? "" : `<p>${html(schema.description)}</p>`;
  return `<dt><code>${html(name)}</code> <span class="type">${html(about.join(", "))}</span></dt><dd>${text}${inner}</dd>`;
}

const typeWords: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  boolean: "true or false",
  any: "any value",
};

/** What kind of value it is, in words. */
function typeOf(schema: Schema): string {
  const { type, enum: names, items, anyOf, allOf, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (names) return names.map((one) => JSON.stringify(one)).join(" or ");
  if (anyOf) return anyOf.map(typeOf).join(" or ");
  if (allOf) return typeOf(allOf[0]!);
  if (type === "array") return `list of ${items?.type === "object" ? "objects" : items ? typeOf(items) : "values"}`;
  const bounds = [
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? [] : [`from ${minimum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`below ${exclusiveMaximum}`]),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? [] : [`to ${maximum}`]),
  ];
  const words = [type ?? "any"].flat().map((one) => typeWords[one] ?? one);
  return [words.join(" or "), bounds.join(" and ")].filter((part) => part !== "").join(" ");
}
