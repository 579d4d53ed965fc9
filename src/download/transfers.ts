/** A file from elsewhere: gone on with where it was left, compared with what is known of it, and given its name only then. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ConfigError, FormatError, messageOf, RunError, setting } from "../base/index.ts";
import { adoptUnfinished, syncFolder, unfinishedName } from "../data/index.ts";
import { Refusal, requestFile } from "./requests.ts";
import type { PublishedChecksum, RemoteFile } from "./sets.ts";

/** How files are transferred. */
export interface TransferOptions {
  /** Told of the bytes that are there, some times a second and at the end. */
  readonly onProgress?: ((file: RemoteFile, bytes: number) => void) | undefined;
  /** Whether a file of other content is replaced. */
  readonly replace?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without a byte after which a connection is given up. Default: a minute. */
  readonly patience?: number;
  /** Milliseconds before a lost connection is opened again, and as much more each time. Default: a second. */
  readonly delay?: number;
}

/** Connections that bring nothing, one after another, before a file is given up. */
const mostFailures = 5;

const progressInterval = 200;

/**
 * Brings a file to a path and says whether it was there already. What a killed process left of it is gone on with; another process that does the same at the same time
 * writes a file of its own. Throws ConfigError where another file is in its place, FormatError where what comes is not the file, RunError where the
 * connection or the disk fails, the signal's reason where it calls the work off. What has come stays for the next time but where it was wrong.
 */
export async function transferFile(
  file: RemoteFile,
  path: string,
  options: TransferOptions = {},
): Promise<"present" | "transferred"> {
  await mkdir(dirname(path), { recursive: true });
  const present = await stat(path).catch(() => undefined);
  if (present) {
    if (present.size === file.bytes && (await hashOf(path, file.checksum)) === file.checksum.hex) return "present";
    if (!options.replace) throw occupied(file, path);
  }
  const partial = unfinishedName(path);
  const adopted = await adoptUnfinished(path, partial);
  await checkSpace(file, path);
  try {
    await fill(file, partial, options);
    if (await isWrong(file, partial)) {
      // What was left may have been of something else.
      await rm(partial, { force: true });
      if (!adopted) throw wrongContent(file);
      await fill(file, partial, options);
      if (await isWrong(file, partial)) {
        await rm(partial, { force: true });
        throw wrongContent(file);
      }
    }
    await rename(partial, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw error instanceof Error && "syscall" in error && !options.signal?.aborted
      ? failed(file, messageOf(error))
      : error;
  }
  return "transferred";
}

/** Asks for what is missing until all is there. */
async function fill(file: RemoteFile, partial: string, options: TransferOptions): Promise<void> {
  const { signal, onProgress, patience = 60_000, delay = 1000 } = options;
  const handle = await open(partial, "a+", 0o666);
  try {
    let bytes = (await handle.stat()).size;
    if (bytes > file.bytes) {
      await handle.truncate(0);
      bytes = 0;
    }
    let failures = 0;
    while (bytes < file.bytes) {
      const before = bytes;
      try {
        bytes = await receive(file, handle, bytes, { ...options, patience });
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Refusal) throw refused(file, error.message);
        bytes = (await handle.stat()).size;
        failures = bytes > before ? 1 : failures + 1;
        if (failures >= mostFailures) throw failed(file, messageOf(error));
        await pause(failures * delay, undefined, { signal });
      }
    }
    await handle.sync();
    onProgress?.(file, bytes);
  } finally {
    await handle.close();
  }
}

/** Adds what one connection brings, and says how much is there then. */
async function receive(
  file: RemoteFile,
  handle: FileHandle,
  from: number,
  { onProgress, signal, patience = 0 }: TransferOptions,
): Promise<number> {
  const answer = await requestFile(file.url, { from, patience, signal });
  try {
    const { statusCode = 0, headers } = answer;
    if (statusCode >= 500 || statusCode === 429 || statusCode === 408) throw new Error(`HTTP ${statusCode}`);
    if (statusCode !== 200 && statusCode !== 206) throw new Refusal(`HTTP ${statusCode}`);
    if (/^text\/html/.test(headers["content-type"] ?? "")) throw new Refusal("a page of text");
    const start =
      statusCode === 206 ? startOf(headers["content-range"]) : { at: 0, of: Number(headers["content-length"]) };
    if (!Number.isNaN(start.of) && start.of !== file.bytes) throw new Refusal(`${start.of} bytes`);
    if (start.at !== from && start.at !== 0) throw new Refusal(`bytes from ${start.at} on instead of ${from}`);
    // A server that knows no parts sends all of it.
    if (start.at !== from) await handle.truncate(0);
    let bytes = start.at;
    let told = performance.now();
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if (bytes + chunk.length > file.bytes) throw new Refusal(`more than ${file.bytes} bytes`);
      await handle.appendFile(chunk);
      bytes += chunk.length;
      if (performance.now() - told >= progressInterval) {
        onProgress?.(file, bytes);
        told = performance.now();
      }
    }
    if (bytes < file.bytes) throw new Error(`an end after ${bytes} of ${file.bytes} bytes`);
    return bytes;
  } finally {
    answer.destroy();
  }
}

/** `bytes 5-9/10`: where a part begins, and how long the whole is. */
function startOf(range = ""): { readonly at: number; readonly of: number } {
  const [, at = "NaN", of = "NaN"] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
  return { at: Number(at), of: Number(of) };
}

async function isWrong(file: RemoteFile, path: string): Promise<boolean> {
  return (await hashOf(path, file.checksum)) !== file.checksum.hex;
}

async function hashOf(path: string, { algorithm }: PublishedChecksum): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function checkSpace({ name, bytes }: RemoteFile, path: string): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize > bytes) return;
  throw new RunError({
    code: "unwritable",
    subject: `'${path}'`,
    expected: `room for ${bytes} bytes of ${name}`,
    got: `${bavail * bsize}`,
    remedy: { key: "choose-another" },
  });
}

function occupied({ url }: RemoteFile, path: string): ConfigError {
  return new ConfigError({
    code: "exists",
    subject: `'${path}'`,
    expected: `the file of '${url}' or none`,
    got: "another one",
    remedy: { key: "other", text: `choose another ${setting("out")}, or ${setting("force")} to replace it` },
  });
}

function refused({ url, bytes }: RemoteFile, got: string): FormatError {
  return new FormatError({
    code: "mismatch",
    subject: `'${url}'`,
    expected: `a file of ${bytes} bytes`,
    got,
    remedy: { key: "other", text: "the home of the data set may have moved or be out of order; try again later" },
  });
}

function wrongContent({ url, checksum: { algorithm, hex, source } }: RemoteFile): FormatError {
  return new FormatError({
    code: "damaged",
    subject: `'${url}'`,
    expected: `a file of ${algorithm} ${hex} (${source})`,
    got: "another one",
    remedy: { key: "other", text: "nothing of it was kept; try again later" },
  });
}

function failed({ url }: RemoteFile, got: string): RunError {
  return new RunError({
    code: "unreadable",
    subject: `'${url}'`,
    expected: "a connection that lasts",
    got,
    remedy: { key: "other", text: "what has come is kept; run it again to go on" },
  });
}
