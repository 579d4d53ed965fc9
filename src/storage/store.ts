/** An object store, as readers and jobs use it: listings, objects, parts of objects, and objects that appear whole. */
import { Readable } from "node:stream";
import { RunError } from "../base/index.ts";
import { type ObjectAddress, showAddress } from "./addresses.ts";
import { type ListedObject, type ListRequest, listObjects } from "./listing.ts";
import { type PartReader, readAhead, type WindowStore } from "./read-ahead.ts";
import type { Patience, Sender, StoreAnswer } from "./requests.ts";
import { type Environment, type StoreSettings, storeSettings } from "./settings.ts";
import { notAllowed, wrongAnswer } from "./store-faults.ts";

/** An object that is read by position. All parts are of one state of it: where it changes meanwhile, reading throws an Error. */
export interface OpenObject {
  readonly size: number;
  readonly read: PartReader;
  /** All bytes in order. */
  stream(): Readable;
}

/** What is known of an object. */
export interface ObjectStatus {
  readonly bytes: number;
  /** ms since 1970; zero where it is not told. */
  readonly changed: number;
}

/** An object store. Every function throws ConfigError for what a person has to mend, RunError where no store answers. */
export interface ObjectStore {
  list(request: ListRequest): AsyncGenerator<readonly ListedObject[]>;
  /** The whole object; undefined where there is none. Throws an Error where it may not be read or is longer than `most` bytes. */
  get(address: ObjectAddress, most: number): Promise<Uint8Array | undefined>;
  /** Opens an object; undefined where there is none. */
  open(address: ObjectAddress): Promise<OpenObject | undefined>;
  /** An object of known size, of which nothing is asked yet. */
  parts(address: ObjectAddress, size: number): PartReader;
  /** What is known of an object without its content; undefined where there is none. */
  stat(address: ObjectAddress): Promise<ObjectStatus | undefined>;
  /** Puts an object in its place, whole. */
  put(address: ObjectAddress, content: Uint8Array): Promise<void>;
  remove(address: ObjectAddress): Promise<void>;
}

/** Bytes that opening an object brings: where archives say what they are, and all of a small one. */
const opened = 1 << 16;

/** Bytes at a time of an object that is read from beginning to end. */
const streamed = 1 << 23;

const stores = new Map<string, ObjectStore>();

/** The store that the environment names. Throws ConfigError where it names none; `subject` begins the message. */
export function storeOf(subject: string, environment?: Environment): ObjectStore {
  const settings = storeSettings(subject, environment);
  const key = JSON.stringify({ ...settings, endpoint: settings.endpoint?.href });
  const known = stores.get(key) ?? openStore(settings);
  stores.set(key, known);
  return known;
}

