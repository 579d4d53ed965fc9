/** What the handlers of routes are given, and the answers that they give. */

import type { Audit } from "./audit.ts";
import type { Batcher } from "./batching.ts";
import type { BodyReader } from "./bodies.ts";
import type { Catalogue } from "./catalogue.ts";
import type { DriftBook } from "./drift.ts";
import type { Metrics } from "./metrics.ts";
import type { RouteName } from "./routes.ts";
import type { ServiceRequest } from "./settings.ts";

/** What a service works with. */
export interface ServiceParts {
  readonly settings: ServiceRequest;
  readonly catalogue: Catalogue;
  readonly batcher: Batcher;
  readonly bodies: BodyReader;
  readonly metrics: Metrics;
  readonly audit: Audit;
  readonly drift: DriftBook;
  /** Whether it ends: nothing new is taken. */
  readonly draining: () => boolean;
}

/** One request on its way to a handler. */
export interface Call {
  readonly request: globalThis.Request;
  /** The parts of the path that the route names, decoded. */
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Its identifier, and the name of whoever asks, where tokens are asked for. */
  readonly id: string;
  readonly caller: string | undefined;
}

/** Answers a request, or throws what is answered with an error. */
export type Handler = (call: Call, parts: ServiceParts) => Promise<globalThis.Response> | globalThis.Response;

/** A handler for every route. */
export type Handlers = { readonly [Name in RouteName]: Handler };

/** An answer in JSON. */
export function json(value: object, status = 200): globalThis.Response {
  return new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } });
}
