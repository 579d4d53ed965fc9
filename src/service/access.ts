/** Who may ask: by which name the service was called, from which page, and with which token. */
import { isIP } from "node:net";
import { Refusal } from "./refusals.ts";
import type { Caller, Scope, TokenBook } from "./tokens.ts";

/** What is checked. */
export interface AccessRules {
  readonly allowHost: readonly string[];
  readonly allowOrigin: readonly string[];
  /** Undefined: no token is needed. */
  readonly tokens: TokenBook | undefined;
  /** Whether callers come by TLS. Where they do not, a proxy before the service may still add it. */
  readonly secure: boolean;
}

/** Headers that every answer has. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/**
 * Tells browsers to come by TLS only, for a year. Not where they call an address, which the header cannot bind (RFC 6797, section 8.1.1), nor
 * localhost: it would bind whatever else listens there.
 */
export function transportHeaders(host: string | undefined, { secure }: AccessRules): Record<string, string> {
  const name = hostName(host);
  if (!secure || name === undefined || name === "localhost" || isIP(name) > 0) return {};
  return { "strict-transport-security": "max-age=31536000" };
}

/**
 * Checks the name by which the service was called. A page that has its own name point to this machine (DNS rebinding) calls it by that name;
 * addresses and localhost cannot be made to point elsewhere. Throws Refusal (403).
 */
export function checkHost(host: string | undefined, { allowHost }: Pick<AccessRules, "allowHost">): void {
  const name = hostName(host);
  if (name !== undefined && (name === "localhost" || isIP(name) > 0 || allowHost.includes(name))) return;
  throw forbidden("Host", "an address, localhost or a name that the service was given");
}

/** Checks the page that a browser asks for: of the service itself, or one that was named. Throws Refusal (403). */
export function checkOrigin(origin: string | undefined, host: string | undefined, rules: AccessRules): void {
  if (origin === undefined || rules.allowOrigin.includes(origin)) return;
  const schemes = rules.secure ? ["https"] : ["http", "https"];
  if (host !== undefined && schemes.some((scheme) => origin === `${scheme}://${host}`)) return;
  throw forbidden("Origin", "the service's own or one that it was given");
}

/** What a page may read of an answer beside its body. */
const exposedHeaders = [
  "etag",
  "inference-header-content-length",
  "outglow-anomalous",
  "outglow-map",
  "outglow-p-value",
  "outglow-score",
  "retry-after",
  "x-request-id",
];

/** The headers that let a named page read the answer; none for any other. */
export function crossOriginHeaders(origin: string | undefined, { allowOrigin }: AccessRules): Record<string, string> {
  if (origin === undefined || !allowOrigin.includes(origin)) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": exposedHeaders.join(", "),
    vary: "origin",
    "cross-origin-resource-policy": "cross-origin",
  };
}

/** Headers of an answer to a browser that asks what a named page may send to routes of some methods that read some headers. */
export function preflightHeaders(methods: readonly string[], headers: readonly string[]): Record<string, string> {
  const usual = ["authorization", "content-type", "inference-header-content-length"];
  return {
    "access-control-allow-methods": methods.join(", "),
    "access-control-allow-headers": [...new Set([...usual, ...headers])].join(", ").toLowerCase(),
    "access-control-max-age": "600",
  };
}

/** The caller of a request. Throws Refusal: 401 without a known token, 403 where it is for something else. */
export function checkToken(
  authorization: string | undefined,
  scope: Scope | undefined,
  { tokens }: AccessRules,
): Caller | undefined {
  if (!tokens || scope === undefined) return undefined;
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  const caller = token === undefined ? undefined : tokens(token);
  if (!caller) {
    const got = authorization === undefined ? "none" : "another";
    const fault = { code: "not-allowed", subject: "Authorization", expected: "Bearer and a known token", got } as const;
    throw new Refusal(401, fault);
  }
  if (caller.scopes.includes(scope)) return caller;
  const got = `one for ${caller.scopes.join(", ")}`;
  throw new Refusal(403, { code: "not-allowed", subject: "token", expected: `one for ${scope}`, got });
}

/** The name in a Host header without its port, in lower case; undefined where it is none. */
function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

/** Whether an address is this machine's own, which nobody else can reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function forbidden(header: string, expected: string): Refusal {
  return new Refusal(403, { code: "not-allowed", subject: `header ${header}`, expected, got: "another" });
}
