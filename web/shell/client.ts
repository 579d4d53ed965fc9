/** Asks the studio: every route by its name, with the types of its schemas. */
import { type ApiTypes, addresses, type RouteName } from "../../src/studio/portable.ts";

/** A request that was answered with an error: one line that says what to do. */
export class StudioError extends Error {
  override readonly name = "StudioError";
  /** The status of the answer; 0 where there was none. */
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Names of the parts of a path. */
type PartsOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | PartsOf<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;
type Parts<Name extends RouteName> = PartsOf<(typeof addresses)[Name]["path"]>;
type Given<Key extends string, Value> = [Value] extends [undefined]
  ? { readonly [K in Key]?: undefined }
  : { readonly [K in Key]: Value };

/** What a request of a route is made of. */
export type Wish<Name extends RouteName> = ([Parts<Name>] extends [never]
  ? { readonly parts?: undefined }
  : { readonly parts: Readonly<Record<Parts<Name>, string>> }) &
  Given<"body", ApiTypes[Name]["body"]> & {
    readonly query?: ApiTypes[Name]["query"] | undefined;
    readonly signal?: AbortSignal;
  };

/** The address of a route, for what asks by itself: pictures, streams, downloads. */
export function urlOf<Name extends RouteName>(
  name: Name,
  { parts, query }: { readonly parts?: unknown; readonly query?: unknown } = {},
): string {
  const values = (parts ?? {}) as Readonly<Record<string, string>>;
  const path = addresses[name].path.replace(/:(\w+)/g, (_, part: string) => encodeURIComponent(values[part] ?? ""));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries((query ?? {}) as object)) {
    if (value !== undefined) search.set(key, String(value));
  }
  return search.size > 0 ? `${path}?${search}` : path;
}

/** Asks. Throws StudioError where the studio says no or is not there. */
export async function ask<Name extends RouteName>(
  name: Name,
  ...[wish]: Record<string, never> extends Wish<Name> ? [Wish<Name>?] : [Wish<Name>]
): Promise<ApiTypes[Name]["answer"]> {
  const { body, signal } = (wish ?? {}) as { readonly body?: unknown; readonly signal?: AbortSignal };
  const response = await fetch(urlOf(name, wish), {
    method: addresses[name].method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new StudioError(
      "the studio does not answer; start outglow studio again in the same folder, and this page goes on",
      0,
    );
  });
  if (!response.ok) throw await errorOf(response);
  return (await response.json()) as ApiTypes[Name]["answer"];
}

/** What an answer with an error says. */
export async function errorOf(response: Response): Promise<StudioError> {
  const content: unknown = await response.json().catch(() => undefined);
  const said = (content as { readonly error?: string } | undefined)?.error;
  return new StudioError(said ?? `the studio answered with ${response.status}`, response.status);
}
