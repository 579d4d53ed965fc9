/** Sets of images that a detector may be asked about: those that were opened, and those that lie beside the images of its training. */
import { readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isBuiltin, locateImages } from "../../data/index.ts";
import type { Manifest } from "../../detector/index.ts";
import type { Registry } from "../known/registry.ts";
import type { SetKindName } from "./looking-requests.ts";

/** A set to choose. */
export interface ProposedSet {
  readonly name: string;
  readonly location: string;
  readonly kind: SetKindName;
  readonly from: "opened" | "beside";
}

const mostBeside = 40;
const normalName = /(^|[-_ ])(normal|good|ok|new|clean|regular)s?([-_ ]|$)/i;
const otherUse = /^(train(ing)?|general|outliers?|masks?|ground_truth|detectors?|run)$/i;

/** Where the images of a detector's calibration are, if something is there. */
export async function calibrationPlace({ calibrated, data }: Manifest): Promise<string | undefined> {
  const { location } = calibrated ?? data.normal;
  if (calibrated?.groups) return undefined;
  if (isBuiltin(location)) return location;
  const path = await locateImages(location, "images").then(
    (found) => found.path,
    () => undefined,
  );
  return path !== undefined && (await isThere(path)) ? location : undefined;
}

/** The sets. What nobody has said is guessed from names, and can be changed before anything is scored. */
export async function proposedSets(manifest: Manifest, registry: Registry): Promise<ProposedSet[]> {
  const opened = [...registry.all("folders").values()].map(({ name, location }): ProposedSet => {
    return { name, location, kind: kindOf(name, "unknown"), from: "opened" };
  });
  const known = new Set(opened.map(({ location }) => resolve(location)));
  const beside = (await foldersBeside(manifest)).filter(({ location }) => !known.has(location));
  return [...opened, ...beside.slice(0, mostBeside)];
}

async function foldersBeside({ data }: Manifest): Promise<ProposedSet[]> {
  const { location } = data.normal;
  if (isBuiltin(location)) return [];
  const path = await locateImages(location, "images").then(
    (found) => resolve(found.path),
    () => undefined,
  );
  if (path === undefined) return [];
  const around = dirname(path);
  // In MVTec's layout the test images are in a folder beside the one around the training images.
  const places = /^train(ing)?$/i.test(basename(around)) ? [join(dirname(around), "test")] : [around];
  const found: ProposedSet[] = [];
  for (const place of places) {
    const entries = await readdir(place, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const folder = join(place, entry.name);
      if (!entry.isDirectory() || entry.name.startsWith(".") || otherUse.test(entry.name) || folder === path) continue;
      found.push({ name: entry.name, location: folder, kind: kindOf(entry.name, "anomalous"), from: "beside" });
    }
  }
  return found;
}

function kindOf(name: string, otherwise: SetKindName): SetKindName {
  return normalName.test(name) ? "normal" : otherwise;
}

function isThere(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === "ENOTDIR",
  );
}
