/**
 * sharp, loaded when it is first needed: it takes 80 ms of processor time, and small plain PNG and JPEG files are decoded without it. A
 * static import would run before any statement of ours, so there is none.
 */
import { createRequire } from "node:module";

type SharpLibrary = typeof import("sharp").default;

const load = createRequire(import.meta.url);

/** What draws and decodes by libvips. */
export function sharpLibrary(): SharpLibrary {
  return load("sharp") as SharpLibrary;
}
