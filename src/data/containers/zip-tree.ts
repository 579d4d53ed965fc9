/** Zip archives as file trees: indexed once by their directory and read by position, one member at a time, never unpacked to the disk. */
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import { nameOfBytes, systemPath } from "../files/path-bytes.ts";
import { showPath } from "../files/path-names.ts";
import type { FileContainer, FileTree, Opening, StoredFile } from "../image-source.ts";
import { damagedFile, type SourceLimits, tooLarge, tooLargeReason } from "../limits.ts";
import { tallyLeftOut } from "../source-summary.ts";
import { ArchiveDamage, type ArchiveMember, cleanPath, litterOf, treeOf } from "./archive-tree.ts";
import { type PositionReader, readerOf } from "./lazy-file.ts";
import { contentStart, readZipMembers, type ZipMember } from "./zip-members.ts";

const inflate = promisify(inflateRaw);

/** A .zip archive, or a .npz, which is one of .npy files. */
export const zipContainer: FileContainer = {
  name: "zip",
  matches: (path, isFolder) => !isFolder && /\.(zip|npz)$/i.test(path),
  async open(path, opening) {
    const { size } = await stat(systemPath(path));
    return openZip(path, readerOf(path), size, opening);
  },
};

/** Opens an archive wherever its bytes are. Throws as `FileContainer.open`. */
export async function openZip(path: string, read: PositionReader, size: number, opening: Opening): Promise<FileTree> {
  try {
    return await indexZip(path, read, size, opening);
  } catch (error) {
    if (error instanceof ArchiveDamage) throw damagedFile(opening.subject, "a zip archive", path, error.message);
    throw error;
  }
}

type Indexed = ArchiveMember & Omit<ZipMember, "kind" | "path">;

/** A target longer than this is none. */
const longestTarget = 1 << 12;

async function indexZip(path: string, read: PositionReader, size: number, opening: Opening): Promise<FileTree> {
  const { limits, subject, concerns } = opening;
  const members = new Map<string, Indexed>();
  const leftOut = tallyLeftOut();
  for await (const { path: name, ...member } of readZipMembers(read, size)) {
    const inside = cleanPath(name);
    if (member.kind === "folder" || inside === "") continue;
    if (members.has(inside)) leftOut.add("again", "earlier copy of a file", showPath(path, inside));
    const isLink = member.kind === "symbolic link";
    const isWanted = isLink && concerns(inside) && litterOf(inside) === undefined && member.size <= longestTarget;
    const target = isWanted ? await readTarget(read, member, limits) : "";
    members.set(inside, { ...member, target });
    if (members.size > limits.files) throw tooLarge(subject, "an archive", path, "files", limits);
  }
  return treeOf(path, { members, leftOut }, opening, (member) => readersOf(read, member, limits));
}

/** Where a link leads; nowhere where it cannot be read. */
async function readTarget(read: PositionReader, member: Omit<ZipMember, "path">, limits: SourceLimits) {
  return nameOfBytes(await readContent(read, member, limits).catch(() => new Uint8Array(0)));
}

function readersOf(
  read: PositionReader,
  member: Omit<ZipMember, "kind" | "path">,
  limits: SourceLimits,
): Pick<StoredFile, "read" | "readAt"> {
  const whole = { read: () => readContent(read, member, limits) };
  if (member.method !== 0 || member.isEncrypted) return whole;
  let start: Promise<number> | undefined;
  return {
    ...whole,
    async readAt(offset, bytes) {
      start ??= read(member.start, 30).then((header) => member.start + contentStart(header));
      if (offset + bytes > member.size) throw new Error("it ends early");
      return read((await start) + offset, bytes);
    },
  };
}

/** Unpacked bytes from which on a member that was packed a hundredfold is no picture but a trap. */
const suspiciousSize = 2 ** 28;
const suspiciousRatio = 100;

/** The content of a member, checked against its size and checksum. Throws an Error that says in plain words why there is none. */
async function readContent(
  read: PositionReader,
  { start, headerSize, packedSize, size, method, crc, isEncrypted }: Omit<ZipMember, "kind" | "path">,
  limits: SourceLimits,
): Promise<Uint8Array> {
  if (isEncrypted) throw new Error("it is encrypted");
  if (method !== 0 && method !== 8) throw new Error(`it is compressed by method ${method}, which is not read`);
  if (size > limits.fileBytes || packedSize > limits.fileBytes) throw new Error(tooLargeReason(size, limits));
  if (size > suspiciousSize && size > suspiciousRatio * packedSize) {
    throw new Error(`it would unpack to more than ${suspiciousRatio} times its size`);
  }
  // Most headers are as long as the directory says: one reading instead of two.
  const first = await read(start, headerSize + packedSize).catch(() => read(start, 30));
  const from = contentStart(first);
  const packed =
    from + packedSize <= first.length ? first.subarray(from, from + packedSize) : await read(start + from, packedSize);
  const bytes = method === 0 ? packed : await unpack(packed, size);
  if (bytes.length !== size || crc32(bytes) !== crc) throw new Error("it is damaged (its checksum is another)");
  return bytes;
}

async function unpack(packed: Uint8Array, size: number): Promise<Uint8Array> {
  try {
    return await inflate(packed, { maxOutputLength: Math.max(1, size) });
  } catch {
    throw new Error("it is damaged (it cannot be unpacked)");
  }
}
