/** Bytes of a file in order: of a plain one by position, so that what is skipped is not read, of a gzip file unpacked on the way. */
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { ArchiveDamage } from "./archive-tree.ts";
import type { ByteSource } from "./lazy-file.ts";
import type { ByteCursor } from "./tar-members.ts";

/** Bytes read at a time. */
const window = 1 << 20;

/** A cursor over plain bytes. */
export function plainCursor({ size, read, steps = false }: ByteSource): ByteCursor {
  let position = 0;
  let buffered: Buffer = Buffer.alloc(0);
  let bufferedAt = 0;
  const fill = async (wanted: number): Promise<void> => {
    const bytes = await read(position, Math.min(steps ? wanted : window, size - position));
    buffered = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    bufferedAt = position;
  };
  return {
    get position() {
      return position;
    },
    async take(wanted) {
      const parts: Buffer[] = [];
      for (let missing = Math.min(wanted, size - position); missing > 0; ) {
        const from = position - bufferedAt;
        if (from < 0 || from >= buffered.length) await fill(missing);
        const part = buffered.subarray(position - bufferedAt, position - bufferedAt + missing);
        if (part.length === 0) break;
        parts.push(part);
        position += part.length;
        missing -= part.length;
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    },
    async skip(bytes) {
      if (position + bytes > size) throw new ArchiveDamage("it is cut off");
      position += bytes;
    },
  };
}

/**
 * A cursor over the content of a gzip file. `mostBytes` bounds what is unpacked in all; beyond it `onExcess` gives the error to throw. Throws what
 * zlib throws for damage.
 */
export async function withGzipCursor<T>(
  input: Readable,
  mostBytes: number,
  onExcess: () => Error,
  work: (cursor: ByteCursor) => Promise<T>,
): Promise<T> {
  const unpacked = createGunzip({ chunkSize: 1 << 18 });
  input.on("error", (error) => unpacked.destroy(error));
  const chunks = input.pipe(unpacked)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let position = 0;
  let chunk: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    while (chunk.length === 0) {
      const { done, value } = await chunks.next();
      if (done) return false;
      chunk = value;
    }
    return true;
  };
  const pass = (bytes: number): void => {
    chunk = chunk.subarray(bytes);
    position += bytes;
    if (position > mostBytes) throw onExcess();
  };
  try {
    return await work({
      get position() {
        return position;
      },
      async take(wanted) {
        // Memory is touched as it is filled: a header may lie about the size.
        const bytes = Buffer.allocUnsafeSlow(wanted);
        let filled = 0;
        while (filled < wanted && (await more())) {
          const part = Math.min(chunk.length, wanted - filled);
          chunk.copy(bytes, filled, 0, part);
          filled += part;
          pass(part);
        }
        return bytes.subarray(0, filled);
      },
      async skip(bytes) {
        for (let left = bytes; left > 0; ) {
          if (!(await more())) throw new ArchiveDamage("it is cut off");
          const part = Math.min(chunk.length, left);
          pass(part);
          left -= part;
        }
      },
    });
  } finally {
    input.destroy();
    unpacked.destroy();
  }
}
