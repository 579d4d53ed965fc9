/** The cache of prepared images of a piece of work: who follows it hears of what is done with it. */
import type { ImageCache } from "../data/index.ts";
import { packageVersion } from "../detector/index.ts";
import type { Watch } from "./events.ts";

/** The cache that a caller allows; undefined where it allows none. */
export function imageCacheOf({ cache, onEvent }: Watch): ImageCache | undefined {
  return cache && { ...cache, version: packageVersion(), onNote: (text) => onEvent?.({ kind: "note", text }) };
}
