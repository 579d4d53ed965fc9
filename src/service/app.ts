/** The service as a function of requests: every route behind the same checks, every answer with the same headers, every error as data. */
import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import { messageOf } from "../base/index.ts";
import {
  type AccessRules,
  checkHost,
  checkOrigin,
  checkToken,
  crossOriginHeaders,
  preflightHeaders,
  securityHeaders,
  transportHeaders,
} from "./access.ts";
import type { Described } from "./described.ts";
import { detectorHandlers } from "./detector-handlers.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import { describingPage, pagePolicy } from "./page.ts";
import { protocolHandlers } from "./protocol-handlers.ts";
import { asRefusal, faultBody, notFound, Refusal } from "./refusals.ts";
import { type Handlers, json, type ServiceParts } from "./requests.ts";
import { type Route, type RouteName, routes } from "./routes.ts";
import { thresholdHandlers } from "./threshold-handlers.ts";

/** What the app needs besides the service's parts. */
export interface AppOptions {
  readonly rules: AccessRules;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What is known of a request while it is answered. */
interface Variables {
  requestId: string;
  route: string;
  caller: string | undefined;
}

type App = Hono<{ Variables: Variables }>;

/** Makes the app. */
export function makeApp(parts: ServiceParts, { rules, metrics, log }: AppOptions): App {
  const app: App = new Hono();
  const document = openApiDocument();
  const handlers: Handlers = {
    ...protocolHandlers,
    ...detectorHandlers,
    ...thresholdHandlers,
    openapi: () => json(document),
    page: ({ request }) => {
      const page = describingPage(document as Described, new URL(request.url).origin);
      const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": pagePolicy };
      return new Response(page, { headers });
    },
    metrics: async () => new Response(await metrics.text(), { headers: { "content-type": metrics.contentType } }),
  };

  app.use(async (c, next) => {
    const given = c.req.header("x-request-id");
    const id = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    c.set("requestId", id);
    const started = performance.now();
    await next();
    const { status } = c.res;
    const route = c.get("route") ?? "other";
    const seconds = (performance.now() - started) / 1000;
    const method = ["GET", "POST", "PUT", "HEAD", "OPTIONS"].includes(c.req.method) ? c.req.method : "other";
    metrics.request({ method, route, status }, seconds);
    const caller = c.get("caller");
    const level = status >= 500 ? "warn" : "info";
    const milliseconds = Math.round(seconds * 1e6) / 1000;
    log({ level, event: "request", request: id, method, route, status, milliseconds, ...(caller && { caller }) });
    const origin = c.req.header("origin");
    const transport = transportHeaders(c.req.header("host"), rules);
    const headers = { ...securityHeaders, ...transport, ...crossOriginHeaders(origin, rules), "x-request-id": id };
    for (const [name, value] of Object.entries(headers)) {
      // The page has a style of its own.
      if (name !== "content-security-policy" || !c.res.headers.has(name)) c.res.headers.set(name, value);
    }
    // What is left of a body that nobody wants would be taken for the next request.
    if (parts.draining() || [408, 413, 415, 429].includes(status)) c.res.headers.set("connection", "close");
  });
  app.use(async (c, next) => {
    const host = c.req.header("host");
    checkHost(host, rules);
    checkOrigin(c.req.header("origin"), host, rules);
    await next();
  });
  app.onError((error, c) => {
    const refusal = asRefusal(error) ?? defect(error, c.get("requestId"), log);
    const answer = json(faultBody(refusal.fault, c.get("requestId")), refusal.status);
    if (refusal.retryAfter !== undefined) answer.headers.set("retry-after", String(refusal.retryAfter));
    if (refusal.status === 401) answer.headers.set("www-authenticate", "Bearer");
    return answer;
  });
  app.notFound((c) => {
    const { fault } = notFound("route", "one of /openapi.json", "another");
    return json(faultBody(fault, c.get("requestId")), 404);
  });

  for (const [name, route] of Object.entries<Route>(routes) as [RouteName, Route][]) {
    app.on(route.method, route.path, async (c) => {
      c.set("route", route.path);
      c.set("caller", checkToken(c.req.header("authorization"), route.scope, rules)?.name);
      const { raw: request, url } = c.req;
      const { searchParams: query } = new URL(url);
      const about = { id: c.get("requestId"), caller: c.get("caller") };
      return handlers[name]({ request, parts: c.req.param() as Record<string, string>, query, ...about }, parts);
    });
  }
  for (const path of new Set(Object.values<Route>(routes).map((route) => route.path))) {
    app.all(path, (c) => otherMethod(c, path, rules));
  }
  return app;
}

/** A route by a method that it has not. Browsers ask by OPTIONS what a page may send. */
function otherMethod(c: Context<{ Variables: Variables }>, path: string, rules: AccessRules): globalThis.Response {
  c.set("route", path);
  // Routes of other methods may call the parts of the same path by other names.
  const form = (one: string): string => one.replaceAll(/\/:\w+/g, "/:");
  const same = Object.values<Route>(routes).filter((route) => form(route.path) === form(path));
  const methods = [...new Set(same.map(({ method }) => method))];
  const origin = c.req.header("origin");
  if (c.req.method === "OPTIONS" && origin !== undefined && rules.allowOrigin.includes(origin)) {
    const headers = preflightHeaders(
      methods,
      same.flatMap((route) => Object.keys(route.headers ?? {})),
    );
    return new Response(null, { status: 204, headers });
  }
  const got = c.req.method.slice(0, 20);
  const fault = { code: "unsupported", subject: "method", expected: methods.join(", "), got } as const;
  throw new Refusal(405, fault);
}

/** A defect of the program: what it was goes to the log, not to the caller. */
function defect(error: unknown, request: string, log: Log): Refusal {
  const stack = error instanceof Error ? error.stack : undefined;
  log({ level: "error", event: "defect", request, message: messageOf(error), stack });
  return new Refusal(500, { code: "engine", subject: "service", expected: "an answer", got: "a defect; see its log" });
}
