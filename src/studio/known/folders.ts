/** Folders of images that a person has shown to the studio: what is in them, listed once and read on demand. */
import { mkdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ConfigError, setting } from "../../base/index.ts";
import {
  type ImageSource,
  isBuiltin,
  openImages,
  safeName,
  sampleBitsOf,
  sampleRangeOf,
  writeFileAtomic,
} from "../../data/index.ts";
import { badRequest } from "../../service/index.ts";
import { freshFolder } from "./fresh-folder.ts";
import type { Entry, Registry } from "./registry.ts";

/** A folder with its images listed. */
export interface OpenedFolder extends Entry<"folders"> {
  readonly id: string;
  readonly source: ImageSource;
  /** Where the images of each class stand in the source, the most frequent class first. */
  readonly classes: ReadonlyMap<string, Uint32Array>;
  /** How samples of more than 8 bits are read, found once. */
  readonly samples: () => Promise<{
    readonly sampleBits: number | null;
    readonly sampleRange: readonly [number, number] | null;
  }>;
}

/** The folders of a studio. */
export interface Folders {
  /** Lists a location's images and makes it known; one that is known already is listed again. Throws as `openImages`. */
  open(location: string): Promise<OpenedFolder>;
  /** Throws Refusal (404) for an id that none has, and as `openImages` where it is not what it was. */
  find(id: string): Promise<OpenedFolder>;
  /** Makes an empty folder for images that are dropped, and its id. */
  make(name: string): Promise<string>;
  /** Writes a dropped file, at a path of names within its folder. Throws Refusal (400) for a folder that was not made for that. */
  put(id: string, path: string, bytes: Uint8Array): Promise<void>;
  forget(id: string): Promise<void>;
}

/** Listings that are kept in memory. */
const mostOpened = 8;
/** Bytes of a file that is read. */
const fileBytes = 2 ** 29;
/** Names in the path of a dropped file, at most. */
const deepest = 16;
/** Where dropped images go. */
const droppedFolder = "images";

/** Opens the folders that the registry knows. */
export function openFolders(place: string, registry: Registry): Folders {
  const opened = new Map<string, Promise<OpenedFolder>>();
  const list = (id: string): Promise<OpenedFolder> => {
    const listing = listed(id, registry.find("folders", id));
    opened.delete(id);
    opened.set(id, listing);
    // What cannot be opened now may be there later.
    listing.catch(() => opened.delete(id));
    for (const old of [...opened.keys()].slice(0, -mostOpened)) opened.delete(old);
    return listing;
  };
  return {
    async open(text) {
      const location = isBuiltin(text) || text.includes("://") ? text : resolve(place, text);
      for (const [id, entry] of registry.all("folders")) if (entry.location === location) return list(id);
      // Nothing becomes known that cannot be opened.
      await openImages(location, "images", { limits: { fileBytes } });
      const name = basename(location.split("#")[0]!) || location;
      return list(await registry.add("folders", { location, name, dropped: false, added: Date.now() }));
    },
    find: (id) => opened.get(id) ?? list(id),
    async make(name) {
      const around = join(place, droppedFolder);
      await mkdir(around, { recursive: true });
      const fresh = await freshFolder(around, safeName(name));
      return registry.add("folders", { location: fresh.folder, name: fresh.name, dropped: true, added: Date.now() });
    },
    async put(id, path, bytes) {
      const { dropped, location } = registry.find("folders", id);
      if (!dropped) throw badRequest("folder", "one that was made for dropped images", "another");
      const names = path.split("/").filter((name) => name !== "");
      if (names.length === 0 || names.length > deepest || path.length > 2000) {
        throw badRequest("path", `1 to ${deepest} names`, String(names.length));
      }
      const safe = names.map(safeName);
      await mkdir(join(location, ...safe.slice(0, -1)), { recursive: true });
      await writeFileAtomic(join(location, ...safe), bytes);
      opened.delete(id);
    },
    async forget(id) {
      registry.find("folders", id);
      opened.delete(id);
      await registry.remove("folders", id);
    },
  };
}

async function listed(id: string, entry: Entry<"folders">): Promise<OpenedFolder> {
  const source = await openImages(entry.location, "images", { limits: { fileBytes } });
  if (source.length === 0) {
    throw new ConfigError({ code: "too-few-images", subject: setting("images"), expected: "images", got: "none" });
  }
  const byClass = new Map<string, number[]>();
  for (let index = 0; index < source.length; index++) {
    const name = source.className(index);
    if (name === undefined) continue;
    const known = byClass.get(name);
    if (known) known.push(index);
    else byClass.set(name, [index]);
  }
  const classes = new Map(
    [...byClass].sort((a, b) => b[1].length - a[1].length).map(([name, indices]) => [name, Uint32Array.from(indices)]),
  );
  let samples: ReturnType<OpenedFolder["samples"]> | undefined;
  return {
    ...entry,
    id,
    source,
    classes,
    samples() {
      samples ??= Promise.all([sampleBitsOf(source), sampleRangeOf(source)]).then(([sampleBits, sampleRange]) => ({
        sampleBits,
        sampleRange,
      }));
      return samples;
    },
  };
}
