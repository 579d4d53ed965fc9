/** What `/openapi.json` says, in words for those who read it: plain data, of which pages are made. */

/** The parts of a JSON schema that are put into words. */
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

/** What of a description is put into words. */
export interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** A field of a body, or a setting. */
export interface DescribedField {
  readonly name: string;
  /** What kind of value, and whether it must be there. */
  readonly about: string;
  readonly text: string | undefined;
  readonly fields: readonly DescribedField[];
}

/** What a body or an answer of one type holds. */
export interface DescribedContent {
  readonly type: string;
  readonly fields: readonly DescribedField[];
}

/** A route in words. */
export interface DescribedRoute {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  /** What a token must be for; null where none is needed. */
  readonly scope: string | null;
  readonly settings: readonly DescribedField[];
  readonly body: readonly DescribedContent[];
  readonly answer: readonly DescribedContent[];
}

/** Routes that belong together. */
export interface DescribedGroup {
  readonly id: string;
  readonly title: string;
  readonly routes: readonly DescribedRoute[];
}

/** The groups of routes, by the beginning of their paths. */
const groups: readonly { readonly id: string; readonly title: string; readonly holds: (path: string) => boolean }[] = [
  { id: "detectors", title: "Detectors and image files", holds: (path) => path.startsWith("/api/") },
  { id: "protocol", title: "Open Inference Protocol, version 2", holds: (path) => path.startsWith("/v2") },
  { id: "service", title: "The service itself", holds: () => true },
];

/** Every route of a description, in its group. */
export function describeRoutes({ paths }: Described): DescribedGroup[] {
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => routeOf(path, method.toUpperCase(), operation)),
  );
  return groups.map((group) => ({
    id: group.id,
    title: group.title,
    routes: routes.filter(({ path }) => groups.find(({ holds }) => holds(path)) === group),
  }));
}

function routeOf(path: string, method: string, operation: Operation): DescribedRoute {
  const { operationId, summary, security, parameters, requestBody, responses } = operation;
  const settings = parameters.filter((one) => one.in !== "path");
  return {
    ...{ id: operationId, method, path, summary },
    scope: security?.[0]?.token[0] ?? null,
    settings: settings.map(settingOf),
    body: requestBody ? contentOf(requestBody.content) : [],
    answer: contentOf(responses[200].content),
  };
}

function settingOf({ name, in: place, required, description, schema }: Parameter): DescribedField {
  const where = place === "header" ? "header" : "query";
  return fieldOf(name, { ...schema, ...(description !== undefined && { description }) }, required ?? false, where);
}

function contentOf(content: Content): DescribedContent[] {
  return Object.entries(content).map(([type, { schema }]) => ({ type, fields: schema ? fieldsOf(schema) : [] }));
}

/** The fields of an object, of a list's objects, or of what is one of several. */
function fieldsOf(schema: Schema): DescribedField[] {
  const parts = [schema, ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])];
  const fields = parts.flatMap((part) =>
    Object.entries(part.properties ?? {}).map(([name, field]) => fieldOf(name, field, part.required?.includes(name))),
  );
  const inner = parts.slice(1).filter((part) => part.properties === undefined);
  return fields.length > 0 ? fields : inner.flatMap(fieldsOf);
}

function fieldOf(name: string, schema: Schema, required = false, where?: string): DescribedField {
  const about = [
    typeOf(schema),
    ...(where === undefined ? [] : [where]),
    ...(required ? [] : ["optional"]),
    ...(schema.default === undefined ? [] : [`otherwise ${JSON.stringify(schema.default)}`]),
  ];
  return { name, about: about.join(", "), text: schema.description, fields: fieldsOf(schema) };
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
