/** What a person chose: files, folders and zip archives, as a list of images and of what was left out. Nothing is read that need not be. */
import { Unzip, UnzipInflate } from "fflate";
import type { NamedBlob } from "../engine/index.ts";

/** What was chosen. */
export interface Chosen {
  /** Images by their paths, in the order of these. */
  readonly images: readonly NamedBlob[];
  /** Files of a detector, where there is one among what was chosen. */
  readonly detector: readonly NamedBlob[];
  /** How many files were left out, and for what reason. */
  readonly leftOut: readonly { readonly reason: string; readonly count: number }[];
}

/** Files that a page holds at most, and bytes that may come out of archives: a phone has little memory. */
const mostFiles = 50_000;
const mostUnpacked = 2 ** 30;
const mostDepth = 32;

const imageName = /\.(png|jpe?g|webp|avif)$/i;
const detectorName = /\.(json|onnx|safetensors)$/;

/** A tally of what is left out. */
interface Sorting {
  readonly found: NamedBlob[];
  readonly leftOut: Map<string, number>;
  readonly signal: AbortSignal;
}

/** Goes through everything that was dropped. Throws the signal's reason. */
export async function filesOfDrop(transfer: DataTransfer, signal: AbortSignal): Promise<Chosen> {
  // Entries must be taken before the first wait: a drop's items are gone after that.
  const entries = Array.from(transfer.items, (item) => (item.kind === "file" ? item.webkitGetAsEntry() : null));
  const files = Array.from(transfer.files);
  const sorting: Sorting = { found: [], leftOut: new Map(), signal };
  if (entries.every((entry) => entry === null)) return filesOfList(files, signal);
  for (const entry of entries) if (entry) await walk(entry, "", 0, sorting);
  return sort(sorting);
}

/** Goes through the files of an input. Throws the signal's reason. */
export function filesOfList(files: Iterable<File>, signal: AbortSignal): Promise<Chosen> {
  const sorting: Sorting = { found: [], leftOut: new Map(), signal };
  for (const file of files) add(sorting, file.webkitRelativePath || file.name, file);
  return sort(sorting);
}

function leaveOut({ leftOut }: Sorting, reason: string): void {
  leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
}

function add(sorting: Sorting, name: string, blob: Blob): void {
  if (sorting.found.length >= mostFiles)
    leaveOut(sorting, `beyond ${mostFiles.toLocaleString()} files, which is as many as a page takes`);
  else sorting.found.push({ name, blob });
}

async function walk(entry: FileSystemEntry, path: string, depth: number, sorting: Sorting): Promise<void> {
  sorting.signal.throwIfAborted();
  const name = path + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    ).catch(() => undefined);
    if (file) add(sorting, name, file);
    else leaveOut(sorting, "cannot be read");
    return;
  }
  if (depth >= mostDepth) return leaveOut(sorting, "in folders too deep");
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A browser tells a hundred entries at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject)).catch(
      () => [],
    );
    if (some.length === 0) return;
    for (const one of some) await walk(one, `${name}/`, depth + 1, sorting);
  }
}

async function sort(sorting: Sorting): Promise<Chosen> {
  const archives = sorting.found.filter(({ name }) => /\.zip$/i.test(name));
  const plain = sorting.found.filter(({ name }) => !/\.zip$/i.test(name));
  sorting.found.splice(0, sorting.found.length, ...plain);
  let room = mostUnpacked;
  for (const { name, blob } of archives) room = await unpack(name, blob, room, sorting);
  const { found } = sorting;
  const isDetector = found.some(({ name }) => baseName(name) === "detector.json");
  const detector = isDetector ? found.filter(({ name }) => detectorName.test(name)) : [];
  const images: NamedBlob[] = [];
  for (const one of found) {
    if (imageName.test(one.name) && !/(^|\/)(__MACOSX\/|\._)/.test(one.name)) images.push(one);
    else if (!detector.includes(one)) leaveOut(sorting, "neither PNG, JPEG, WebP nor AVIF by their names");
  }
  images.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { images, detector, leftOut: Array.from(sorting.leftOut, ([reason, count]) => ({ reason, count })) };
}

function baseName(path: string): string {
  return path.split("/").at(-1)!;
}

/** Unpacks an archive piece by piece, so that nothing stands still, and says how many bytes are still allowed after it. */
async function unpack(archive: string, blob: Blob, room: number, sorting: Sorting): Promise<number> {
  let left = room;
  let broken = false;
  const unzip = new Unzip((file) => {
    if (file.name.endsWith("/")) return;
    if (!(imageName.test(file.name) || detectorName.test(file.name)))
      return leaveOut(sorting, "neither PNG, JPEG, WebP nor AVIF by their names");
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    file.ondata = (error, piece, last) => {
      if (error) return leaveOut(sorting, "damaged within an archive");
      left -= piece.length;
      if (left < 0) {
        file.terminate();
        return leaveOut(sorting, "beyond a gigabyte out of archives; unpack them and choose the folder");
      }
      pieces.push(new Uint8Array(piece));
      if (last) add(sorting, `${archive}/${file.name}`, new Blob(pieces));
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  const reader = blob.stream().getReader();
  for (;;) {
    sorting.signal.throwIfAborted();
    const { done, value } = await reader.read();
    try {
      unzip.push(value ?? new Uint8Array(0), done);
    } catch {
      broken = true;
    }
    if (done || broken || left < 0) break;
  }
  await reader.cancel().catch(() => undefined);
  if (broken) leaveOut(sorting, "archives that are damaged or no zip");
  return Math.max(0, left);
}
