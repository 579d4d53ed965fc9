/** Images on their way to a model: from a cache where they were prepared before, else from their source and into the cache. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { imageSizeOf, isUserError, messageOf } from "../../base/index.ts";
import type { InputForm } from "../../pixels/index.ts";
import { decoderVersions } from "../decoding/decoder-version.ts";
import type { PreparedFile } from "../decoding/preparation.ts";
import { prepareImage } from "../decoding/preparation.ts";
import type { ImageSource } from "../image-source.ts";
import { mapInOrder, type OrderedOptions } from "../ordered.ts";
import {
  type CacheContents,
  type CacheWriter,
  cacheFileBytes,
  cacheFormat,
  readCacheFile,
  writeCacheFile,
} from "./cache-file.ts";
import { type CacheRoom, entryPath, makeRoom, touchEntry } from "./cache-folder.ts";

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

/** Opens the images of a source for a form. A cache that cannot be read or written is told of and left alone: nothing fails for it. */
export async function openPrepared(
  source: ImageSource,
  form: InputForm,
  cache: ImageCache | undefined,
): Promise<PreparedImages> {
  const from = (first: number, options: OrderedOptions): AsyncIterable<PreparedFile> =>
    mapInOrder(source.length - first, (index) => readAndPrepare(source, first + index, form), options);
  const plain: PreparedImages = {
    inOrder: (options) => from(0, options),
    keep: async () => {},
    finish: async () => {},
    close: async () => {},
  };
  if (!cache || source.length < leastImages || !source.identity) return plain;
  const identity = await source.identity();
  if (identity === undefined) return plain;
  const path = entryPath(cache.folder, keyOf(identity, form, cache));
  const { length, location } = source;
  const about = `${location}: ${length} images, ${form.channels}x${form.height}x${form.width}`;
  const contents = { count: length, size: imageSizeOf(form), about };
  const reader = await readCacheFile(path, contents);
  if (reader) {
    await touchEntry(path);
    cache.onNote?.(`${location}: ${length} prepared images from the cache`);
    let damaged = false;
    return {
      ...plain,
      async close() {
        await reader.close();
        if (damaged) await rm(path, { force: true }).catch(() => undefined);
      },
      async *inOrder(options) {
        for (let index = 0; index < length; index++) {
          const kept = reader.image(index) ?? (await reader.next(index));
          if (kept) yield kept;
          else {
            damaged = true;
            cache.onNote?.(`${location}: the cache is damaged in '${path}'; the images are read again`);
            return yield* from(index, options);
          }
        }
      },
    };
  }
  const tell = (reason: string): void => cache.onNote?.(`${location}: prepared images are not kept: ${reason}`);
  const writer = await openWriter(path, cache, contents).catch((error: unknown) => {
    tell(reasonOf(error));
    return undefined;
  });
  return writer ? keeping(source, plain, writer, { cache, identity, tell }) : plain;
}

interface Keeping {
  readonly cache: ImageCache;
  readonly identity: string;
  readonly tell: (reason: string) => void;
}

/** Images that are written while they pass. */
function keeping(
  { identity: lookAgain, length, location }: ImageSource,
  plain: PreparedImages,
  writer: CacheWriter,
  { cache, identity, tell }: Keeping,
): PreparedImages {
  const started = performance.now();
  let open = true;
  let unread = false;
  const guard = async (work: () => Promise<void>): Promise<void> => {
    try {
      if (open) await work();
    } catch (error) {
      open = false;
      tell(reasonOf(error));
    }
  };
  return {
    ...plain,
    keep: (prepared) =>
      guard(async () => {
        // Whatever kept a file from being read may pass.
        if ("reason" in prepared && prepared.reason.startsWith(unreadable)) unread = true;
        await writer.add(prepared);
      }),
    finish: () =>
      guard(async () => {
        const seconds = (performance.now() - started) / 1000;
        if (seconds < (cache.leastSeconds ?? 1)) return;
        if (unread) return tell("some could not be read");
        if ((await lookAgain?.()) !== identity) return tell("their files changed while they were read");
        await writer.finish();
        open = false;
        cache.onNote?.(`${location}: ${length} prepared images are kept in the cache`);
      }),
    close: () => writer.discard(),
  };
}

async function openWriter(path: string, cache: ImageCache, contents: CacheContents): Promise<CacheWriter> {
  const bytes = cacheFileBytes(contents);
  if (await makeRoom(cache, bytes)) return writeCacheFile(path, contents);
  throw new Error(`they take ${(bytes / 1e9).toFixed(1)} GB, and there is room for less`);
}

function reasonOf(error: unknown): string {
  return isUserError(error) && error.fault ? error.fault.got : messageOf(error);
}

/** Everything that pixels depend on. */
function keyOf(identity: string, form: InputForm, { version }: ImageCache): string {
  const { channels, height, width, background, sampleBits, sampleRange, deepRange, fit } = form;
  const { sharp, libvips } = decoderVersions();
  const preparation = { channels, height, width, background, sampleBits, sampleRange, deepRange, fit };
  const parts = { identity, preparation, versions: { cacheFormat, program: version, sharp, libvips } };
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

const unreadable = "cannot be read: ";

async function readAndPrepare(source: ImageSource, index: number, form: InputForm): Promise<PreparedFile> {
  const image = await source
    .read(index, form)
    .catch((error: unknown) => ({ reason: `${unreadable}${messageOf(error)}` }));
  return "reason" in image ? image : prepareImage(image, form);
}
