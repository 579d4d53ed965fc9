/** Checksums of a detector's files, by the Web Crypto that Node and browsers share, or by a loop of our own where a browser withholds it. */
import { sha256 } from "./sha256.ts";

/** SHA-256 of bytes or text, hexadecimal. */
export async function checksumOf(content: Uint8Array<ArrayBuffer> | string): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  // Undefined in a page that came by plain http from another machine.
  const { subtle } = globalThis.crypto as { readonly subtle?: typeof globalThis.crypto.subtle };
  const digest = subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : sha256(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
