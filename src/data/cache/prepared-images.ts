/** Images on their way to a model: from a cache where they were prepared before, else from their source and into the cache. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { imageSizeOf, isUserError, messageOf } from "../../base/index.ts";
import type { InputForm } from "../../pixels/index.ts";
import { decoderVersions } from "../decoding/decoder-version.ts";
import type { PreparedFile } from "../decoding/preparation.ts";
import { prepareImage } from "../decoding/preparation.ts";
import { concernsAll, type ImageSource, type SourceFiles } from "../image-source.ts";
import { mapInOrder, type OrderedOptions } from "../ordered.ts";
import {
  type CacheReader,
  type CacheWriter,
  cacheFileBytes,
  cacheFormat,
  readCacheFile,
  writeCacheFile,
} from "./cache-file.ts";
import { type CacheRoom, entryPath, makeRoom, touchEntry } from "./cache-folder.ts";
import { groupFiles, isGroupUnchanged, isSettled, stampOf } from "./stamps.ts";

/** Where prepared images are kept. */
export interface ImageCache extends CacheRoom {
  /** The version of the program: images that another one prepared are not used. */
  readonly version: string;
  /** Told in words what was done with the cache, or why it could not be used. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Seconds of work below which nothing is kept. Default: 1. */
  readonly leastSeconds?: number;
}

/** Fewer images are prepared sooner than looked for. */
const leastImages = 16;

/** The images of a source, prepared. */
export interface PreparedImages {
  /** All of them in order, to be asked for once. */
  inOrder(options: OrderedOptions): AsyncIterable<PreparedFile>;
  /** Keeps what was asked for, if it is worth it; to be called with every image in order. */
  keep(prepared: PreparedFile): Promise<void>;
  /** Puts what was kept into the cache; to be called after the last image. */
  finish(): Promise<void>;
  /** Lets go of everything; after `finish` or instead. */
  close(): Promise<void>;
}

/** Prepared images of a source, their files, and the place in the cache that is theirs. */
interface Entry {
  readonly source: ImageSource;
  readonly files: SourceFiles;
  readonly form: InputForm;
  readonly cache: ImageCache;
  readonly path: string;
  readonly tell: (text: string) => void;
}

/** Opens the images of a source for a form. A cache that cannot be read or written is told of and left alone: nothing fails for it. */
export async function openPrepared(
  source: ImageSource,
  form: InputForm,
  cache: ImageCache | undefined,
): Promise<PreparedImages> {
  const plain: PreparedImages = {
    inOrder: (options) => readRange(source, form, [0, source.length], options),
    keep: async () => {},
    finish: async () => {},
    close: async () => {},
  };
  const files = cache && source.length >= leastImages ? source.files?.() : undefined;
  if (!cache || !files) return plain;
  const path = entryPath(cache.folder, keyOf(files, form, cache));
  const tell = (text: string): void => cache.onNote?.(`${source.location}: ${text}`);
  const entry: Entry = { source, files, form, cache, path, tell };
  const reader = await readCacheFile(path, { count: source.length, size: imageSizeOf(form) });
  if (reader) {
    if (await isOfTheseFiles(reader, files)) return fromCache(entry, reader);
    await reader.close();
  }
  const keeper = await openKeeper(entry, cache.leastSeconds ?? 1);
  return { ...plain, ...keeper };
}

/** Whether nothing of the files is known to have changed: of files with an image each, those of the first group are looked at, the others in time. */
async function isOfTheseFiles({ stamps }: CacheReader, files: SourceFiles): Promise<boolean> {
  return files.apart ? isGroupUnchanged(files, 0, stamps) : stamps.equals((await stampOf(files)).digests);
}

/**
 * Images from a file of the cache. Where each has a file of its own, files are looked at in groups, right before their images are used: work on the first ones
 * begins while the state of two hundred thousand is not known yet, and of what has changed only its groups are read again.
 */
