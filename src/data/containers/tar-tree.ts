/**
 * Tar archives as file trees: plain ones are indexed once and read by position; of compressed ones what may be needed is held in memory.
 * Links lead to the member they name, as they do once the archive is unpacked.
 */
import { open } from "node:fs/promises";
import { posix } from "node:path";
import { FormatError, messageOf } from "../../base/index.ts";
import { systemPath } from "../files/path-bytes.ts";
import { compareNames, showPath } from "../files/path-names.ts";
import type { FileContainer, Opening, PreparationProblem, StoredFile } from "../image-source.ts";
import { tooLarge, tooLargeReason } from "../limits.ts";
import { type LeftOutTally, tallyLeftOut } from "../source-summary.ts";
import { plainCursor, withGzipCursor } from "./byte-cursors.ts";
import { damagedGzip, isGzip } from "./gzip.ts";
import { readerOf } from "./lazy-file.ts";
import { litterName } from "./litter.ts";
import { readMembers, TarDamage, type TarMember } from "./tar-members.ts";

/** A .tar, .tar.gz or .tgz archive. Whether it is compressed is read from its first bytes, not from its name. */
export const tarContainer: FileContainer = {
  name: "tar",
  matches: (path, isFolder) => !isFolder && isArchiveName(path),
  async open(path, opening) {
    const file = await open(systemPath(path), "r");
    let start: Uint8Array;
    let size: number;
    try {
      const { bytesRead, buffer } = await file.read(new Uint8Array(2), 0, 2, 0);
      start = buffer.subarray(0, bytesRead);
      ({ size } = await file.stat());
      if (start.length === 0) throw damagedTar(opening.subject, path, "it is empty");
      if (!isGzip(start)) {
        const cursor = plainCursor(file, size);
        const index = await guard(path, opening, () => indexMembers(readMembers(cursor), path, opening, () => false));
        const read = readerOf(path);
        return treeOf(path, index, opening, (member) => () => read(member.start, member.size));
      }
    } finally {
      await file.close();
    }
    const index = await unpack(path, opening);
    return treeOf(
      path,
      index,
      opening,
      ({ content }) =>
        async () =>
          content!,
    );
  },
};

/** Whether a path has the name of a tar archive. */
export function isArchiveName(path: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/i.test(path);
}

/** What is known of a member that holds something or leads to one. */
type Indexed = Pick<TarMember, "kind" | "target" | "size" | "start"> & { content?: Uint8Array };

/** The members of an archive by their paths. Of a path that comes several times the last one counts, as when it is unpacked. */
interface MemberIndex {
  readonly members: Map<string, Indexed>;
  readonly leftOut: LeftOutTally;
}

async function indexMembers(
  members: AsyncIterable<TarMember>,
  path: string,
  { subject, limits }: Opening,
  keeps: (inside: string) => boolean,
): Promise<MemberIndex> {
  const index: MemberIndex = { members: new Map(), leftOut: tallyLeftOut() };
  let kept = 0;
  for await (const member of members) {
    const inside = cleanPath(member.path);
    if (member.kind === "folder" || inside === "") continue;
    if (index.members.has(inside)) index.leftOut.add("again", "earlier copy of a file", showPath(path, inside));
    const { kind, target, size, start } = member;
    const entry: Indexed = { kind, target, size, start };
    if (kind === "file" && size <= limits.fileBytes && keeps(inside)) {
      kept += size - (index.members.get(inside)?.content?.length ?? 0);
      if (kept > limits.archiveBytes)
        throw tooLarge(subject, "images in a compressed archive", path, "archiveBytes", limits);
      entry.content = await member.read();
    }
    index.members.set(inside, entry);
    if (index.members.size > limits.files) throw tooLarge(subject, "an archive", path, "files", limits);
  }
  return index;
}

