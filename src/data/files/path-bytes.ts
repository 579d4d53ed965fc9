/**
 * Paths whose bytes are no UTF-8, as old cameras and archives leave them. A byte that is none stands in a string as a lone surrogate,
 * U+DC00 + byte (Python calls this surrogateescape, PEP 383), so that no two names become the same and every file can be opened.
 */
import { Buffer } from "node:buffer";

const foreign = /[\udc80-\udcff]/u;
const allForeign = /[\udc80-\udcff]/gu;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of a name's bytes. */
export function nameOfBytes(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    let text = "";
    for (let at = 0; at < bytes.length; ) {
      const { characters, length } = characterAt(bytes, at);
      text += characters;
      at += length;
    }
    return text;
  }
}

function characterAt(bytes: Uint8Array, at: number): { readonly characters: string; readonly length: number } {
  for (let length = 1; length <= 4; length++) {
    try {
      return { characters: utf8.decode(bytes.subarray(at, at + length)), length: Math.min(length, bytes.length - at) };
    } catch {
      // One byte more may complete the character.
    }
  }
  return { characters: String.fromCharCode(0xdc00 + bytes[at]!), length: 1 };
}

/** The bytes of a name. */
export function bytesOfName(name: string): Buffer {
  const parts: Buffer[] = [];
  let start = 0;
  for (const match of name.matchAll(allForeign)) {
    parts.push(Buffer.from(name.slice(start, match.index)), Buffer.of(match[0].charCodeAt(0) - 0xdc00));
    start = match.index + 1;
  }
  return Buffer.concat([...parts, Buffer.from(name.slice(start))]);
}

/** A path as the file system takes it: the text, or its bytes where these are no UTF-8. */
export function systemPath(path: string): string | Buffer {
  return foreign.test(path) ? bytesOfName(path) : path;
}

/** A name as a person can read it and as every text file can hold it: bytes that are no UTF-8 become `\xE4`. */
export function readableName(name: string): string {
  if (!foreign.test(name)) return name;
  return name.replace(allForeign, (byte) => `\\x${(byte.charCodeAt(0) - 0xdc00).toString(16).toUpperCase()}`);
}
