/** `/openapi.json`: the routes and the schemas that check what comes, as OpenAPI 3.1 describes them. */
import { z } from "zod";
import { packageVersion } from "../detector/index.ts";
import { type Route, routes } from "./routes.ts";
import { errorSchema } from "./schemas.ts";

/** The description of the service. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, route] of Object.entries<Route>(routes)) {
    // An id with a verb behind it is one part of the path to the router, and two things to a reader.
    const path = route.path.replace("/:call", "/{id}:predict").replaceAll(/:(\w+)(?=\/|$)/g, (whole, part: string) => {
      return route.path.includes(`/${whole}`) ? `{${part}}` : whole;
    });
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, path, route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Outglow", version: packageVersion(), description: "Scores images by detectors of anomalies." },
    paths,
    components: {
      schemas: { Error: schemaOf(errorSchema) },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function operation(
  operationId: string,
  path: string,
  { summary, scope, query, headers, body, answer, files }: Route,
): object {
  const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => {
    return { name, in: "path", required: true, schema: { type: "string" } };
  });
  const properties = query ? (schemaOf(query).properties ?? {}) : {};
  const inQuery = Object.entries(properties).map(([name, schema]) => ({ name, in: "query", schema }));
  const inHeader = Object.entries(headers ?? {}).map(([header, description]) => {
    return { name: header, in: "header", required: true, description, schema: { type: "string" } };
  });
  const content = Object.entries(body ?? {}).map(([type, schema]) => [
    type,
    schema ? { schema: schemaOf(schema) } : {},
  ]);
  const error = { content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } };
  return {
    operationId,
    summary,
    ...(scope && { security: [{ token: [scope] }] }),
    parameters: [...inPath, ...inQuery, ...inHeader],
    ...(body && { requestBody: { required: true, content: Object.fromEntries(content) } }),
    responses: {
      200: {
        description: "Done",
        content: {
          ...(answer && { "application/json": { schema: schemaOf(answer) } }),
          ...Object.fromEntries((files ?? []).map((type) => [type, {}])),
        },
      },
      default: { description: "An error, as data and in one line", ...error },
    },
  };
}

function schemaOf(schema: z.ZodType): { properties?: Record<string, object> } {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" });
  return rest as { properties?: Record<string, object> };
}
