/** A public data set brought to a folder. */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, nearestSpelling, setting } from "../base/index.ts";
import { archiveFiles, safeName, writeFileAtomic } from "../data/index.ts";
import { type PublicSet, publicSets } from "./sets.ts";
import { type TransferOptions, transferFile } from "./transfers.ts";

/** What became of a download. */
export interface Downloaded {
  /** Files that came, and files that were there already. */
  readonly transferred: readonly string[];
  readonly present: readonly string[];
  /** The folders of the sets that were in one archive. */
  readonly unpacked: readonly string[];
}

/** How a data set is downloaded. */
export interface DownloadOptions extends TransferOptions {
  /** Whether the terms are accepted where they restrict what images may be used for. */
  readonly acceptLicence?: boolean;
}

/** The data set of a name. Throws ConfigError for others. */
export function publicSet(name: string): PublicSet {
  const names = publicSets.map((set) => set.name);
  const found = publicSets.find((set) => set.name === name);
  if (found) return found;
  const nearest = nearestSpelling(name, names);
  throw new ConfigError({
    code: "unknown-name",
    subject: "data set",
    expected: names.join(", "),
    got: `'${name}'`,
    ...(nearest !== undefined && { remedy: { key: "did-you-mean", name: nearest } }),
  });
}

/** Brings the files of a data set to a folder. Throws ConfigError where its licence is to be accepted first, and as `transferFile`. */
export async function downloadSet(set: PublicSet, folder: string, options: DownloadOptions = {}): Promise<Downloaded> {
  if (set.licence.restricts && !options.acceptLicence) {
    throw new ConfigError({
      code: "not-allowed",
      subject: `'${set.name}'`,
      expected: `its licence to be accepted (${set.licence.text}; ${set.home})`,
      got: "none",
      remedy: { key: "give-setting", setting: setting("acceptLicence") },
    });
  }
  const files = { present: [] as string[], transferred: [] as string[] };
  const unpacked = new Set<string>();
  for (const file of set.files) {
    const path = join(folder, safeName(file.name));
    files[await transferFile(file, path, options)].push(path);
    if (set.unpack) for (const place of await unpack(path, folder, set.unpack)) unpacked.add(place);
  }
  return { ...files, unpacked: [...unpacked] };
}

/** Writes the members of an archive that have a place of their own, but for those that are there. Gives the folders that they lie in. */
async function unpack(path: string, folder: string, placeOf: NonNullable<PublicSet["unpack"]>): Promise<Set<string>> {
  const folders = new Set<string>();
  for (const member of await archiveFiles(path)) {
    const place = placeOf(member.path);
    if (place === undefined) continue;
    const [inside = "", name = ""] = place.split("/").map(safeName);
    const target = join(folder, inside, name);
    folders.add(join(folder, inside));
    const there = await stat(target).catch(() => undefined);
    if (there?.size === (await member.size())) continue;
    await mkdir(join(folder, inside), { recursive: true });
    await writeFileAtomic(target, await member.read());
  }
  return folders;
}
