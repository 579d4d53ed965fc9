/**
 * The detectors of a service by id, which is the name of their folder. One whose folder is replaced goes on as it was until the new one has
 * been loaded and has passed its golden check in every engine process; where it does not pass, the old one stays.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ConfigError, type Fault, isUserError, messageOf, setting } from "../base/index.ts";
import { folderReader, type Manifest, manifestName, readManifest } from "../detector/index.ts";
import { notFound, unavailable } from "./refusals.ts";
import { type Snapshots, settleNames, signatureOf } from "./snapshots.ts";

/** A detector as it is served. */
export interface ServedDetector {
  readonly id: string;
  /** The first twelve digits of the SHA-256 of its manifest. */
  readonly version: string;
  /** What the engine processes call it. */
  readonly key: string;
  readonly manifest: Manifest;
  /** The copy of its files. */
  readonly files: string;
}

/** A detector's place: what is served, and what became of the last attempt to load it. */
export interface Place {
  readonly id: string;
  readonly folder: string;
  served: ServedDetector | undefined;
  /** Why the files that lie in the folder now are not served. */
  fault: Fault | undefined;
}

/** What happens to detectors. */
export interface CatalogueEvent {
  readonly kind: "detector-loaded" | "detector-refused" | "detector-missing" | "folder-unreadable";
  readonly id: string;
  readonly version?: string;
  readonly fault?: Fault;
}

/** How a catalogue is made. */
export interface CatalogueOptions {
  readonly folder: string;
  readonly snapshots: Snapshots;
  /** Loads and checks a detector in every engine process. */
  readonly load: (key: string, files: string) => Promise<void>;
  /** Takes a detector away once nothing is asked of it any more. */
  readonly retire: (key: string) => Promise<void>;
  readonly onEvent: (event: CatalogueEvent) => void;
}

/** The detectors of a service. */
export interface Catalogue {
  /** Looks at the folder and loads what is new. Looks that are asked for while one is on its way follow it. */
  scan(): Promise<void>;
  /** Settles when no look is on its way. */
  settled(): Promise<void>;
  readonly places: readonly Place[];
  /** Whether every detector that was found is served. */
  readonly ready: boolean;
  /** Where a detector is. Throws Refusal: 404 where there is none. */
  place(id: string): Place;
  /** A detector by id, or of a certain version. Throws Refusal: 404 where there is none, 503 where it has not passed its check. */
  find(id: string, version?: string): ServedDetector;
}

