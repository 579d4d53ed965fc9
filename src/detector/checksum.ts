/** Checksums of a detector's files, by the Web Crypto that Node and browsers share. */

/** SHA-256 of bytes or text, hexadecimal. In a browser only where the page is secure (https or this machine). */
export async function checksumOf(content: Uint8Array<ArrayBuffer> | string): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
