/** Files of a server, with the progress of their coming. */
import { messageOf, RunError } from "../../src/base/index.ts";

/** Told how many bytes have come since the last call, and once how many there will be, where the server says. */
export type OnBytes = (bytes: number, total: number | undefined) => void;

/** The content of a file. Throws RunError where there is none or the connection breaks. */
export async function fetchBytes(address: string, onBytes?: OnBytes): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await fetchIfThere(address, Number.POSITIVE_INFINITY, onBytes);
  if (bytes !== undefined) return bytes;
  throw failure(address, "none there");
}

/** As `fetchBytes`; undefined where there is none of this name, and RunError for one that is larger than it may be. */
export async function fetchIfThere(
  address: string,
  mostBytes: number,
  onBytes?: OnBytes,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const response = await fetch(address);
    if (response.status === 404) return undefined;
    if (!response.ok || response.body === null) throw failure(address, `status ${response.status}`);
    // The length of what is sent, which is not that of what comes out where it is compressed.
    const told = response.headers.has("content-encoding") ? null : response.headers.get("content-length");
    return await readAll(response.body, told === null ? undefined : Number(told), mostBytes, address, onBytes);
  } catch (error) {
    throw error instanceof RunError ? error : failure(address, messageOf(error));
  }
}

async function readAll(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  total: number | undefined,
  mostBytes: number,
  address: string,
  onBytes: OnBytes | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = body.getReader();
  onBytes?.(0, total);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > mostBytes) {
      await reader.cancel();
      throw failure(address, `more than ${mostBytes} bytes`);
    }
    pieces.push(value);
    onBytes?.(value.length, undefined);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function failure(address: string, got: string): RunError {
  return new RunError({
    code: "unreadable",
    subject: `'${address}'`,
    expected: "a file",
    got,
    remedy: { key: "other", text: "look whether the server still runs, and load the page again" },
  });
}
