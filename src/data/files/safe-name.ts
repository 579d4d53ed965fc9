/** Names from data, such as classes, as names of files. */
import { createHash } from "node:crypto";
import { readableName } from "./path-bytes.ts";

/** Bytes of a name beyond which it is cut: file systems take 255, and endings are added. */
const longest = 120;

/** Names that Windows keeps for devices, whatever their ending. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * A text as the name of one file or folder: letters, digits and `. _ - ( )` and spaces stay, every other byte becomes `%` and two digits, and so does
 * what a system would take as something else: a dot or space at an end, the first letter of a device's name. Different texts give different
 * names; long ones are cut and end with a part of their SHA-256.
 */
export function safeName(text: string): string {
  const name = wellFormed(readableName(text)).normalize("NFC");
  if (name === "") return "%";
  const encoded = name
    .replace(/[^\p{L}\p{M}\p{N}._\-() ]/gu, encode)
    .replace(/^[. ]|[. ]$/g, encode)
    .replace(reserved, (match: string) => encode(match[0]!) + match.slice(1));
  if (Buffer.byteLength(encoded) <= longest) return encoded;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 16);
  let cut = encoded;
  while (Buffer.byteLength(cut) > longest - 17) cut = cut.slice(0, -1);
  return `${wellFormed(cut).replace(/[\ufffd. ]+$/, "")}-${digest}`;
}

function encode(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}

/** Half of a character, as a cut leaves it, becomes U+FFFD. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
