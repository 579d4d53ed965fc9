/**
 * Tar archives as file trees: plain ones are indexed once and read by position; of compressed ones what may be needed is held in memory.
 * Links lead to the member they name, as they do once the archive is unpacked.
 */
import { messageOf } from "../../base/index.ts";
import { showPath } from "../files/path-names.ts";
import type { FileContainer, FileTree, Opening } from "../image-source.ts";
import { damagedFile, type SourceLimits, tooLarge, tooLargeReason } from "../limits.ts";
import { tallyLeftOut } from "../source-summary.ts";
import {
  ArchiveDamage,
  type ArchiveMember,
  cleanPath,
  followLinks,
  litterOf,
  type MemberIndex,
  type MemberReader,
  treeOf,
} from "./archive-tree.ts";
import { plainCursor, withGzipCursor } from "./byte-cursors.ts";
import { damagedGzip, isGzip } from "./gzip.ts";
import { type ByteSource, bytesOf } from "./lazy-file.ts";
import { readMembers, type TarMember } from "./tar-members.ts";

/** A .tar, .tar.gz or .tgz archive. Whether it is compressed is read from its first bytes, not from its name. */
export const tarContainer: FileContainer = {
  name: "tar",
  matches: (path, isFolder) => !isFolder && /\.(tar|tar\.gz|tgz)$/i.test(path),
  open: async (path, opening) => openTar(path, await bytesOf(path), opening),
};

/** Opens an archive wherever its bytes are. Throws as `FileContainer.open`. */
export async function openTar(path: string, source: ByteSource, opening: Opening): Promise<FileTree> {
  const { size, read: readFrom } = source;
  if (size === 0) throw damagedFile(opening.subject, "a tar archive", path, "it is empty");
  if (isGzip(await readFrom(0, Math.min(2, size)))) {
    const index = await unpack(path, source, opening);
    return treeOf(path, index, opening, ({ content, size }) =>
      limited(size, opening.limits, { read: async () => content! }),
    );
  }
  const cursor = plainCursor(source);
  const index = await guard(path, opening, () => indexMembers(readMembers(cursor), path, opening, () => false));
  return treeOf(path, index, opening, ({ start, size }) =>
    limited(size, opening.limits, {
      read: () => readFrom(start, size),
      readAt: (offset, bytes) => readFrom(start + offset, bytes),
    }),
  );
}

/** A member without its path, and its content where that is kept. */
type Indexed = ArchiveMember & Pick<TarMember, "start"> & { content?: Uint8Array };

/** How a member is read, or refused for its size. */
function limited(size: number, limits: SourceLimits, reader: ReturnType<MemberReader<Indexed>>) {
  if (size <= limits.fileBytes) return reader;
  return { ...reader, read: () => Promise.reject(new Error(tooLargeReason(size, limits))) };
}

async function indexMembers(
  members: AsyncIterable<TarMember>,
  path: string,
  { subject, limits }: Opening,
  keeps: (inside: string) => boolean,
): Promise<MemberIndex<Indexed>> {
  const index = { members: new Map<string, Indexed>(), leftOut: tallyLeftOut() };
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
async function unpack(path: string, source: ByteSource, opening: Opening): Promise<MemberIndex<Indexed>> {
  const { subject, limits, concerns } = opening;
  const excess = () => tooLarge(subject, "a compressed archive", path, "unpackedBytes", limits);
  const read = (keeps: (inside: string) => boolean): Promise<MemberIndex<Indexed>> =>
    guard(path, opening, () =>
      withGzipCursor(source.stream(), limits.unpackedBytes, excess, (cursor) =>
        indexMembers(readMembers(cursor), path, opening, keeps),
      ),
    );
  const first = await read(concerns);
  const missing = new Set<string>();
  for (const [inside, { kind }] of first.members) {
    if (kind === "file" || !concerns(inside) || litterOf(inside) !== undefined) continue;
    const end = followLinks(inside, first.members);
    const member = end === undefined ? undefined : first.members.get(end);
    if (member?.kind === "file" && member.content === undefined && member.size <= limits.fileBytes) missing.add(end!);
  }
  return missing.size === 0 ? first : read((inside) => concerns(inside) || missing.has(inside));
}

/** Turns what a damaged archive makes its readers throw into errors that a person understands. */
async function guard<T>(path: string, { subject }: Opening, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArchiveDamage) throw damagedFile(subject, "a tar archive", path, error.message);
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_")) {
      throw damagedGzip(subject, path, messageOf(error));
    }
    throw error;
  }
}
