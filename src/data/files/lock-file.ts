/**
 * Locks that processes take by making a file. It appears with its content, so that exactly one of several takes it; it tells who holds it,
 * so that one whose holder was killed can be taken away; and only its own holder gives it back.
 */
import { createHash, randomBytes } from "node:crypto";
import { link, open, readFile, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fateOf, isRunning, ownMark, type ProcessMark, startTime } from "./process-mark.ts";
import { temporaryName } from "./temporary-names.ts";

/** Who holds a lock. */
export interface LockHolder {
  /** Null where the lock does not tell. */
  readonly pid: number | null;
  readonly host: string | null;
  /** Since when, ISO 8601; null where the lock does not tell. */
  readonly since: string | null;
  /** Whether it is this process. */
  readonly own: boolean;
}

/** A lock that is held. */
export interface FileLock {
  /** Whether it is still this process's: nobody took its file away by hand, or after a pause so long that the holder was given up. */
  isHeld(): Promise<boolean>;
  /** Gives it back, once. */
  release(): Promise<void>;
}

/** What taking a lock comes to: the lock, or who has it. */
export type LockOutcome = { readonly lock: FileLock } | { readonly holder: LockHolder };

/** What is in a lock's file. */
interface LockNote extends ProcessMark {
  readonly since: string;
  /** Never used twice. */
  readonly token: string;
}

/** What is known of a lock that stands: an id that no other lock has, its holder, and whether that has certainly ended. */
interface Standing {
  readonly token: string;
  readonly holder: LockHolder;
  readonly ended: boolean;
}

/** How often a holder touches its lock, for those who cannot ask whether it lives, ms. */
export const beat = 20_000;

/** A holder that cannot be asked has ended when it has not touched its lock for so long, ms. */
const longestSilence = 15 * beat;

/** Locks of this process. They hold even where a file vanishes. */
const heldHere = new Set<string>();

/** Where links are unknown, a file stands empty for a moment before its content comes, ms. */
const longestBirth = 10_000;

/** Somebody else may take a lock, or give it back, between two looks at it; hardly so often. */
const mostTries = 100;

/**
 * Takes the lock that is the file `path`, in a folder that exists, or says who holds it. A lock whose holder has certainly ended is taken
 * over. Throws the error of the file system where that refuses.
 */
export async function takeLock(path: string): Promise<LockOutcome> {
  const place = await placeOf(path);
  if (heldHere.has(place)) return { holder: ownHolder() };
  heldHere.add(place);
  try {
    const outcome = await takeFile(path);
    if ("holder" in outcome) heldHere.delete(place);
    else {
      const { lock } = outcome;
      const beating = setInterval(() => void keepAlive(path, lock), beat).unref();
      const release = (): Promise<void> => {
        clearInterval(beating);
        return lock.release().finally(() => heldHere.delete(place));
      };
      return { lock: { ...lock, release } };
    }
    return outcome;
  } catch (error) {
    heldHere.delete(place);
    throw error;
  }
}

/** Who holds the lock `path`: undefined where nobody does or the holder has certainly ended. */
export async function lockHolder(path: string): Promise<LockHolder | undefined> {
  if (heldHere.has(await placeOf(path))) return ownHolder();
  const standing = await readLock(path);
  return standing && !standing.ended ? standing.holder : undefined;
}

async function keepAlive(path: string, lock: FileLock): Promise<void> {
  if (!(await lock.isHeld().catch(() => false))) return;
  // The sign that every lock begins with: nothing changes but the date, by the clock of the file system.
  const file = await open(path, "r+").catch(() => undefined);
  await file?.write("{", 0).catch(() => undefined);
  await file?.close();
}

/** One name for a place that has several. */
async function placeOf(path: string): Promise<string> {
  const folder = await realpath(dirname(path)).catch(() => dirname(path));
  return join(folder, basename(path));
}