/** Opens the detectors of a folder; `scan` loads them. Throws ConfigError where there are none. */
export async function openCatalogue(options: CatalogueOptions): Promise<Catalogue> {
  const { snapshots, load, retire, onEvent } = options;
  const places = new Map<string, Place>();
  const signatures = new Map<string, string>();
  let scanned = false;
  let loads = 0;
  let work: Promise<void> = Promise.resolve();

  const fetch = async (place: Place): Promise<void> => {
    const files = await snapshots.take(place.folder);
    try {
      const version = await versionOf(files);
      const key = `${place.id}@${version}/${loads++}`; // Read by idOf.
      const manifest = await readManifest(folderReader(files));
      await settleNames(files, manifest);
      await load(key, files);
      const former = place.served;
      place.served = { id: place.id, version, key, manifest, files };
      place.fault = undefined;
      onEvent({ kind: "detector-loaded", id: place.id, version });
      // Answers that are on their way still need it.
      if (former) void retire(former.key).then(() => snapshots.remove(former.files));
    } catch (error) {
      await snapshots.remove(files);
      throw error;
    }
  };

  const look = async (): Promise<void> => {
    // A folder that cannot be read now, such as one on another machine, takes nothing from what is served.
    const found = await detectorFolders(options.folder).catch((error: unknown) => {
      onEvent({ kind: "folder-unreadable", id: "", fault: unexpected("", error) });
      return new Map<string, string>();
    });
    for (const [id, folder] of found) {
      if (!places.has(id)) places.set(id, { id, folder, served: undefined, fault: undefined });
    }
    for (const place of places.values()) {
      const { id } = place;
      const signature = (await signatureOf(place.folder)) ?? "none";
      if (signature === signatures.get(id)) continue;
      signatures.set(id, signature);
      if (signature === "none") {
        onEvent({ kind: "detector-missing", id });
        continue;
      }
      try {
        await fetch(place);
      } catch (error) {
        const fault = (isUserError(error) ? error.fault : undefined) ?? unexpected(id, error);
        // Not the files' fault, but that of a process or of a disk: to be tried again.
        if (fault.code === "engine" || fault.code === "unreadable") signatures.delete(id);
        const former = place.fault;
        place.fault = withoutPaths(fault, place);
        // Told once, however often it is tried.
        if (JSON.stringify(former) !== JSON.stringify(place.fault)) onEvent({ kind: "detector-refused", id, fault });
      }
    }
    scanned = true;
  };

  const placeOf = (id: string): Place => {
    const place = places.get(id);
    if (place) return place;
    throw notFound("detector", "the id of one that is served", "another");
  };

  if ((await detectorFolders(options.folder)).size === 0) throw noDetectors(options.folder);
  return {
    scan() {
      work = work.catch(() => undefined).then(look);
      return work;
    },
    settled: () => work.catch(() => undefined),
    get places() {
      return [...places.values()];
    },
    get ready() {
      return scanned && [...places.values()].every(({ served }) => served !== undefined);
    },
    place: placeOf,
    find(id, version) {
      const { served, fault } = placeOf(id);
      if (!served) {
        throw unavailable(
          `detector '${id}'`,
          "one that has passed its golden check",
          fault ? "one that has not" : "one on its way",
        );
      }
      if (version !== undefined && version !== served.version) {
        throw notFound(`detector '${id}'`, `version ${served.version}`, "another");
      }
      return served;
    },
  };
}

/** The id of a detector by what the engine processes call it. */
export function idOf(key: string): string {
  return key.slice(0, key.lastIndexOf("@"));
}

/** The version of the detector in a folder: the first twelve digits of the SHA-256 of its manifest. */
export async function versionOf(folder: string): Promise<string> {
  const bytes = await readFile(join(folder, manifestName));
  return createHash("sha256").update(bytes).digest("hex").slice(0, 12);
}

/** The folders with a detector by id: the folder itself, or those in it. Hidden ones are none. */
async function detectorFolders(folder: string): Promise<Map<string, string>> {
  if (await signatureOf(folder)) return new Map([[basename(resolve(folder)).normalize("NFC"), folder]]);
  const found = new Map<string, string>();
  const entries = await readdir(folder).catch((error: unknown) => {
    throw new ConfigError({
      code: "not-found",
      subject: setting("detectors"),
      expected: "a folder of detectors",
      got: messageOf(error),
    });
  });
  for (const name of entries.sort()) {
    const path = join(folder, name);
    if (!name.startsWith(".") && (await signatureOf(path))) found.set(name.normalize("NFC"), path);
  }
  return found;
}

/** A fault as callers may read it: where the service keeps its files is nothing to them. */
export function withoutPaths(fault: Fault, { id, folder }: Pick<Place, "id" | "folder">): Fault {
  const hide = (text: string): string => text.replaceAll(/'[^']*[/\\][^']*'/g, `'${id}'`).replaceAll(folder, id);
  const { code, subject, expected, got } = fault;
  return { code, subject: hide(subject), expected: hide(expected), got: hide(got) };
}

function unexpected(id: string, error: unknown): Fault {
  return { code: "damaged", subject: `detector '${id}'`, expected: "a detector", got: messageOf(error) };
}

function noDetectors(folder: string): ConfigError {
  return new ConfigError({
    code: "not-found",
    subject: setting("detectors"),
    expected: "a folder of detectors, or a detector",
    got: `'${folder}' without any`,
    remedy: { key: "other", text: "train one into a folder within it" },
  });
}
