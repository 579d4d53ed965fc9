/** Object stores as file trees: what begins with a prefix as a folder, an object as an archive or a file. Only what is read is fetched. */
import { ConfigError } from "../../base/index.ts";
import {
  isStoreAddress,
  keyProblem,
  type ListedObject,
  type ObjectAddress,
  type ObjectStore,
  type OpenObject,
  parseAddress,
  showAddress,
  storeOf,
} from "../../storage/index.ts";
import { baseName, compareNames } from "../files/path-names.ts";
import type { FileContainer, FileTree, Opening, PreparationProblem, StoredFile } from "../image-source.ts";
import { type SourceLimits, tooLarge, tooLargeReason } from "../limits.ts";
import { type LeftOutTally, tallyLeftOut } from "../source-summary.ts";
import { litterOf } from "./archive-tree.ts";
import { litterName } from "./litter.ts";
import { isPattern, type PathPattern, readPattern } from "./pattern-tree.ts";
import { openTar, tarContainer } from "./tar-tree.ts";
import { openZip, zipContainer } from "./zip-tree.ts";

/** An address of a store. Throws as the store where it refuses or does not answer. */
export const storeContainer: FileContainer = {
  name: "store",
  matches: isStoreAddress,
  async open(path, opening) {
    const { subject, limits } = opening;
    const store = storeOf(subject);
    const address = addressOf(path, subject);
    const isFolder = address.key === "" || address.key.endsWith("/");
    const object = isFolder ? undefined : await store.open(address);
    if (!object) {
      const tree = await openPrefix(store, path, address, opening);
      // What exists is never a pattern.
      if (tree) return tree;
      const pattern = isPattern(address.key) ? readPattern(address.key) : undefined;
      const folder = pattern && { bucket: address.bucket, key: pattern.fixed };
      const matching = folder && (await openPrefix(store, showAddress(folder), folder, opening, pattern));
      if (matching && matching.files.length > 0) return { ...matching, location: path };
      const got = `nothing ${pattern ? "that matches" : "at"} '${path}'`;
      throw new ConfigError({ code: "not-found", subject, expected: "images", got });
    }
    const [isTar, isZip] = [tarContainer, zipContainer].map(({ matches }) => matches(path, false));
    if (isTar) return openTar(path, { ...object, steps: true }, opening);
    if (isZip) return openZip(path, object.read, object.size, opening);
    return {
      location: path,
      container: "file",
      files: [openedFile(path, object, limits)],
      problems: [],
      leftOut: tallyLeftOut(),
      companions: () => filesBeside(store, address, opening),
      places: () => [],
    };
  },
};

function addressOf(path: string, subject: string): ObjectAddress {
  const address = parseAddress(path);
  if (!("reason" in address)) return address;
  const expected = "an address such as s3://bucket/folder/";
  throw new ConfigError({ code: "out-of-range", subject, expected, got: address.reason });
}

/** An object by its address; undefined where nothing is there. Throws as the store. */
export async function openObjectAt(path: string, subject: string): Promise<OpenObject | undefined> {
  return storeOf(subject).open(addressOf(path, subject));
}

/** Everything whose key begins with that of a folder, or of it what a pattern matches; undefined where nothing does. */
async function openPrefix(
  store: ObjectStore,
  path: string,
  address: ObjectAddress,
  opening: Opening,
  pattern?: PathPattern,
): Promise<FileTree | undefined> {
  const { subject, limits } = opening;
  const { bucket, key } = address;
  const prefix = key === "" || key.endsWith("/") ? key : `${key}/`;
  const fileOf = fileMaker(store, { bucket, key: prefix }, limits);
  const problems: PreparationProblem[] = [];
  const leftOut = tallyLeftOut();
  const files: StoredFile[] = [];
  let listed = 0;
  for await (const page of store.list({ bucket, prefix })) {
    listed += page.length;
    for (const object of page) {
      const inside = object.key.slice(prefix.length);
      if (pattern && !pattern.found(inside)) continue;
      if (isKept(object, { bucket, prefix, ...opening }, problems, leftOut)) files.push(fileOf(inside, object.bytes));
    }
    if (files.length > limits.files) throw tooLarge(subject, "a folder", path, "files", limits);
  }
  if (listed === 0) return undefined;
  files.sort((a, b) => compareNames(a.path, b.path));
  return {
    location: path,
    container: "folder",
    files,
    problems,
    leftOut,
    companions: async () => files,
    places: () => [],
  };
}

