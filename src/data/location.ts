/**
 * Locations: a path and which of its images are meant. The one place that reads and writes them as text.
 *
 * As typed, `PATH` or `PATH#split=test,class=3+5,limit=1000,seed=1`, cut at the last `#`; in the values `%23 %25 %2B %2C` stand for the signs
 * `# % + ,` where they belong to a name. A path whose text could be misread (`data/#1`, bytes that are no UTF-8) is written as
 * `file:///x/data/%231`, in which `%` and two digits are a byte. A text that begins with `file:` is always read so; a folder of that name is `./file:`.
 *
 * `s3://BUCKET/KEY` is an object, or all whose keys begin with `KEY/`, of the store that the environment names. Nothing in it is encoded; where `#` belongs
 * to the key, another one ends it.
 */
import { lstat, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { ConfigError, nearestSpelling } from "../base/index.ts";
import { isStoreAddress, parseAddress } from "../storage/index.ts";
import { bytesOfName, nameOfBytes, readableName, systemPath } from "./files/path-bytes.ts";

/** Which images of a location are meant. Nothing chosen means all. */
export interface Selection {
  /** Keep the images of this split. */
  readonly split?: string;
  /** Keep the images of these classes. */
  readonly classes?: readonly string[];
  /** Keep so many: the first ones, or random ones where there is a seed. */
  readonly limit?: number;
  /** Chooses which images `limit` keeps; which images are made, where they are built in. */
  readonly seed?: number;
  /** The page that is read of files with several, from 1 on. Default: the first. */
  readonly page?: number;
  /** Frames a second that are taken of videos. */
  readonly fps?: number;
}

/** A path and what is selected of it. */
export interface Location {
  /** A byte that is no UTF-8 is a lone surrogate in it (`path-bytes.ts`). */
  readonly path: string;
  readonly selection: Selection;
}

/** The path that means the images the program makes. */
export const builtinPath = "builtin";

const scheme = "file:";
const keys = ["split", "class", "limit", "seed", "page", "fps"] as const;
type Key = (typeof keys)[number];

/**
 * Reads a location without a look at the disk. `subject` is what named it and begins the message.
 * Throws ConfigError for a selection that is not understood.
 */
export function parseLocation(text: string, subject: string): Location {
  const { path: written, rest } = cut(text);
  const path = readPath(written);
  if (path === "")
    throw new ConfigError({ code: "not-found", subject, expected: "a path to images", got: `'${text}'` });
  if (isStoreAddress(path)) checkAddress(path, subject);
  if (rest === undefined || (rest === "" && isStoreAddress(path))) return { path, selection: {} };
  const values = new Map<Key, string>();
  for (const pair of rest.split(",")) {
    const [key, value] = parsePair(pair, subject);
    if (values.has(key)) {
      const expected = "each selection key once";
      throw new ConfigError({ code: "conflicting-settings", subject, expected, got: `'${key}' again` });
    }
    values.set(key, value);
  }
  return { path, selection: readSelection(values, path, subject) };
}

/** Writes a location so that `parseLocation` reads the same. The path stays as it is where it cannot be misread. */
export function formatLocation({ path, selection }: Location): string {
  const { split, classes, limit, seed, page, fps } = selection;
  const values: readonly (readonly [Key, string | undefined])[] = [
    ["split", split === undefined ? undefined : encodeValue(split)],
    ["class", classes?.map(encodeValue).join("+")],
    ["limit", limit?.toString()],
    ["seed", seed?.toString()],
    ["page", page?.toString()],
    ["fps", fps?.toString()],
  ];
  const chosen = values.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  if (isStoreAddress(path) && (chosen.length > 0 || path.includes("#"))) return `${path}#${chosen.join(",")}`;
  return writePath(path) + (chosen.length > 0 ? `#${chosen.join(",")}` : "");
}

/** Whether a location means the images that the program makes, with or without a selection, whatever lies on the disk. */
export function isBuiltin(text: string): boolean {
  return cut(text).path === builtinPath;
}

/**
 * Reads a location, where a path that exists is taken as it was typed, even with a `#` in it, and one whose umlauts are encoded in another of
 * Unicode's normal forms than on the disk is found. Throws as `parseLocation`.
 */
export async function locateImages(text: string, subject: string): Promise<Location> {
  if (isBuiltin(text) || text.startsWith(scheme) || isStoreAddress(text)) return parseLocation(text, subject);
  const whole = await findPath(text);
  if (whole !== undefined) return { path: whole, selection: {} };
  const location = parseLocation(text, subject);
  return { ...location, path: (await findPath(location.path)) ?? location.path };
}

/** A location that means the same in every folder and to `parseLocation` alone: what records hold. Throws as `parseLocation`. */
export async function recordedLocation(text: string, subject: string): Promise<string> {
  const { path, selection } = await locateImages(text, subject);
  const isWhole = isStoreAddress(path) || (path === builtinPath && isBuiltin(text));
  return formatLocation({ path: isWhole ? path : resolve(path), selection });
}

/** A location with a name, such as a set to compare with. */
export interface NamedLocation {
  readonly name: string;
  readonly location: string;
}

/**
 * Reads `NAME=DATA`, or DATA alone, whose last folder is then the name. What exists is a path, even with `=` in it. Names may hold everything but
 * `/`, `\` and `#`; they are brought to Unicode's composed form.
 */
export async function parseNamedLocation(text: string): Promise<NamedLocation> {
  const there = await pathThere(text);
  if (there !== undefined) return { name: nameOf(there), location: text };
  let first: NamedLocation | undefined;
  for (let at = text.indexOf("="); at > 0; at = text.indexOf("=", at + 1)) {
    const [name, location] = [text.slice(0, at), text.slice(at + 1)];
    if (/[/\\#]/.test(name)) break;
    const named = { name: name.normalize("NFC"), location };
    first ??= named;
    if (location !== "" && (await pathThere(location)) !== undefined) return named;
  }
  return first ?? { name: nameOf(readPath(cut(text).path)), location: text };
}

/** The path of a location, whatever its selection says, if something lies there. */
async function pathThere(text: string): Promise<string | undefined> {
  if (isBuiltin(text)) return builtinPath;
  if (isStoreAddress(text)) return cut(text).path;
  return (await findPath(text)) ?? (await findPath(readPath(cut(text).path)));
}

function nameOf(path: string): string {
  return readableName(basename(path.replace(/[\\/]+$/, "")) || path).normalize("NFC");
}

function checkAddress(path: string, subject: string): void {
  const address = parseAddress(path);
  if (!("reason" in address)) return;
  const expected = "an address such as s3://bucket/folder/";
  throw new ConfigError({ code: "out-of-range", subject, expected, got: address.reason });
}

/** The path that exists: as given, or in another of Unicode's normal forms. A link that leads nowhere is there as well. */
async function findPath(path: string): Promise<string | undefined> {
  if (path === "") return undefined;
  for (const form of new Set([path, path.normalize("NFC"), path.normalize("NFD")])) {
    const found = await stat(systemPath(form)).catch(() => lstat(systemPath(form)).catch(() => undefined));
    if (found) return form;
  }
  return undefined;
}

/** The path as written, and what follows the last `#`. */
function cut(text: string): { readonly path: string; readonly rest: string | undefined } {
  const mark = text.lastIndexOf("#");
  return mark < 0 ? { path: text, rest: undefined } : { path: text.slice(0, mark), rest: text.slice(mark + 1) };
}

function readPath(written: string): string {
  if (!written.startsWith(scheme)) return written;
  const rest = written.slice(scheme.length).replace(/^\/\/(?=\/)/, "");
  return nameOfBytes(
    Buffer.concat(
      rest
        .split(/(%[0-9a-f]{2})/i)
        .map((part, index) => (index % 2 === 1 ? Buffer.of(Number.parseInt(part.slice(1), 16)) : bytesOfName(part))),
    ),
  );
}

// Beside what would be misread, what breaks lines.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are meant
const misread = /[#\u0000-\u001f\u007f\udc80-\udcff]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are meant
const encoded = /[#%\u0000-\u001f\u007f\udc80-\udcff]/gu;

function writePath(path: string): string {
  if (isStoreAddress(path) || (!misread.test(path) && !path.startsWith(scheme))) return path;
  const text = path.replace(encoded, (character) =>
    [...bytesOfName(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
  return scheme + (text.startsWith("/") ? `//${text}` : text);
}

const signs: Readonly<Record<string, string>> = { "#": "%23", "%": "%25", "+": "%2B", ",": "%2C" };

/** A name as it is written in a selection. */
export function encodeValue(value: string): string {
  return value.replace(/[#%+,]/g, (sign) => signs[sign]!);
}

function decodeValue(value: string): string {
  return value.replace(/%(23|25|2b|2c)/gi, (code) => decodeURIComponent(code));
}

function parsePair(pair: string, subject: string): [Key, string] {
  const equals = pair.indexOf("=");
  const key = equals < 0 ? pair : pair.slice(0, equals);
  const value = equals < 0 ? "" : pair.slice(equals + 1);
  if (!isKey(key)) {
    throw new ConfigError({
      code: "unknown-name",
      subject,
      expected: `a selection of ${keys.join(", ")} after '#'`,
      got: `'${key}'`,
      remedy: { key: "did-you-mean", name: `${nearestSpelling(key, keys)}=...` },
    });
  }
  if (value === "") {
    const remedy = { key: "other", text: `write '${key}=...'` } as const;
    throw new ConfigError({ code: "out-of-range", subject, expected: `a value for '${key}'`, got: "none", remedy });
  }
  return [key, value];
}

function isKey(key: string): key is Key {
  return keys.some((other) => other === key);
}

function readSelection(values: ReadonlyMap<Key, string>, path: string, subject: string): Selection {
  const split = values.get("split");
  const classes = values.get("class")?.split("+");
  const limit = readNumber(values, "limit", 1, subject);
  const seed = readNumber(values, "seed", 0, subject);
  const page = readNumber(values, "page", 1, subject);
  const fps = readRate(values.get("fps"), subject);
  if (classes?.includes("")) {
    const expected = "class names joined by '+'";
    const remedy = { key: "other", text: "a '+' in a name is '%2B'" } as const;
    throw new ConfigError({ code: "out-of-range", subject, expected, got: `'${values.get("class")}'`, remedy });
  }
  if (seed !== undefined && limit === undefined && path !== builtinPath) {
    const expected = "'limit' beside 'seed', which chooses the images that limit keeps";
    throw new ConfigError({ code: "missing-setting", subject, expected, got: `'seed=${seed}' alone` });
  }
  return {
    ...(split === undefined ? {} : { split: decodeValue(split) }),
    ...(classes === undefined ? {} : { classes: classes.map(decodeValue) }),
    ...(limit === undefined ? {} : { limit }),
    ...(seed === undefined ? {} : { seed }),
    ...(page === undefined ? {} : { page }),
    ...(fps === undefined ? {} : { fps }),
  };
}

/** Frames a second, in decimal digits. */
function readRate(text: string | undefined, subject: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.001 && value <= 1000) return value;
  const expected = "frames a second from 0.001 to 1000 for 'fps'";
  throw new ConfigError({ code: "out-of-range", subject, expected, got: `'${text}'` });
}

function readNumber(values: ReadonlyMap<Key, string>, key: Key, least: number, subject: string): number | undefined {
  const text = values.get(key);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  const expected = `a whole number of ${least} or more for '${key}'`;
  throw new ConfigError({ code: "out-of-range", subject, expected, got: `'${text}'` });
}