/** Opens a store. Nothing is asked until something is wanted of it. */
export function openStore(settings: StoreSettings, patience: Patience = {}): ObjectStore {
  let sender: Promise<Sender> | undefined;
  const send: Sender = async (request) => {
    // Connections and signatures take time to load: who has no address of a store does not wait for them.
    sender ??= import("./requests.ts").then(({ openSender }) => openSender(settings, patience));
    return (await sender)(request);
  };
  const windows: WindowStore = [];
  /** Asks for a part; `state` is what the object has to be still. */
  const part = async (address: ObjectAddress, offset: number, size: number, state: { tag?: string | undefined }) => {
    const answer = await send({
      method: "GET",
      ...address,
      headers: {
        range: `bytes=${offset}-${offset + size - 1}`,
        ...(state.tag === undefined ? {} : { "if-match": state.tag }),
      },
      most: size,
    });
    if (answer.status === 416 && offset === 0) return { bytes: new Uint8Array(0), size: 0 };
    if (answer.status >= 300) throw unreadable(answer);
    const found = rangeOf(answer, offset, size);
    if (!found) {
      throw wrongAnswer(`'${showAddress(address)}'`, `bytes ${offset} to ${offset + size - 1}`, "other bytes");
    }
    const { etag } = answer.headers;
    // A store that heeds no condition is found out.
    if (state.tag !== undefined && etag !== undefined && etag !== state.tag) throw changed();
    state.tag ??= etag;
    return { bytes: answer.bytes, size: found.size };
  };
  const reader = (address: ObjectAddress, size: number, state: { tag?: string | undefined }): PartReader =>
    readAhead(
      async (offset, length) => {
        if (length === 0) return new Uint8Array(0);
        const found = await part(address, offset, length, state);
        if (found.size !== size || found.bytes.length !== length) throw changed();
        return found.bytes;
      },
      size,
      windows,
    );
  return {
    list: (request) => listObjects(send, request),
    async get(address, most) {
      const answer = await send({ method: "GET", ...address, most });
      if (answer.status === 404) return undefined;
      if (answer.status >= 300) throw unreadable(answer);
      // Every store has one; what stands in its way on a network has none.
      if (answer.headers.etag === undefined) {
        throw wrongAnswer(`'${showAddress(address)}'`, "an answer of an object store", "one without an ETag");
      }
      return answer.bytes;
    },
    async open(address) {
      const state: { tag?: string | undefined } = {};
      const subject = `'${showAddress(address)}'`;
      const start = await part(address, 0, opened, state).catch((error: unknown) => {
        if (error instanceof Missing) return undefined;
        throw error instanceof Forbidden ? notAllowed(subject) : error;
      });
      if (!start) return undefined;
      const { bytes, size } = start;
      const rest = reader(address, size, state);
      const read: PartReader = async (offset, length) =>
        offset + length <= bytes.length ? bytes.subarray(offset, offset + length) : rest(offset, length);
      return { size, read, stream: () => Readable.from(inOrder(read, size)) };
    },
    parts: (address, size) => reader(address, size, {}),
    async stat(address) {
      const { status, headers } = await send({ method: "HEAD", ...address, most: 0 });
      if (status === 404) return undefined;
      if (status >= 300) throw notAllowed(`'${showAddress(address)}'`);
      const changed = Date.parse(headers["last-modified"] ?? "") || 0;
      return { bytes: Number(headers["content-length"] ?? 0), changed };
    },
    async put(address, content) {
      const { status } = await send({ method: "PUT", ...address, body: content, most: 1 << 16 });
      if (status < 300) return;
      const subject = `'${showAddress(address)}'`;
      if (status === 403) throw notAllowed(subject);
      const got = `HTTP ${status}`;
      throw new RunError({ code: "unwritable", subject, expected: "a place that can be written", got });
    },
    async remove(address) {
      await send({ method: "DELETE", ...address, most: 1 << 16 });
    },
  };
}

/** What is thrown of one object among many, in words that follow its name. */
function unreadable({ status, code }: StoreAnswer): Error {
  if (status === 404) return new Missing("no such object");
  if (status === 403) return new Forbidden("not allowed (AccessDenied)");
  return status === 412 || status === 416 ? changed() : new Error(`HTTP ${status}${code ? ` (${code})` : ""}`);
}

// Plain to others: reading goes on with the next image.
class Missing extends Error {
  override readonly name = "Error";
}
class Forbidden extends Error {
  override readonly name = "Error";
}

function changed(): Error {
  return new Error("it has changed since it was opened");
}

/** What part an answer holds, if it is the one that was asked for, or all that there is of it. */
function rangeOf({ status, headers, bytes }: StoreAnswer, offset: number, size: number) {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers["content-range"] ?? "") ?? [];
  const whole = Number(total);
  const isRight =
    status === 206 &&
    Number(first) === offset &&
    Number(last) === Math.min(offset + size, whole) - 1 &&
    Number(last) - offset + 1 === bytes.length;
  return isRight && Number.isSafeInteger(whole) ? { size: whole } : undefined;
}

async function* inOrder(read: PartReader, size: number): AsyncGenerator<Uint8Array> {
  const ask = (at: number): Promise<Uint8Array> => {
    const next = read(at, Math.min(streamed, size - at));
    // Whoever takes it is told.
    next.catch(() => undefined);
    return next;
  };
  let next = size > 0 ? ask(0) : undefined;
  for (let at = 0; next; at += streamed) {
    const bytes = await next;
    next = at + streamed < size ? ask(at + streamed) : undefined;
    yield bytes;
  }
}
