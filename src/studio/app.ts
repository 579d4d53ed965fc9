/** The studio as a function of requests: every route behind the same checks, every answer with the same headers, every error as data. */
import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import type { z } from "zod";
import { messageOf } from "../base/index.ts";
import {
  asRefusal,
  badRequest,
  faultBody,
  json,
  type Log,
  makeBodyReader,
  notFound,
  Refusal,
  readJson,
} from "../service/index.ts";
import { checkOrigins, checkSession, sessionCookie, studioHeaders } from "./entry/access.ts";
import { enteringPage, enteringPath } from "./entry/entering.ts";
import type { Sessions } from "./entry/sessions.ts";
import { detectorHandlers } from "./handlers/detector-handlers.ts";
import { folderHandlers } from "./handlers/folder-handlers.ts";
import { homeHandlers } from "./handlers/home-handlers.ts";
import { imageHandlers } from "./handlers/image-handlers.ts";
import { markHandlers } from "./handlers/mark-handlers.ts";
import type { Handlers, StudioParts } from "./handlers/requests.ts";
import { runHandlers } from "./handlers/run-handlers.ts";
import { scoringHandlers } from "./handlers/scoring-handlers.ts";
import { trainHandlers } from "./handlers/train-handlers.ts";
import type { PageFile } from "./pages.ts";
import type { RouteName } from "./routes/addresses.ts";
import { type Route, routes } from "./routes/routes.ts";

/** What the app needs besides the studio's parts. */
export interface AppOptions {
  readonly sessions: Sessions;
  readonly findPage: (path: string) => Promise<PageFile | undefined>;
  readonly log: Log;
  /** The port that it is called by. */
  readonly port: () => number;
  /** Called when the printed address has been used: it is good for nothing any more. */
  readonly onEntered: () => void;
}

const handlers: Handlers = {
  ...homeHandlers,
  ...runHandlers,
  ...detectorHandlers,
  ...scoringHandlers,
  ...imageHandlers,
  ...markHandlers,
  ...folderHandlers,
  ...trainHandlers,
};

/** Bytes of a request's JSON. */
const mostBody = 2 ** 20;

/** Makes the app. */
export function makeApp(parts: StudioParts, options: AppOptions): Hono<{ Variables: { requestId: string } }> {
  const { sessions, findPage, log, port, onEntered } = options;
  const app = new Hono<{ Variables: { requestId: string } }>();
  const bodies = makeBodyReader(mostBody);

  app.use(async (c, next) => {
    c.set("requestId", randomUUID());
    await next();
    for (const [name, value] of Object.entries(studioHeaders)) {
      // Files whose names say what is in them may be kept.
      if (name !== "cache-control" || !c.res.headers.has(name)) c.res.headers.set(name, value);
    }
    if (c.res.status === 413 || c.res.status === 415) c.res.headers.set("connection", "close");
  });
  app.use(async (c, next) => {
    const { path, method } = c.req;
    const [host, origin, site] = ["host", "origin", "sec-fetch-site"].map((name) => c.req.header(name));
    const entering = method === "GET" && (path === enteringPath || path === "/");
    checkOrigins({ host, origin, site }, port(), entering);
    await next();
  });
  app.onError((error, c) => {
    const id = c.get("requestId");
    const refusal = asRefusal(error) ?? defect(error, id, log);
    // A person sees a page, a script reads data.
    if (refusal.status === 401 && !c.req.path.startsWith("/api/")) return enteringPage(refusal);
    return json(faultBody(refusal.fault, id), refusal.status);
  });
  app.notFound((c) =>
    json(faultBody(notFound("route", "one of the studio's", "another").fault, c.get("requestId")), 404),
  );

  app.get(enteringPath, async (c) => {
    const value = await sessions.redeem(c.req.query("token") ?? "");
    if (value === undefined) {
      // Opened a second time in a browser that has come in already: it may.
      checkSession(c.req.header("cookie"), port(), sessions);
      return enteringPage(undefined);
    }
    onEntered();
    const answer = enteringPage(undefined);
    answer.headers.set("set-cookie", sessionCookie(port(), value));
    return answer;
  });
  app.use(async (c, next) => {
    checkSession(c.req.header("cookie"), port(), sessions);
    await next();
  });
  for (const [name, route] of Object.entries<Route>(routes) as [RouteName, Route][]) {
    app.on(route.method, route.path, (c) => answer(name, route, c));
  }
  app.get("*", async (c) => {
    if (c.req.path.startsWith("/api/")) return c.notFound();
    const file = await findPage(c.req.path);
    if (!file) return c.notFound();
    const headers = new Headers({ "content-type": file.type });
    if (file.lasting) headers.set("cache-control", "private, max-age=31536000, immutable");
    return new Response(file.bytes, { headers });
  });
  return app;

  async function answer(name: RouteName, route: Route, c: Context): Promise<globalThis.Response> {
    const request = c.req.raw;
    const query = route.query && checkQuery(route.query, new URL(request.url).searchParams);
    const body = route.body && readJson(await bodies.read(request), route.body);
    const call = { request, parts: c.req.param() as Record<string, string>, query, body };
    // The compiler has checked each handler against its own route; here any of them is called.
    const handle = handlers[name] as (one: typeof call, all: StudioParts) => Promise<object> | object;
    const result = await handle(call, parts);
    return result instanceof Response ? result : json(result);
  }
}

function checkQuery(schema: z.ZodType, query: URLSearchParams): unknown {
  const parsed = schema.safeParse(Object.fromEntries(query));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw badRequest(`query: ${path.join(".")}`, message, "another value");
}

/** A defect of the program: what it was goes to the log, not to the page. */
function defect(error: unknown, request: string, log: Log): Refusal {
  const stack = error instanceof Error ? error.stack : undefined;
  log({ level: "error", event: "defect", request, message: messageOf(error), stack });
  return new Refusal(500, {
    code: "engine",
    subject: "studio",
    expected: "an answer",
    got: "a defect; its log says more",
  });
}