async function takeFile(path: string): Promise<LockOutcome> {
  const note: LockNote = { ...ownMark(), since: new Date().toISOString(), token: randomBytes(8).toString("hex") };
  const isOwn = async (): Promise<boolean> => (await readLock(path))?.token === note.token;
  for (let tries = 0; !(await createWhole(path, `${JSON.stringify(note)}\n`)) && !(await isOwn()); tries++) {
    // Neither to be made nor to be read again and again: a link to nowhere, say.
    if (tries === mostTries) throw new Error(`'${path}' can neither be made nor read`);
    const standing = await readLock(path);
    if (standing && !standing.ended) return { holder: standing.holder };
    if (standing) {
      const holder = await takeAway(path, standing);
      if (holder) return { holder };
    }
  }
  const release = async (): Promise<void> => {
    if (await isOwn()) await rm(path, { force: true });
  };
  return { lock: { isHeld: isOwn, release } };
}

/**
 * Takes away a lock whose holder has ended, or says who is doing so. Between reading a lock and removing it another process may have
 * replaced it by its own; so removing needs a lock itself, one for the very lock that was read, and another look when that is held.
 */
async function takeAway(path: string, { token }: Standing): Promise<LockHolder | undefined> {
  const outcome = await takeFile(`${path}-${token}`);
  if ("holder" in outcome) return outcome.holder;
  try {
    if ((await readLock(path))?.token === token) await rm(path, { force: true });
  } finally {
    await outcome.lock.release();
  }
  return undefined;
}

/** Makes a file that has its content from the first moment on. False where the name is taken. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const temporary = temporaryName(path);
  try {
    await write(temporary, content);
    return await link(temporary, path).then(
      () => true,
      (error: NodeJS.ErrnoException) => (error.code === "EEXIST" ? false : createEmpty(path, content)),
    );
  } finally {
    await rm(temporary, { force: true });
  }
}

/** The same where a file cannot have two names: the content comes after the name. */
async function createEmpty(path: string, content: string): Promise<boolean> {
  try {
    await write(path, content);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Writes a new file. Takes it away again where its content finds no room. */
async function write(path: string, content: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function readLock(path: string): Promise<Standing | undefined> {
  const [text, time] = await Promise.all([readFile(path, "utf8"), stat(path)]).then(
    ([content, { mtimeMs }]) => [content, mtimeMs] as const,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [undefined, 0] as const;
      throw error;
    },
  );
  if (text === undefined) return undefined;
  const note = parseNote(text);
  if (note) {
    const { token, pid, host, since } = note;
    const fate = fateOf(note);
    const ended = fate === "ended" || (fate === "unknown" && (await timeIn(path)) - time > longestSilence);
    return { token, holder: { pid, host, since, own: isOwnMark(note) }, ended };
  }
  const token = createHash("sha256").update(`${time} ${text}`).digest("hex").slice(0, 16);
  const former = /^\d+\s*$/.test(text) ? Number(text) : null;
  const ended = former === null ? Date.now() - time > longestBirth : !isFormerHolder(former, time);
  return { token, holder: { pid: former, host: null, since: null, own: false }, ended };
}

/** What time it is by the clock that dates the files of a folder, ms: another machine's, maybe. */
async function timeIn(path: string): Promise<number> {
  const temporary = temporaryName(path);
  try {
    await write(temporary, "");
    return (await stat(temporary)).mtimeMs;
  } catch {
    // Where nothing can be written, nothing is taken either.
    return 0;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Earlier versions noted the number alone: whoever started after that has been given the number anew. */
function isFormerHolder(pid: number, lockedAt: number): boolean {
  const slack = 2000;
  return isRunning(pid, null) && (startTime(pid) ?? 0) <= lockedAt + slack;
}

function isOwnMark({ pid, start, host, boot, namespace }: LockNote): boolean {
  const here = ownMark();
  const sameMachine = host === here.host && boot === here.boot && namespace === here.namespace;
  return sameMachine && pid === here.pid && start === here.start;
}

function ownHolder(): LockHolder {
  const { pid, host } = ownMark();
  return { pid, host, since: null, own: true };
}

function parseNote(text: string): LockNote | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isNote(content) ? content : undefined;
}

function isNote(content: unknown): content is LockNote {
  if (typeof content !== "object" || content === null) return false;
  const { pid, start, host, boot, namespace, since, token } = content as Partial<Record<keyof LockNote, unknown>>;
  const texts = [host, since, token].every((value) => typeof value === "string");
  const known = [start, boot, namespace].every((value) => value === null || typeof value === "string");
  return texts && known && Number.isSafeInteger(pid) && /^[0-9a-f]{16}$/.test(String(token));
}