/** Unpacks what may be needed; once more where a link leads to something else. */
async function unpack(path: string, opening: Opening): Promise<MemberIndex> {
  const { subject, limits, concerns } = opening;
  const excess = () => tooLarge(subject, "a compressed archive", path, "unpackedBytes", limits);
  const read = (keeps: (inside: string) => boolean): Promise<MemberIndex> =>
    guard(path, opening, () =>
      withGzipCursor(systemPath(path), limits.unpackedBytes, excess, (cursor) =>
        indexMembers(readMembers(cursor), path, opening, keeps),
      ),
    );
  const first = await read(concerns);
  const missing = new Set<string>();
  for (const [inside, { kind }] of first.members) {
    if (kind === "file" || !concerns(inside) || isLitter(inside)) continue;
    const end = followLinks(inside, first.members);
    const member = end === undefined ? undefined : first.members.get(end);
    if (member?.kind === "file" && member.content === undefined && member.size <= limits.fileBytes) missing.add(end!);
  }
  return missing.size === 0 ? first : read((inside) => concerns(inside) || missing.has(inside));
}

function treeOf(
  location: string,
  { members, leftOut }: MemberIndex,
  { limits, concerns }: Opening,
  readerFor: (member: Indexed) => () => Promise<Uint8Array>,
) {
  const files: StoredFile[] = [];
  const problems: PreparationProblem[] = [];
  const folders = new Set<string>();
  for (const inside of members.keys())
    for (let up = posix.dirname(inside); up !== "."; up = posix.dirname(up)) {
      if (folders.has(up)) break;
      folders.add(up);
    }
  for (const [inside, member] of members) {
    const shown = showPath(location, inside);
    if (inside.split("/").includes("..")) {
      // Unpacking refuses such a name, too.
      if (concerns(inside)) problems.push({ name: shown, reason: "its name leads out of its folder by '..'" });
      else leftOut.add("other", "file with '..' in its name", shown);
      continue;
    }
    const litter = litterOf(inside);
    if (litter !== undefined) {
      leftOut.add("litter", litter, shown);
      continue;
    }
    if (member.kind === "other") {
      if (concerns(inside)) problems.push({ name: shown, reason: "it is stored in a way that is not read" });
      else leftOut.add("other", "special file", shown);
      continue;
    }
    const end = followLinks(inside, members);
    const target = end === undefined ? undefined : members.get(end);
    if (target?.kind === "file") {
      const { size } = target;
      const read =
        size > limits.fileBytes ? () => Promise.reject(new Error(tooLargeReason(size, limits))) : readerFor(target);
      files.push({ path: inside, shown, size: async () => size, read });
    } else if (end !== undefined && folders.has(end)) leftOut.add("again", "link to a folder", shown);
    else problems.push({ name: shown, reason: "the link leads to nothing in the archive" });
  }
  files.sort((a, b) => compareNames(a.path, b.path));
  return { location, container: "archive", files, problems, leftOut, companions: async () => files } as const;
}

/** Where links end: the path of a member or folder; undefined where they lead out of the archive or round in a circle. */
function followLinks(from: string, members: ReadonlyMap<string, Indexed>): string | undefined {
  let path = from;
  for (let steps = 0; steps < 40; steps++) {
    const member = members.get(path);
    if (member?.kind !== "hard link" && member?.kind !== "symbolic link") return path;
    const isSymbolic = member.kind === "symbolic link";
    if (isSymbolic && member.target.startsWith("/")) return undefined;
    const target = isSymbolic ? posix.join(posix.dirname(path), member.target) : posix.join(member.target);
    path = cleanPath(target);
    if (path === "" || path.startsWith("../") || path === "..") return undefined;
  }
  return undefined;
}

function cleanPath(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

function isLitter(inside: string): boolean {
  return litterOf(inside) !== undefined;
}

/** What a path is left out for: the first folder or file of litter in it. */
function litterOf(inside: string): string | undefined {
  const parts = inside.split("/");
  for (const [index, part] of parts.entries()) {
    const isFolder = index < parts.length - 1;
    const litter = litterName(part, isFolder);
    if (litter !== undefined)
      return isFolder ? `file in ${litter === "hidden" ? "hidden folders" : part}` : `${litter} file`;
  }
  return undefined;
}

/** Turns what a damaged archive makes its readers throw into errors that a person understands. */
async function guard<T>(path: string, { subject }: Opening, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TarDamage) throw damagedTar(subject, path, error.message);
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_")) {
      throw damagedGzip(subject, path, messageOf(error));
    }
    throw error;
  }
}

function damagedTar(subject: string, path: string, reason: string): FormatError {
  return new FormatError({
    code: "damaged",
    subject,
    expected: "a tar archive",
    got: `a damaged one in '${path}' (${reason})`,
    remedy: { key: "copy-again" },
  });
}
