/**
 * Folders that live as long as the process that makes them, among the system's temporary files. One that is killed leaves its folder behind:
 * the next one that makes such a folder takes it away.
 */
import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makerOf, temporaryName } from "./temporary-names.ts";

/** A folder of this process. */
export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with all that is in it. */
  close(): Promise<void>;
}

/** How often a folder's owner touches it, ms. */
const usualBeat = 20_000;
/** Beats without a touch after which the owner of a folder, of whom nothing is known from here, has ended: ten minutes. */
const mostMissed = 30;
/** Beats between two touches of all that is in it: programs that tidy up go by the age of files. */
const touchesAll = 1000;

/**
 * Makes a folder, which only this user may read, and removes those of the same name whose makers have ended: at once where this machine
 * knows, or else, as after a restart of a container, once nobody has touched them for a time. No clock is read: it may jump.
 */
export async function openTemporaryFolder(name: string, beat = usualBeat): Promise<TemporaryFolder> {
  const place = tmpdir();
  const path = temporaryName(join(place, name));
  await mkdir(path, { mode: 0o700 });
  const strangers = new Map<string, { touched: number; missed: number }>();
  const look = async (): Promise<void> => {
    for (const entry of await readdir(place).catch((): string[] => [])) {
      const other = join(place, entry);
      if (!entry.startsWith(`${name}.`) || other === path) continue;
      const fate = makerOf(entry);
      if (fate === "ended" || (fate === "unknown" && (await isAbandoned(other)))) {
        // It may be somebody else's, who alone may remove it.
        await rm(other, { recursive: true, force: true }).catch(() => undefined);
      }
    }
  };
  const isAbandoned = async (other: string): Promise<boolean> => {
    const touched = (await stat(other).catch(() => undefined))?.mtimeMs;
    const known = strangers.get(other);
    if (touched === undefined) return false;
    if (known?.touched !== touched) strangers.set(other, { touched, missed: 0 });
    return known?.touched === touched && ++known.missed >= mostMissed;
  };
  let beats = 0;
  const touch = async (): Promise<void> => {
    const inside = ++beats % touchesAll === 0 ? await readdir(path, { recursive: true }) : [];
    const now = new Date();
    for (const one of [path, ...inside.map((entry) => join(path, entry))]) await utimes(one, now, now);
  };
  await look();
  const timer = setInterval(() => {
    void touch()
      .catch(() => undefined)
      .then(look);
  }, beat);
  timer.unref();
  return {
    path,
    async close() {
      clearInterval(timer);
      await rm(path, { recursive: true, force: true });
    },
  };
}
