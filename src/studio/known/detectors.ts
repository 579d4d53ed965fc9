/** The detectors that a studio knows: those in its folder, and those that its runs have made. */
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { messageOf } from "../../base/index.ts";
import { loadManifest, type Manifest, manifestName } from "../../detector/index.ts";
import { notFound } from "../../service/index.ts";
import type { Registry } from "./registry.ts";

/** A detector as it is now. */
export interface KnownDetector {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly written: number | null;
  readonly manifest: Manifest | undefined;
  /** What is wrong with it; undefined where nothing is. */
  readonly problem: { readonly state: "missing" | "damaged"; readonly message: string } | undefined;
}

/** The detectors of a studio. */
export interface Detectors {
  /** Looks for new ones and tells all. */
  list(): Promise<KnownDetector[]>;
  /** Throws Refusal (404) for an id that none has. */
  find(id: string): Promise<KnownDetector>;
  /** The same, but throws Refusal (404) for one that is gone or damaged, too. */
  manifest(id: string): Promise<{ readonly path: string; readonly manifest: Manifest }>;
  /** The id of the detector in a folder, which becomes known; undefined where there is none. */
  idOf(path: string): Promise<string | undefined>;
}

/** Folders that are looked into, at most: somebody may start the studio in their home. */
const mostFolders = 2000;
/** Pages ask whenever a run has told something: looking takes a twentieth of the time at most, unless something came into the folder. */
const restful = 20;
/** How deep detectors may lie. */
const deepest = 3;

/** Opens the detectors of a folder. */
export function openDetectors(folder: string, registry: Registry): Detectors {
  const read = new Map<string, { readonly time: number; readonly outcome: Manifest | Error }>();
  const look = async (id: string, path: string): Promise<KnownDetector> => {
    const name = nameOf(path, folder);
    const time = await writtenAt(path);
    const about = { id, path, name, written: time ?? null };
    if (time === undefined) {
      const message = `its folder '${path}' is gone, or holds no detector any more`;
      return { ...about, manifest: undefined, problem: { state: "missing", message } };
    }
    let known = read.get(path);
    if (known?.time !== time) {
      const outcome = await loadManifest(path).catch((error: unknown) => new Error(messageOf(error)));
      known = { time, outcome };
      read.set(path, known);
    }
    const { outcome } = known;
    if (outcome instanceof Error)
      return { ...about, manifest: undefined, problem: { state: "damaged", message: outcome.message } };
    return { ...about, manifest: outcome, problem: undefined };
  };
  const idOf = async (path: string): Promise<string | undefined> => {
    const place = resolve(path);
    for (const [id, entry] of registry.all("detectors")) if (entry.path === place) return id;
    return (await writtenAt(place)) === undefined ? undefined : registry.add("detectors", { path: place });
  };
  let looking: Promise<void> | undefined;
  let rested = 0;
  let seen = 0;
  const scan = async (): Promise<void> => {
    const began = performance.now();
    const changed = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (!looking && began < rested && changed === seen) return;
    seen = changed;
    looking ??= detectorsIn(folder)
      .then(async (paths) => {
        for (const path of paths) await idOf(path);
      })
      .finally(() => {
        looking = undefined;
        const now = performance.now();
        rested = now + restful * (now - began);
      });
    await looking;
  };
  const find = (id: string): Promise<KnownDetector> => look(id, registry.find("detectors", id).path);
  return {
    async list() {
      await scan();
      return Promise.all([...registry.all("detectors")].map(([id, { path }]) => look(id, path)));
    },
    find,
    async manifest(id) {
      const { path, manifest, problem } = await find(id);
      if (manifest) return { path, manifest };
      throw notFound("detector", "one whose folder is there and whole", problem?.message ?? "none");
    },
    idOf,
  };
}

/** When the detector in a folder was written, ms since 1970; undefined where there is none. */
async function writtenAt(path: string): Promise<number | undefined> {
  return stat(join(path, manifestName)).then(
    (entry) => (entry.isFile() ? entry.mtimeMs : undefined),
    () => undefined,
  );
}

/** A detector's folder is often called `detector`: the folder around it says more. */
function nameOf(path: string, studio: string): string {
  const name = basename(path);
  const around = resolve(path, "..");
  return name === "detector" && around !== resolve(studio) ? `${basename(around)}/${name}` : name;
}

async function detectorsIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  let left = mostFolders;
  const walk = async (path: string, depth: number): Promise<void> => {
    if (left-- <= 0) return;
    if ((await writtenAt(path)) !== undefined) {
      found.push(resolve(path));
      return;
    }
    if (depth === deepest) return;
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules") {
        await walk(join(path, entry.name), depth + 1);
      }
    }
  };
  await walk(folder, 0);
  return found;
}
