/** A store of a test file's own and what asks it: empty and well behaved before every test. */
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { storeSettings } from "../src/storage/settings.ts";
import { type ObjectStore, openStore } from "../src/storage/store.ts";
import { type StoreServer, startStore } from "./store-server.ts";

/** How tests ask: soon tired. Milliseconds. */
export const patience = { idle: 200, attempts: 3, delay: 1 };

export interface TestedStore {
  readonly server: StoreServer;
  readonly store: ObjectStore;
  /** The keys in the bucket `bucket` that begin so, listed in pages of so many. */
  keysOf(prefix: string, page?: number): Promise<string[]>;
  /** What work ends with, which must say nothing secret. */
  problemOf(work: Promise<unknown>): Promise<string>;
}

/** The store of a file's tests, which has a region and wants a session's token. */
export function ownStore(): TestedStore {
  let server: StoreServer;
  let store: ObjectStore;
  beforeAll(async () => {
    server = await startStore({ region: "eu-central-1", token: true });
    store = openStore(storeSettings("images", server.environment), patience);
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.objects.clear();
    server.misbehave = undefined;
    for (const kind of Object.keys(server.counts)) delete server.counts[kind];
  });
  return {
    get server() {
      return server;
    },
    get store() {
      return store;
    },
    async keysOf(prefix, page) {
      const keys: string[] = [];
      for await (const objects of store.list({ bucket: "bucket", prefix, ...(page === undefined ? {} : { page }) })) {
        keys.push(...objects.map(({ key }) => key));
      }
      return keys;
    },
    async problemOf(work) {
      const error = await work.then(
        () => new Error("nothing was thrown"),
        (thrown: Error) => thrown,
      );
      const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = server.environment;
      for (const secret of [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN]) {
        expect(error.message).not.toContain(secret);
      }
      return error.message;
    },
  };
}