async function fromCache(entry: Entry, reader: CacheReader): Promise<PreparedImages> {
  const { source, files, form, path, tell } = entry;
  const { length } = source;
  await touchEntry(path);
  tell(`${length} prepared images from the cache`);
  let damaged = false;
  let renewal: Keeper | undefined;
  return {
    async *inOrder(options) {
      for (let first = 0; first < length; first += groupFiles) {
        const end = Math.min(length, first + groupFiles);
        if (files.apart && !isGroupUnchanged(files, first / groupFiles, reader.stamps)) {
          if (!renewal) {
            tell("some files are not as they were; they are read again");
            renewal = await renew(entry, first);
          }
          yield* readRange(source, form, [first, end], options);
          continue;
        }
        for (let index = first; index < end; index++) {
          const kept = reader.image(index) ?? (await reader.next(index));
          if (kept) yield kept;
          else {
            damaged = true;
            tell(`the cache is damaged in '${path}'; the images are read again`);
            return yield* readRange(source, form, [index, length], options);
          }
        }
      }
    },
    keep: async (prepared) => renewal?.keep(prepared),
    finish: async () => (damaged ? undefined : renewal?.finish()),
    async close() {
      await reader.close();
      await renewal?.close();
      if (damaged) await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

/** A keeper that has the first `count` images of the cache already. */
async function renew(entry: Entry, count: number): Promise<Keeper> {
  const keeper = await openKeeper(entry, 0);
  const reader = await readCacheFile(entry.path, { count: entry.source.length, size: imageSizeOf(entry.form) });
  for (let index = 0; index < count; index++) {
    const kept = reader && (reader.image(index) ?? (await reader.next(index)));
    if (!kept) {
      // Damaged since they were used; the next run finds that.
      await keeper.close();
      break;
    }
    await keeper.keep(kept);
  }
  await reader?.close();
  return keeper;
}

type Keeper = Pick<PreparedImages, "keep" | "finish" | "close">;

/** What keeps images while they pass; does nothing where they cannot be kept. */
async function openKeeper({ source, files, form, cache, path, tell }: Entry, least: number): Promise<Keeper> {
  const { length, location } = source;
  const refuse = (reason: string): void => tell(`prepared images are not kept: ${reason}`);
  const stamp = await stampOf(files);
  let writer: CacheWriter | undefined;
  // What was listed when the source was opened is of no later state.
  if (isSettled(stamp, files.listed)) {
    const about = `${location}: ${length} images, ${form.channels}x${form.height}x${form.width}`;
    const contents = { count: length, size: imageSizeOf(form), about, stamps: stamp.digests };
    writer = await openWriter(path, cache, contents).catch((error: unknown) => {
      refuse(reasonOf(error));
      return undefined;
    });
  }
  const started = performance.now();
  let open = writer !== undefined;
  let unread = false;
  const guard = async (work: (writer: CacheWriter) => Promise<void>): Promise<void> => {
    try {
      if (open) await work(writer!);
    } catch (error) {
      open = false;
      refuse(reasonOf(error));
    }
  };
  return {
    keep: (prepared) =>
      guard(async (file) => {
        // Whatever kept a file from being read may pass.
        if ("reason" in prepared && prepared.reason.startsWith(unreadable)) unread = true;
        await file.add(prepared);
      }),
    finish: () =>
      guard(async (file) => {
        if ((performance.now() - started) / 1000 < least) return;
        if (unread) return refuse("some could not be read");
        const now = await stampOf(files);
        if (!now.digests.equals(stamp.digests)) return refuse("their files changed while they were read");
        await file.finish();
        open = false;
        tell(`${length} prepared images are kept in the cache`);
      }),
    async close() {
      open = false;
      await writer?.discard();
    },
  };
}

async function openWriter(path: string, cache: ImageCache, contents: Parameters<typeof writeCacheFile>[1]) {
  const bytes = cacheFileBytes(contents);
  if (await makeRoom(cache, bytes)) return writeCacheFile(path, contents);
  throw new Error(`they take ${(bytes / 1e9).toFixed(1)} GB, and there is room for less`);
}

function reasonOf(error: unknown): string {
  return isUserError(error) && error.fault ? error.fault.got : messageOf(error);
}

/** Everything that pixels depend on beside the state of the files, which stands in the file of the cache. */
function keyOf(files: SourceFiles, form: InputForm, { version }: ImageCache): string {
  const { channels, height, width, background, sampleBits, sampleRange, deepRange, fit } = form;
  const { sharp, libvips } = decoderVersions();
  const preparation = { channels, height, width, background, sampleBits, sampleRange, deepRange, fit };
  const versions = { cacheFormat, program: version, sharp, libvips };
  const { about, apart, count } = files;
  const hash = createHash("sha256").update(JSON.stringify({ about, apart, count, preparation, versions }));
  for (let first = 0; first < count; first += groupFiles) {
    let text = "";
    for (let index = first; index < Math.min(count, first + groupFiles); index++) text += `${files.at(index).name}\0`;
    hash.update(text);
  }
  return hash.digest("hex");
}

const unreadable = "cannot be read: ";

/** Images of a source, from one on to before another, read and prepared. */
function readRange(
  source: ImageSource,
  form: InputForm,
  [first, end]: readonly [number, number],
  options: OrderedOptions,
): AsyncGenerator<PreparedFile, void, void> {
  return mapInOrder(end - first, (index) => readAndPrepare(source, first + index, form), options);
}

async function readAndPrepare(source: ImageSource, index: number, form: InputForm): Promise<PreparedFile> {
  const image = await source.read(index, form).catch((error: unknown) => {
    if (concernsAll(error)) throw error;
    return { reason: `${unreadable}${messageOf(error)}` };
  });
  return "reason" in image ? image : prepareImage(image, form);
}
