/** Where prepared images are kept for the next time. */
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type { CacheOptions } from "./options.ts";

/** Bytes of all prepared images together where nothing else is said. */
const usualCacheBytes = 10e9;

/** The cache that the options and the environment allow; undefined where they allow none. */
export function cachePlace({ cache }: CacheOptions): { readonly folder: string; readonly limit: number } | undefined {
  if (cache === false) return undefined;
  const folder = cacheFolder();
  return folder === undefined ? undefined : { folder, limit: cache ?? usualCacheBytes };
}

/** `$OUTGLOW_CACHE`, or `outglow` in the user's folder of caches (XDG Base Directory Specification); undefined where the variable says `off`. */
export function cacheFolder(): string | undefined {
  const { OUTGLOW_CACHE: own, XDG_CACHE_HOME: shared } = process.env;
  if (own === "off") return undefined;
  if (own) return resolve(own);
  // The specification has relative paths ignored.
  return join(shared && isAbsolute(shared) ? shared : join(homedir(), ".cache"), "outglow");
}
