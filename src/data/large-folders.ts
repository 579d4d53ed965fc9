/** Folders of more images than a list in memory should hold, on a disk or a store: their paths piece by piece. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isStoreAddress, parseAddress, storeOf } from "../storage/index.ts";
import { walkInOrder } from "./containers/folder-tree.ts";
import { isKept } from "./containers/store-tree.ts";
import { systemPath } from "./files/path-bytes.ts";
import { foldersOf } from "./files/path-names.ts";
import { cifar10Format, cifar100Format } from "./formats/cifar-format.ts";
import { idxFormat } from "./formats/idx-format.ts";
import { areMasks, isImageName } from "./formats/image-files.ts";
import type { PreparationProblem } from "./image-source.ts";
import { tallyLeftOut } from "./source-summary.ts";

/** The images of a large folder. */
export interface LargeFolder {
  /** Their paths, whole, up to `size` at a time: of a disk in the order of `openImages`, but for links to folders, which come last; of a store in its own. To be gone through once. */
  pieces(size: number): AsyncGenerator<string[]>;
  /** What could not be opened, as far as pieces were taken. */
  readonly problems: readonly PreparationProblem[];
}

/** Files from which on a folder is large. Below, a list of all of them is a few megabytes. */
const usualLeast = 50_000;

/**
 * Opens a folder of images of which at least `least` files are there; undefined for smaller ones, for other data, and for what is no folder. Throws what the file system or the
 * store throws.
 */
export async function openLargeFolder(
  path: string,
  subject: string,
  least = usualLeast,
): Promise<LargeFolder | undefined> {
  const problems: PreparationProblem[] = [];
  const files = isStoreAddress(path) ? storeFiles(path, subject, problems) : await diskFiles(path, problems);
  if (!files) return undefined;
  const first: string[] = [];
  while (first.length < least) {
    const { done, value } = await files.next();
    if (done) return undefined;
    for (const file of value) first.push(file);
  }
  const isOther = (file: string): boolean => others.some(({ concerns }) => concerns(file));
  if (first.some(isOther) || !first.some(isWanted)) return undefined;
  return {
    problems,
    async *pieces(size) {
      let piece: string[] = [];
      for await (const some of both(first, files)) {
        for (const file of some) {
          if (!isWanted(file)) continue;
          piece.push(place(path, file));
          if (piece.length < size) continue;
          yield piece;
          piece = [];
        }
      }
      if (piece.length > 0) yield piece;
    },
  };
}

/** What is read in the place of images where both are. */
const others = [idxFormat, cifar10Format, cifar100Format];

/** Images but masks, which nobody asked for. */
function isWanted(file: string): boolean {
  return isImageName(file) && !areMasks(foldersOf(file));
}

function place(folder: string, file: string): string {
  return isStoreAddress(folder) ? `${folder.replace(/\/+$/, "")}/${file}` : join(folder, file);
}

async function* both(
  first: readonly string[],
  rest: AsyncGenerator<readonly string[]>,
): AsyncGenerator<readonly string[]> {
  yield first;
  yield* rest;
}

async function diskFiles(path: string, problems: PreparationProblem[]) {
  const isFolder = await stat(systemPath(path)).then(
    (status) => status.isDirectory(),
    () => false,
  );
  const walk = { dangling: new Set<string>(), problems, leftOut: tallyLeftOut() };
  return isFolder ? walkInOrder(path, { concerns: isImageName }, walk) : undefined;
}

async function* storeFiles(path: string, subject: string, problems: PreparationProblem[]): AsyncGenerator<string[]> {
  const address = parseAddress(path);
  if ("reason" in address) return;
  const { bucket, key } = address;
  const prefix = key === "" ? "" : `${key.replace(/\/+$/, "")}/`;
  const leftOut = tallyLeftOut();
  for await (const page of storeOf(subject).list({ bucket, prefix })) {
    const about = { bucket, prefix, concerns: isImageName };
    const kept = page.filter((object) => isKept(object, about, problems, leftOut));
    yield kept.map((object) => object.key.slice(prefix.length));
  }
}
