/**
 * A job on an object store. Every object appears whole, so that it keeps what a folder keeps; there are no locks, which is why a broker hands its shards out, and
 * what is added to is written anew, as one worker has a shard at a time.
 */
import { ConfigError, setting } from "../base/index.ts";
import { isStoreAddress, type ObjectAddress, parseAddress, storeOf } from "../storage/index.ts";
import type { JobPlace } from "./job-place.ts";

/** Whether a job's folder is an address of a store. Throws ConfigError where shards of one should be handed out by the folder itself. */
export function refuseFolderLeases(folder: string, queue: string | null | undefined): void {
  if (!isStoreAddress(folder) || queue) return;
  throw new ConfigError({
    code: "missing-setting",
    subject: setting("queue"),
    expected: "a broker for a job on an object store, which has no locks",
    got: "none",
    remedy: { key: "give-setting", setting: setting("queue") },
  });
}

/** Bytes of an object that is read as a whole. */
const largest = 2 ** 31;

/** The place of a job at an address. Throws ConfigError for what is none, and where the environment names no store; its functions throw as the store. */
export function storePlace(folder: string): JobPlace {
  const root = parseAddress(folder.replace(/\/+$/, ""));
  if ("reason" in root) {
    const expected = "an address such as s3://bucket/job";
    throw new ConfigError({ code: "out-of-range", subject: "job", expected, got: root.reason });
  }
  const store = storeOf("job");
  const prefix = root.key === "" ? "" : `${root.key}/`;
  const at = (name: string): ObjectAddress => ({ bucket: root.bucket, key: prefix + name });
  const bytesOf = (content: Uint8Array | string): Uint8Array =>
    typeof content === "string" ? new TextEncoder().encode(content) : content;
  const write = (name: string, content: Uint8Array | string): Promise<void> => store.put(at(name), bytesOf(content));
  return {
    read: (name, most = largest) => store.get(at(name), most),
    has: async (name) => (await store.stat(at(name))) !== undefined,
    async names(inside) {
      const names: string[] = [];
      const start = `${prefix}${inside}/`;
      for await (const page of store.list({ bucket: root.bucket, prefix: start, flat: true })) {
        for (const { key } of page) if (key !== start) names.push(key.slice(start.length));
      }
      return names;
    },
    changed: async (name) => (await store.stat(at(name)))?.changed,
    write,
    writeSoon: write,
    async writeFolder(inside, files) {
      for (const [name, content] of files) await write(`${inside}/${name}`, content);
    },
    async openLines(name) {
      const lines: string[] = [];
      return {
        write: async (line) => void lines.push(`${line}\n`),
        commit: () => write(name, lines.join("")),
        discard: async () => undefined,
      };
    },
    async append(name, text) {
      const there = await store.get(at(name), largest);
      await write(name, `${new TextDecoder().decode(there)}${text}`);
    },
    remove: (name) => store.remove(at(name)),
    claim: async () => ({ release: async () => undefined }),
  };
}
