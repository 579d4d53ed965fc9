/** What the handlers of routes are given, and what they answer with. */
import type { z } from "zod";
import type { Detectors } from "../known/detectors.ts";
import type { Folders } from "../known/folders.ts";
import type { News } from "../known/news.ts";
import type { Registry } from "../known/registry.ts";
import type { Looker } from "../looking/looker.ts";
import type { Marks } from "../looking/marks.ts";
import type { Scorings } from "../looking/scorings.ts";
import type { RouteName } from "../routes/addresses.ts";
import type { ApiTypes, routes } from "../routes/routes.ts";
import type { Runs } from "../runs/runs.ts";

/** What a studio works with. */
export interface StudioParts {
  /** Its folder, absolute. */
  readonly folder: string;
  readonly registry: Registry;
  readonly detectors: Detectors;
  readonly folders: Folders;
  readonly runs: Runs;
  readonly news: News;
  readonly scorings: Scorings;
  readonly marks: Marks;
  /** Draws pictures of images, and apart from these what needs a model. */
  readonly pictures: Looker;
  readonly models: Looker;
  /** Aborted when the studio closes: streams end. */
  readonly closing: AbortSignal;
}

/** What a query or body is once it is checked. */
type Checked<Name extends RouteName, Part extends "query" | "body"> = (typeof routes)[Name] extends {
  readonly [Key in Part]: infer Schema extends z.ZodType;
}
  ? z.output<Schema>
  : undefined;

/** One request on its way to a handler. */
export interface Call<Name extends RouteName> {
  readonly request: globalThis.Request;
  /** The parts of the path that the route names, decoded: ids and names that nothing has been said of. */
  readonly parts: Readonly<Record<string, string>>;
  readonly query: Checked<Name, "query">;
  readonly body: Checked<Name, "body">;
}

/** Answers a request with what its schema says, or with a response of its own; throws what is answered with an error. */
export type Handler<Name extends RouteName> = (
  call: Call<Name>,
  parts: StudioParts,
) => Promise<Answer<Name>> | Answer<Name>;

type Answer<Name extends RouteName> = ApiTypes[Name]["answer"] extends undefined
  ? globalThis.Response
  : ApiTypes[Name]["answer"];

/** A handler for every route. */
export type Handlers = { readonly [Name in RouteName]: Handler<Name> };
