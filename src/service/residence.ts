/**
 * Which detectors are in the memory of the engine processes. With a limit the one that was asked for longest ago makes room for one that is
 * asked for now, and comes back when somebody asks for it. It is checked whenever it is loaded.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { RunError, setting } from "../base/index.ts";
import { detectorFiles, modelFiles } from "../detector/index.ts";

/** The detectors in memory. */
export interface Residence {
  /**
   * Loads and checks a detector for the first time, its files in `folder`. Throws RunError where it does not pass or is larger than the limit, and as
   * `WorkerPool.load`; it is then unknown.
   */
  load(key: string, folder: string): Promise<void>;
  /** Somebody asks for it: loads it where it is not in memory. */
  demand(key: string): void;
  /** Forgets it. */
  unload(key: string): void;
  /** What is in memory, with the bytes it takes in all processes together. */
  readonly loaded: readonly { readonly key: string; readonly bytes: number }[];
}

/** How a residence is made. */
export interface ResidenceOptions {
  /** Loads and checks a detector in every process. */
  readonly load: (key: string, folder: string) => Promise<void>;
  /** Takes it out of every process, behind the batches that these have. */
  readonly unload: (key: string) => void;
  /** Whether images wait for it. */
  readonly isBusy: (key: string) => boolean;
  /** It was asked for and cannot be loaded. */
  readonly onFault: (key: string, error: unknown) => void;
  /** It made room for another one. */
  readonly onUnload: (key: string) => void;
  /** Bytes that detectors may take in all processes together; undefined for no limit. */
  readonly most: number | undefined;
  readonly processes: number;
  /** Bytes that a detector takes in one process. Default: `memoryOf`. */
  readonly sizeOf?: (folder: string) => Promise<number>;
}

/**
 * One that images wait for stays so many times as long as it took to load, and no shorter than this, milliseconds, before it makes room: else two
 * that are asked for at once would do nothing but load.
 */
const leastStay = { loads: 4, milliseconds: 250 };

/** When a detector that could not be loaded is tried once more, milliseconds. */
const again = 200;

interface Resident {
  readonly folder: string;
  readonly bytes: number;
  state: "out" | "coming" | "in";
  used: number;
  /** When it may make room although images wait for it. */
  staysUntil: number;
}

/** An empty residence. */
export function openResidence(options: ResidenceOptions): Residence {
  const { isBusy, onFault, onUnload, most = Number.POSITIVE_INFINITY, processes, sizeOf = memoryOf } = options;
  const residents = new Map<string, Resident>();
  let work: Promise<void> = Promise.resolve();
  let clock = 0;

  const inMemory = (): [string, Resident][] => [...residents].filter(([, { state }]) => state === "in");
  const taken = (): number => inMemory().reduce((sum, [, { bytes }]) => sum + bytes, 0);

  /** The one that makes room: nobody waits for it, or it has stayed its time; of these the one that was asked for longest ago. */
  const leaver = (): [string, Resident] | undefined => {
    const byUse = inMemory().sort(([, a], [, b]) => a.used - b.used);
    const now = performance.now();
    return byUse.find(([key]) => !isBusy(key)) ?? byUse.find(([, { staysUntil }]) => staysUntil <= now);
  };

  const makeRoom = async (bytes: number): Promise<void> => {
    while (taken() + bytes > most) {
      const leaving = leaver();
      if (!leaving) {
        const soonest = Math.min(...inMemory().map(([, { staysUntil }]) => staysUntil));
        await pause(Math.max(1, soonest - performance.now()));
        continue;
      }
      const [key, resident] = leaving;
      resident.state = "out";
      options.unload(key);
      onUnload(key);
      // What still waits for it is asked for anew, behind whoever it made room for.
      if (isBusy(key)) demand(key);
    }
  };

  const bring = async (key: string, resident: Resident): Promise<void> => {
    await makeRoom(resident.bytes);
    if (residents.get(key) !== resident) return;
    const started = performance.now();
    await options.load(key, resident.folder);
    const now = performance.now();
    resident.staysUntil = now + Math.max(leastStay.milliseconds, leastStay.loads * (now - started));
    resident.state = "in";
    // It was forgotten while it was loaded.
    if (residents.get(key) !== resident) options.unload(key);
  };

  const inTurn = (step: () => Promise<void>): Promise<void> => {
    const done = work.then(step);
    work = done.catch(() => undefined);
    return done;
  };

  const demand = (key: string): void => {
    const resident = residents.get(key);
    if (!resident) return;
    resident.used = clock++;
    if (resident.state !== "out") return;
    resident.state = "coming";
    // A process that ended meanwhile is there again soon.
    const twice = () => bring(key, resident).catch(() => pause(again).then(() => bring(key, resident)));
    inTurn(twice).catch((error: unknown) => {
      resident.state = "out";
      onFault(key, error);
    });
  };

  return {
    async load(key, folder) {
      const bytes = processes * (await sizeOf(folder));
      if (bytes > most) throw tooLargeFor(most, bytes);
      const resident: Resident = { folder, bytes, state: "coming", used: clock++, staysUntil: 0 };
      residents.set(key, resident);
      await inTurn(() => bring(key, resident)).catch((error: unknown) => {
        residents.delete(key);
        throw error;
      });
    },
    demand,
    unload(key) {
      const resident = residents.get(key);
      residents.delete(key);
      if (resident?.state === "in") options.unload(key);
    },
    get loaded() {
      return inMemory().map(([key, { bytes }]) => ({ key, bytes }));
    },
  };
}

const megabyte = 2 ** 20;

/**
 * What a detector takes in a process, about: its graphs, networks and encoder twice, more where they are small, and something for itself. Measured by the
 * growth of processes that loaded detectors of 1 to 32 MB; on the safe side.
 */
async function memoryOf(folder: string): Promise<number> {
  // Training reads the weights of models; scoring has them in its graphs.
  const unread = new Set<string>(Object.values(modelFiles).map(({ weights }) => weights));
  const names = detectorFiles.filter((name) => !unread.has(name));
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return 8 * megabyte + 2 * bytes + 4 * Math.min(bytes, 6 * megabyte);
}

function tooLargeFor(most: number, bytes: number): RunError {
  return new RunError({
    code: "too-large",
    subject: "detector",
    expected: `one that takes at most ${most} bytes in all engine processes together (${setting("maxMemory")})`,
    got: `about ${bytes}`,
    remedy: { key: "give-setting", setting: `more ${setting("maxMemory")}, or fewer ${setting("workers")}` },
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
