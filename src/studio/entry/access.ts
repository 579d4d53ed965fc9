/** Who may ask the studio: pages that it has served itself, called by this machine's own names, with the cookie of a session. */
import { Refusal } from "../../service/index.ts";
import type { Sessions } from "./sessions.ts";

/** Headers that every answer has. Scripts, styles and connections are the studio's own; WebAssembly is compiled in the page. */
export const studioHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "style-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "permissions-policy": "camera=(self), microphone=(), geolocation=()",
  "cache-control": "no-store",
};

/** What a request says of where it comes from. */
export interface Origins {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, which browsers set and scripts cannot. */
  readonly site: string | undefined;
}

/**
 * Checks by which name the studio was called and from which page. A page that has its own name point to this machine (DNS rebinding) calls it by
 * that name. Throws Refusal (403).
 */
export function checkOrigins({ host, origin, site }: Origins, port: number, entering: boolean): void {
  const names = ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${port}`);
  if (host === undefined || !names.includes(host)) throw forbidden("Host", "the address that was printed");
  if (origin !== undefined && origin !== `http://${host}`) throw forbidden("Origin", "the studio's own");
  // A person may come from anywhere by the printed address; everything else is asked for by the studio's own pages.
  if (!entering && site !== undefined && site !== "same-origin" && site !== "none") {
    throw forbidden("Sec-Fetch-Site", "same-origin");
  }
}

/** The cookie's name: browsers keep cookies of an address whatever the port. */
function cookieName(port: number): string {
  return `outglow-studio-${port}`;
}

/** The header that gives a browser the cookie of a session. */
export function sessionCookie(port: number, value: string): string {
  return `${cookieName(port)}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000`;
}

/** Throws Refusal (401) for a request without the cookie of a session. */
export function checkSession(cookies: string | undefined, port: number, sessions: Sessions): void {
  const prefix = `${cookieName(port)}=`;
  const given = (cookies ?? "").split(/; */).filter((one) => one.startsWith(prefix));
  if (given.some((one) => sessions.isOpen(one.slice(prefix.length)))) return;
  throw new Refusal(401, {
    code: "not-allowed",
    subject: "page",
    expected: "the address that outglow studio printed",
    got: "another",
    remedy: { key: "other", text: "open that address, or start outglow studio again for a new one" },
  });
}

function forbidden(header: string, expected: string): Refusal {
  return new Refusal(403, { code: "not-allowed", subject: `header ${header}`, expected, got: "another" });
}
