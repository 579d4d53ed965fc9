/** `outglow data cache`: what is kept of prepared images, and its end. */
import { clearCache, describeCache } from "../data/index.ts";
import { cacheFolder } from "./cache-place.ts";
import { printText } from "./standard-output.ts";

/** What is typed after `outglow data cache`. */
export interface DataCacheOptions {
  readonly clear: boolean;
  readonly json: boolean;
}

/** Lists the cache or takes it away, and prints what there was. */
export async function dataCache({ clear, json }: DataCacheOptions): Promise<void> {
  const folder = cacheFolder();
  const files = folder === undefined ? [] : await (clear ? clearCache(folder) : describeCache(folder));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (json) {
    printText(`${JSON.stringify({ folder: folder ?? null, cleared: clear, bytes, files })}\n`);
    return;
  }
  for (const { about, bytes, used } of files) {
    printText(`${showBytes(bytes).padStart(8)}  ${new Date(used).toISOString().slice(0, 16)}Z  ${about}\n`);
  }
  const place = folder === undefined ? "there is no cache (OUTGLOW_CACHE=off)" : folder;
  const count = `${files.length} ${files.length === 1 ? "set" : "sets"} of prepared images`;
  printText(`${place}: ${count}, ${showBytes(bytes)}${clear ? ", taken away" : ""}\n`);
}

/** Bytes as a person reads them. */
export function showBytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
