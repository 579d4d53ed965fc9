/** The built pages: files that are read once, each under its own name and nothing else. */
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";
import { ConfigError } from "../base/index.ts";

/** A file of the pages. */
export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** Whether its name says what is in it, so that it may be kept for good. */
  readonly lasting: boolean;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Where the build puts the pages, seen from this folder and from that of the built command line. */
export const pagesFolder = new URL("../studio/pages/", import.meta.url);

/** Where the engine's binaries lie that the pages ask for: they are large, and the library for browsers has the same. */
const engineFolder = new URL("../web/", import.meta.url);

/** The built files by path, such as `assets/index-1a2b3c.js`. Throws ConfigError where the pages were not built. */
export async function builtFiles(folder: URL): Promise<ReadonlyMap<string, URL>> {
  const pages = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const engine = await readdir(new URL("assets/", engineFolder)).catch((): string[] => []);
  const paths = new Map([
    ...engine.map((name): [string, URL] => [`assets/${name}`, new URL(`assets/${name}`, engineFolder)]),
    ...pages.map((name): [string, URL] => [name.replaceAll("\\", "/"), new URL(encodeURI(name), folder)]),
  ]);
  if (paths.has("index.html")) return paths;
  throw new ConfigError({
    code: "not-found",
    subject: "studio",
    expected: "its pages beside the program",
    got: "none",
    remedy: { key: "other", text: "build them with npm run build:web" },
  });
}

/** Finds the files of the pages by path, such as `/assets/index-1a2b3c.js`. Throws ConfigError where they were not built. */
export async function openPages(folder: URL): Promise<(path: string) => Promise<PageFile | undefined>> {
  const paths = await builtFiles(folder);
  const read = new Map<string, Promise<PageFile | undefined>>();
  return (path) => {
    const wanted = path === "/" ? "/index.html" : path;
    const url = paths.get(wanted.slice(1));
    const type = types[extname(wanted)];
    if (!url || !type) return Promise.resolve(undefined);
    const known =
      read.get(wanted) ??
      readFile(url).then((bytes) => ({
        bytes: new Uint8Array(bytes),
        type,
        lasting: wanted.startsWith("/assets/"),
      }));
    read.set(wanted, known);
    return known;
  };
}
