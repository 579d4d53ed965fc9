/** Archives for tests: bytes of tar and zip files. */
import { crc32, deflateRawSync } from "node:zlib";
import { pack } from "tar-stream";

/** The bytes of a tar archive. */
export async function tarOf(files: Readonly<Record<string, Uint8Array | string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) {
    archive.entry({ name }, typeof content === "string" ? Buffer.from(content) : Buffer.from(content));
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A member of a zip archive: its content, and what differs from a plain deflated file. */
export interface ZipContent {
  readonly content: Uint8Array | string;
  readonly method?: number;
  /** The mode of Unix, such as 0o120777 for a link. */
  readonly mode?: number;
  readonly flags?: number;
  /** The size that is told of it, where that is a lie. */
  readonly toldSize?: number;
}

/** The bytes of a zip archive, after `prefix`; with `zip64`, every size and place stands in a zip64 field. */
export function zipOf(
  files: Readonly<Record<string, ZipContent | Uint8Array | string>>,
  { zip64 = false, prefix = Buffer.alloc(0) as Uint8Array, comment = "" } = {},
): Buffer {
  const parts: Uint8Array[] = [prefix];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [path, given] of Object.entries(files)) {
    const file: ZipContent = typeof given === "string" || given instanceof Uint8Array ? { content: given } : given;
    const { method = 8, mode = 0o100644, flags = 0x800, toldSize } = file;
    const content = Buffer.from(file.content);
    const packed = method === 8 ? deflateRawSync(content) : content;
    const name = Buffer.from(path);
    const size = toldSize ?? content.length;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(45, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([signatureOf(0x04034b50), common, name, packed]);
    const record = Buffer.concat([signatureOf(0x02014b50), Buffer.from([45, 3]), common, Buffer.alloc(14)]);
    record.writeUInt16LE(mode, 40);
    record.writeUInt32LE(at, 42);
    const field = Buffer.alloc(zip64 ? 28 : 0);
    if (zip64) {
      field.writeUInt16LE(1, 0);
      field.writeUInt16LE(24, 2);
      for (const [place, value] of [size, packed.length, at].entries())
        field.writeBigUInt64LE(BigInt(value), 4 + 8 * place);
      for (const place of [20, 24, 42]) record.writeUInt32LE(0xffffffff, place);
      record.writeUInt16LE(field.length, 30);
    }
    directory.push(record, name, field);
    parts.push(local);
    at += local.length;
  }
  const listing = Buffer.concat(directory);
  const count = Object.keys(files).length;
  const end64 = Buffer.alloc(zip64 ? 76 : 0);
  if (zip64) {
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(44n, 4);
    for (const place of [24, 32]) end64.writeBigUInt64LE(BigInt(count), place);
    end64.writeBigUInt64LE(BigInt(listing.length), 40);
    end64.writeBigUInt64LE(BigInt(at), 48);
    end64.writeUInt32LE(0x07064b50, 56);
    end64.writeBigUInt64LE(BigInt(at + listing.length), 64);
    end64.writeUInt32LE(1, 72);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  for (const place of [8, 10]) end.writeUInt16LE(zip64 ? 0xffff : count, place);
  end.writeUInt32LE(zip64 ? 0xffffffff : listing.length, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, listing, end64, end, Buffer.from(comment)]);
}

function signatureOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