/** Whether an object is a file that may be read; others are told of. */
export function isKept(
  { key, bytes }: ListedObject,
  { bucket, prefix, concerns }: { readonly bucket: string; readonly prefix: string } & Pick<Opening, "concerns">,
  problems: PreparationProblem[],
  leftOut: LeftOutTally,
): boolean {
  const inside = key.slice(prefix.length);
  const shown = showAddress({ bucket, key });
  // What consoles leave where a person makes a folder.
  if (inside === "" || (inside.endsWith("/") && bytes === 0)) return false;
  const problem = keyProblem(key);
  if (problem !== undefined) {
    if (concerns(inside)) problems.push({ name: shown, reason: `it cannot be asked for: ${problem}` });
    else leftOut.add("other", "object that cannot be asked for", shown);
    return false;
  }
  const litter = litterOf(inside);
  if (litter !== undefined) leftOut.add("litter", litter, shown);
  return litter === undefined;
}

/** What makes files of a prefix. Of each only its path and size are held: what it does is shared by all. */
function fileMaker(store: ObjectStore, { bucket, key: prefix }: ObjectAddress, limits: SourceLimits) {
  interface Held extends StoredFile {
    readonly bytes: number;
  }
  const addressOfFile = (path: string): ObjectAddress => ({ bucket, key: prefix + path });
  const shared: Omit<Held, "path" | "bytes"> & ThisType<Held> = {
    get shown() {
      return showAddress(addressOfFile((this as Held).path));
    },
    get readAt() {
      const { path, bytes } = this as Held;
      return store.parts(addressOfFile(path), bytes);
    },
    async size() {
      return this.bytes;
    },
    read() {
      return readObject(store, addressOfFile(this.path), limits);
    },
  };
  return (path: string, bytes: number): StoredFile =>
    Object.assign(Object.create(shared) as Omit<Held, "path" | "bytes">, { path, bytes });
}

/** An object that a list names. */
export function storeFile(path: string, limits: SourceLimits): Pick<StoredFile, "read"> {
  return {
    async read() {
      const address = parseAddress(path);
      if ("reason" in address) throw new Error(`its address is ${address.reason}`);
      return readObject(storeOf(`'${path}'`), address, limits);
    },
  };
}

async function readObject(store: ObjectStore, address: ObjectAddress, limits: SourceLimits): Promise<Uint8Array> {
  const bytes = await store.get(address, limits.fileBytes);
  if (!bytes) throw new Error("no such object");
  return bytes;
}

/** An object by itself, of which parts are known. */
function openedFile(path: string, { size, read }: OpenObject, limits: SourceLimits): StoredFile {
  return {
    path: baseName(path),
    shown: path,
    size: async () => size,
    async read() {
      if (size > limits.fileBytes) throw new Error(tooLargeReason(size, limits));
      return read(0, size);
    },
    readAt: read,
  };
}

/** What lies in the same folder as an object. */
async function filesBeside(
  store: ObjectStore,
  { bucket, key }: ObjectAddress,
  { limits }: Opening,
): Promise<StoredFile[]> {
  const prefix = key.slice(0, key.lastIndexOf("/") + 1);
  const fileOf = fileMaker(store, { bucket, key: prefix }, limits);
  const files: StoredFile[] = [];
  for await (const page of store.list({ bucket, prefix, flat: true })) {
    for (const object of page) {
      const name = object.key.slice(prefix.length);
      if (name !== "" && keyProblem(object.key) === undefined && litterName(name, false) === undefined) {
        files.push(fileOf(name, object.bytes));
      }
    }
    if (files.length > limits.files) break;
  }
  return files.sort((a, b) => compareNames(a.path, b.path));
}
