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

/** Where the build puts the pages: beside this file. */
export const pagesFolder = new URL("./pages/", import.meta.url);

/** Finds the files of the pages by path, such as `/assets/index-1a2b3c.js`. Throws ConfigError where they were not built. */
export async function openPages(folder: URL): Promise<(path: string) => Promise<PageFile | undefined>> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const paths = new Map(
    names.map((name): [string, URL] => [`/${name.replaceAll("\\", "/")}`, new URL(encodeURI(name), folder)]),
  );
  if (!paths.has("/index.html")) {
    throw new ConfigError({
      code: "not-found",
      subject: "studio",
      expected: "its pages beside the program",
      got: "none",
      remedy: { key: "other", text: "build them with npm run build:web" },
    });
  }
  const read = new Map<string, Promise<PageFile | undefined>>();
  return (path) => {
    const wanted = path === "/" ? "/index.html" : path;
    const url = paths.get(wanted);
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
