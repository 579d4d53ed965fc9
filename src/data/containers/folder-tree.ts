/** Folders and lone files as file trees. */
import { close, type Dirent, fstat, open, read, type Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../../base/index.ts";
import type { NamedPlace } from "../cache/stamps.ts";
import { nameOfBytes, systemPath } from "../files/path-bytes.ts";
import { compareNames, showPath } from "../files/path-names.ts";
import type { FileContainer, FileTree, Opening, PreparationProblem, StoredFile } from "../image-source.ts";
import { type SourceLimits, tooLarge, tooLargeReason } from "../limits.ts";
import { type LeftOutTally, tallyLeftOut } from "../source-summary.ts";
import { readerOf } from "./lazy-file.ts";
import { litterName } from "./litter.ts";

/** Not those of `node:fs/promises`, whose file handles cost as much again as reading a small file. */
const [openFile, statFile, readFile, closeFile] = [
  promisify(open),
  promisify(fstat),
  promisify(read),
  promisify(close),
];

/** A folder with everything below it, every real folder once. Links are followed, litter and hidden files left out and counted. */
export const folderContainer: FileContainer = {
  name: "folder",
  matches: (_, isFolder) => isFolder,
  open: (path, opening) => openFolder(path, opening),
};

/** Opens a folder, or of it the folders that `enters` names, by their paths from it on. */
export async function openFolder(
  path: string,
  opening: Opening,
  enters: (inside: string) => boolean = () => true,
): Promise<FileTree> {
  const { paths, dangling, problems, leftOut } = await walkFolder(path, opening, enters);
  paths.sort(compareNames);
  const show = (inside: string): string => showPath(path, inside);
  const fileOf = fileMaker(path, show, opening.limits);
  const files = paths.map((inside) => (dangling.has(inside) ? danglingFile(inside, show(inside)) : fileOf(inside)));
  const places = (some: readonly StoredFile[]): readonly NamedPlace[] =>
    some.map((file) => ({ name: file.path, place: join(path, file.path) }));
  return { location: path, container: "folder", files, problems, leftOut, companions: async () => files, places };
}

/** One file by itself. */
export const fileContainer: FileContainer = {
  name: "file",
  matches: (_, isFolder) => !isFolder,
  async open(path, { limits }) {
    const folder = dirname(path);
    const beside = fileMaker(folder, (name) => join(folder, name), limits);
    return {
      location: path,
      container: "file",
      files: [fileMaker(folder, () => path, limits)(basename(path))],
      problems: [],
      leftOut: tallyLeftOut(),
      async companions() {
        const names = (await readdir(folder)).filter((name) => litterName(name, false) === undefined);
        return names.sort(compareNames).map(beside);
      },
      places: () => [{ name: basename(path), place: path }],
    };
  },
};

/** A file that a list names, wherever it lies. What is no plain file is not opened: a pipe would keep its reader waiting. */
export function listedFile(path: string, limits: SourceLimits): Pick<StoredFile, "read"> {
  return {
    async read() {
      const place = systemPath(path);
      if (path.includes("\0")) throw new Error("its path holds a zero byte");
      if (!(await stat(place)).isFile()) throw new Error("it is no file");
      return readWhole(place, limits);
    },
  };
}

/**
 * What makes files of a folder. Of each only the path is held, and what it does is shared by all: with functions and texts of its own a file
 * takes a thousand bytes, and there may be a million.
 */
function fileMaker(folder: string, shownAs: (path: string) => string, limits: SourceLimits) {
  const placeOf = (path: string): string => join(folder, path);
  const shared: Omit<StoredFile, "path"> & ThisType<StoredFile> = {
    get shown() {
      return shownAs((this as StoredFile).path);
    },
    get place() {
      return placeOf((this as StoredFile).path);
    },
    get readAt() {
      return readerOf(placeOf((this as StoredFile).path));
    },
    async size() {
      return (await stat(systemPath(placeOf(this.path)))).size;
    },
    read() {
      return readWhole(systemPath(placeOf(this.path)), limits);
    },
  };
  return (path: string): StoredFile => Object.assign(Object.create(shared) as Omit<StoredFile, "path">, { path });
}

/** A link to nothing. */
function danglingFile(path: string, shown: string): StoredFile {
  const refuse = () => Promise.reject(new Error("the link leads nowhere"));
  return { path, shown, size: refuse, read: refuse };
}

/** As `readFile` of node:fs, which opens, asks for the size, reads and closes as well, with a limit of our own between. */
async function readWhole(path: string | Buffer, limits: SourceLimits): Promise<Uint8Array> {
  const file = await openFile(path, "r");
  try {
    const status: Stats = await statFile(file);
    if (!status.isFile()) throw new Error("it is no file");
    if (status.size > limits.fileBytes) throw new Error(tooLargeReason(status.size, limits));
    const bytes = Buffer.allocUnsafeSlow(status.size);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await readFile(file, bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled === bytes.length ? bytes : bytes.subarray(0, filled);
  } finally {
    await closeFile(file);
  }
}

interface Walk {
  /** Paths of all files, from the folder on. */
  readonly paths: string[];
  /** Those that are links to nothing. */
  readonly dangling: Set<string>;
  readonly problems: PreparationProblem[];
  readonly leftOut: LeftOutTally;
}

async function walkFolder(root: string, opening: Opening, enters: (inside: string) => boolean): Promise<Walk> {
  const walk: Walk = { paths: [], dangling: new Set(), problems: [], leftOut: tallyLeftOut() };
  for await (const files of walkInOrder(root, opening, walk, enters)) {
    for (const file of files) walk.paths.push(file);
    if (walk.paths.length > opening.limits.files)
      throw tooLarge(opening.subject, "a folder", root, "files", opening.limits);
  }
  return walk;
}

/**
 * Goes through a folder: the paths of its files from it on, some at a time, in the order of their names. Real folders come before links to folders, so that a file is named by its
 * real path where it has one, and a link is followed only to a folder that was not walked before. Memory holds the names of one folder, and those of all folders.
 */
export async function* walkInOrder(
  root: string,
  { concerns }: Pick<Opening, "concerns">,
  walk: Omit<Walk, "paths">,
  enters: (inside: string) => boolean = () => true,
): AsyncGenerator<readonly string[]> {
  const walked = new Set<string>();
  const links: string[] = [];
  async function* enter(inside: string): AsyncGenerator<readonly string[]> {
    const shown = inside === "" ? root : showPath(root, inside);
    let names: string[];
    try {
      const real = await realPath(join(root, inside));
      if (walked.has(real)) return walk.leftOut.add("again", "link to a folder", shown);
      walked.add(real);
      const found = await listFolder(root, inside, concerns, walk);
      for (const path of found.links) if (enters(path)) links.push(path);
      names = [...found.files, ...found.folders.filter(enters).map((path) => `${path}/`)].sort(compareNames);
    } catch (error) {
      if (inside === "" || !isSystemError(error)) throw error;
      walk.problems.push({ name: shown, reason: `folder cannot be read: ${messageOf(error)}` });
      return;
    }
    let files: string[] = [];
    for (const name of names) {
      if (!name.endsWith("/")) files.push(name);
      else {
        if (files.length > 0) yield files;
        files = [];
        yield* enter(name.slice(0, -1));
      }
    }
    if (files.length > 0) yield files;
  }
  yield* enter("");
  for (let link = links.shift(); link !== undefined; link = links.shift()) yield* enter(link);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

async function realPath(path: string): Promise<string> {
  const place = systemPath(path);
  return typeof place === "string" ? realpath(place) : nameOfBytes(await realpath(place, { encoding: "buffer" }));
}

/** One folder: its files, the folders in it and the links to folders, these in the order of names. */
async function listFolder(root: string, inside: string, concerns: Opening["concerns"], walk: Omit<Walk, "paths">) {
  const files: string[] = [];
  const folders: string[] = [];
  const links: string[] = [];
  const entries = await readEntries(join(root, inside));
  const followed = await Promise.all(
    entries.map(({ name, entry }) => (entry.isSymbolicLink() ? follow(join(root, inside, name)) : undefined)),
  );
  for (const [index, { name, entry }] of entries.entries()) {
    const path = inside === "" ? name : `${inside}/${name}`;
    const target = followed[index];
    const isFolder = target === undefined ? entry.isDirectory() : target.kind === "folder";
    const litter = litterName(name, isFolder);
    if (litter !== undefined) {
      walk.leftOut.add("litter", `${litter} ${isFolder ? "folder" : "file"}`, showPath(root, path));
    } else if (isFolder) (target ? links : folders).push(path);
    else if (target?.kind === "nothing") {
      // A link with the name of an image is one that is missed.
      if (concerns(path)) {
        walk.dangling.add(path);
        files.push(path);
      } else walk.problems.push({ name: showPath(root, path), reason: target.reason });
    } else if (target === undefined ? entry.isFile() : target.kind === "file") files.push(path);
    else walk.leftOut.add("other", "special file", showPath(root, path));
  }
  return { files, folders, links: links.sort(compareNames) };
}

type Entry = Dirent<string> | Dirent<Buffer>;

/** The entries of a folder with their names, bytes that are no UTF-8 included. */
async function readEntries(folder: string): Promise<{ readonly name: string; readonly entry: Entry }[]> {
  const place = systemPath(folder);
  const entries = await readdir(place, { withFileTypes: true });
  if (!entries.some(({ name }) => name.includes("\ufffd")))
    return entries.map((entry) => ({ name: entry.name, entry }));
  const exact = await readdir(place, { withFileTypes: true, encoding: "buffer" });
  return exact.map((entry) => ({ name: nameOfBytes(entry.name), entry }));
}

type Target = { readonly kind: "file" | "folder" | "special" } | { readonly kind: "nothing"; readonly reason: string };

async function follow(path: string): Promise<Target> {
  try {
    const target = await stat(systemPath(path));
    return { kind: target.isFile() ? "file" : target.isDirectory() ? "folder" : "special" };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      kind: "nothing",
      reason: code === "ENOENT" ? "the link leads nowhere" : `cannot be read: ${messageOf(error)}`,
    };
  }
}
