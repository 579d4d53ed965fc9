/** What archives of every kind have in common: their members as a file tree, links followed inside them, nothing read that leads out of them. */
import { posix } from "node:path";
import { compareNames, showPath } from "../files/path-names.ts";
import type { FileTree, Opening, PreparationProblem, StoredFile } from "../image-source.ts";
import type { LeftOutTally } from "../source-summary.ts";
import { litterName } from "./litter.ts";

/** What is wrong with an archive, in plain words. */
export class ArchiveDamage extends Error {
  override readonly name = "ArchiveDamage";
}

/** What is known of a member that holds something or leads to one. */
export interface ArchiveMember {
  readonly kind: "file" | "hard link" | "symbolic link" | "folder" | "other";
  /** What a link points to, as it is written. */
  readonly target: string;
  /** Bytes of content. */
  readonly size: number;
}

/** The members of an archive by their paths (`cleanPath`). Of a path that comes several times the last one counts, as when it is unpacked. */
export interface MemberIndex<Member extends ArchiveMember> {
  readonly members: ReadonlyMap<string, Member>;
  readonly leftOut: LeftOutTally;
}

/** How the content of a member is read. */
export type MemberReader<Member> = (member: Member) => Pick<StoredFile, "read" | "readAt">;

/** The files of an archive, sorted; links lead to the member they name, as they do once it is unpacked. */
export function treeOf<Member extends ArchiveMember>(
  location: string,
  { members, leftOut }: MemberIndex<Member>,
  { concerns }: Opening,
  readerFor: MemberReader<Member>,
): FileTree {
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
      files.push({ path: inside, shown, size: async () => target.size, ...readerFor(target) });
    } else if (end !== undefined && folders.has(end)) leftOut.add("again", "link to a folder", shown);
    else problems.push({ name: shown, reason: "the link leads to nothing in the archive" });
  }
  files.sort((a, b) => compareNames(a.path, b.path));
  return {
    location,
    container: "archive",
    files,
    problems,
    leftOut,
    companions: async () => files,
    places: () => [{ name: "", place: location }],
  };
}

/** Where links end: the path of a member or folder; undefined where they lead out of the archive or round in a circle. */
export function followLinks(from: string, members: ReadonlyMap<string, ArchiveMember>): string | undefined {
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

/** A member's path without empty parts, so that none is absolute. */
export function cleanPath(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

/** What a path is left out for: the first folder or file of litter in it. */
export function litterOf(inside: string): string | undefined {
  const parts = inside.split("/");
  for (const [index, part] of parts.entries()) {
    const isFolder = index < parts.length - 1;
    const litter = litterName(part, isFolder);
    if (litter !== undefined)
      return isFolder ? `file in ${litter === "hidden" ? "hidden folders" : part}` : `${litter} file`;
  }
  return undefined;
}
