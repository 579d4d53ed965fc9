/** Object stores: what is signed, listed, read in parts and written; what is refused, and what is asked again. */
import { createServer } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { listingOf, type Misbehaviour, type StoreServer, sendError, startStore } from "../../test/store-server.ts";
import { parseAddress, showAddress } from "./addresses.ts";
import { storeSettings } from "./settings.ts";
import { type ObjectStore, openStore, storeOf } from "./store.ts";

let server: StoreServer;
let store: ObjectStore;
const patience = { idle: 200, attempts: 3, delay: 1 };
const seed = 20240607;

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

const text = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);

async function keysOf(prefix: string, page?: number): Promise<string[]> {
  const keys: string[] = [];
  for await (const objects of store.list({ bucket: "bucket", prefix, ...(page === undefined ? {} : { page }) })) {
    keys.push(...objects.map(({ key }) => key));
  }
  return keys;
}

/** What is said without its way out. */
async function problemOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error("nothing was thrown"),
    (thrown: Error) => thrown,
  );
  for (const secret of [
    server.environment.AWS_ACCESS_KEY_ID!,
    server.environment.AWS_SECRET_ACCESS_KEY!,
    server.environment.AWS_SESSION_TOKEN!,
  ]) {
    expect(error.message).not.toContain(secret);
  }
  return error.message;
}

test(`objects of all kinds of keys come back by their names, signed (seed ${seed})`, async () => {
  const part = fc.stringMatching(/^[ -.0-~äß€😀+%&=~'()*!-]{1,12}$/u).filter((one) => !/^\.\.?$/.test(one));
  const keys = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  await fc.assert(
    fc.asyncProperty(keys, async (key) => {
      await store.put({ bucket: "bucket", key }, Buffer.from(key));
      expect(text(await store.get({ bucket: "bucket", key }, 1000))).toBe(key);
      expect(server.objects.has(`bucket/${key}`)).toBe(true);
      expect(await keysOf(key)).toContain(key);
      expect(parseAddress(showAddress({ bucket: "bucket", key }))).toEqual({ bucket: "bucket", key });
    }),
    { seed, numRuns: 40 },
  );
});

test("keys are absolute, doubled and strange, and listed over pages", async () => {
  const keys = ["/absolute", "a//b", "a/ b+c%20d", "a/\u00e9", "a/e\u0301", "a/\u{10000}", "a/\uffee", "a/<&>\"'", "z"];
  for (const key of keys) await store.put({ bucket: "bucket", key }, Buffer.from(key));
  const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(await keysOf("", 2)).toEqual(sorted);
  expect(server.counts.LIST).toBe(5);
  expect(await keysOf("a/", 1000)).toEqual(sorted.filter((key) => key.startsWith("a/")));
  for (const key of keys) expect(text(await store.get({ bucket: "bucket", key }, 100))).toBe(key);
  expect(await keysOf("nothing/")).toEqual([]);
});

test("parts come alone where they are alone, and in large pieces to who goes on", async () => {
  const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7) % 251));
  server.objects.set("bucket/large", content);
  const object = (await store.open({ bucket: "bucket", key: "large" }))!;
  expect(object.size).toBe(content.length);
  const at = async (offset: number, size: number) =>
    expect(Buffer.from(await object.read(offset, size)).equals(content.subarray(offset, offset + size))).toBe(true);
  await at(100, 20);
  expect(server.counts.GET).toBe(1);
  for (const offset of [2_500_000, 1_000_000, 2_000_000]) await at(offset, 10);
  expect(server.counts.GET).toBe(4);
  for (let offset = 70_000; offset < 2_900_000; offset += 20_000) await at(offset, 10_000);
  expect(server.counts.GET).toBeLessThan(12);
  await Promise.all(Array.from({ length: 100 }, (_, index) => at(index * 29_000, 29_000)));
  const parts: Uint8Array[] = [];
  for await (const part of object.stream()) parts.push(part as Uint8Array);
  expect(Buffer.concat(parts).equals(content)).toBe(true);
  await expect(object.read(2_999_999, 2)).rejects.toThrow(/it ends early/);
  const another = (await store.open({ bucket: "bucket", key: "large" }))!;
  server.objects.set("bucket/large", Buffer.from(content).fill(1, 5, 6));
  await expect(another.read(400_000, 1)).rejects.toThrow(/it has changed since it was opened/);
});

test("what is there is said, and goes", async () => {
  const address = { bucket: "bucket", key: "one" };
  await store.put({ bucket: "bucket", key: "empty" }, new Uint8Array(0));
  expect(await store.get(address, 10)).toBeUndefined();
  expect(await store.open(address)).toBeUndefined();
  expect((await store.open({ bucket: "bucket", key: "empty" }))?.size).toBe(0);
  expect(await store.stat(address)).toBeUndefined();
  await store.put(address, Buffer.from("1"));
  expect(await store.stat(address)).toEqual({ bytes: 1, changed: Date.UTC(2026, 0, 2, 3, 4, 5) });
  expect(text(await store.get(address, 10))).toBe("1");
  await store.remove(address);
  expect(await store.get(address, 10)).toBeUndefined();
});

describe("a store that does wrong", () => {
  const address = { bucket: "bucket", key: "one.png" };
  const content = Buffer.from("content of an image");
  const get = (): Promise<unknown> => store.get(address, 1000);
  const open = (): Promise<unknown> => store.open(address);
  const list = (): Promise<unknown> => keysOf("");
  const says =
    (body: string | Buffer, headers: Record<string, string | number> = {}, status = 200): Misbehaviour =>
    (_, response) => {
      response.writeHead(status, { etag: '"1"', ...headers }).end(body);
      return true;
    };
  const refuses =
    (status: number, code: string, headers: Record<string, string> = {}): Misbehaviour =>
    (_, response) => {
      sendError(response, status, code, headers);
      return true;
    };
  const bomb = `<!DOCTYPE a [<!ENTITY b "${"x".repeat(100)}"><!ENTITY c "&b;&b;&b;">]><ListBucketResult><IsTruncated>false</IsTruncated>&c;</ListBucketResult>`;

  test.each<[string, () => Promise<unknown>, Misbehaviour, RegExp, number]>([
    [
      "cuts off what it sends",
      get,
      (_, response) => {
        response.writeHead(200, { etag: '"1"', "content-length": 100 });
        response.write("short");
        setTimeout(() => response.destroy(), 5);
        return true;
      },
      /'s3:\/\/bucket\/one\.png': expected an object store that answers, got an answer that ends early/,
      3,
    ],
    [
      "sends more than it says",
      get,
      (_asked, _response, request) => {
        request.socket.end("HTTP/1.1 200 OK\r\netag: 1\r\ncontent-length: 3\r\n\r\nabcdefgh");
        return true;
      },
      /expected an object store that answers, got Parse Error/,
      3,
    ],
    ["says more than is wanted", get, says("", { "content-length": 10_000_000 }), /^more than 1000 bytes$/, 1],
    [
      "never stops",
      get,
      (_, response) => {
        response.writeHead(200, { etag: '"1"' });
        response.write(Buffer.alloc(5000));
        return true;
      },
      /^more than 1000 bytes$/,
      1,
    ],
    ["says nothing", get, () => true, /got no byte for 0\.2 seconds, 3 times/, 3],
    [
      "hangs up",
      get,
      (_, response) => {
        response.destroy();
        return true;
      },
      /got socket hang up, 3 times/,
      3,
    ],
    ["is always busy", get, refuses(503, "SlowDown"), /got HTTP 503 \(SlowDown\), 3 times/, 3],
    [
      "sends pages of text",
      get,
      (_, response) => {
        response.writeHead(200).end("<html>log in</html>");
        return true;
      },
      /expected an answer of an object store, got one without an ETag; check AWS_ENDPOINT_URL/,
      1,
    ],
    [
      "leads to an address of this machine's network",
      get,
      refuses(307, "TemporaryRedirect", { location: "http://169.254.169.254/latest" }),
      /got a redirection, HTTP 307 \(TemporaryRedirect\); none is followed/,
      1,
    ],
    [
      "is in another region",
      get,
      refuses(301, "PermanentRedirect", { "x-amz-bucket-region": "us-west-2" }),
      /expected a bucket in the region eu-central-1, got one in us-west-2; set AWS_REGION=us-west-2/,
      1,
    ],
    [
      "does not know the key",
      get,
      refuses(403, "InvalidAccessKeyId"),
      /expected credentials that the store knows, got HTTP 403 \(InvalidAccessKeyId\); check AWS_ACCESS_KEY_ID/,
      1,
    ],
    ["thinks the time is over", get, refuses(400, "ExpiredToken"), /expected credentials that are still good/, 1],
    ["does not allow it", get, refuses(403, "AccessDenied"), /^not allowed \(AccessDenied\)$/, 1],
    [
      "does not allow it to be opened",
      open,
      refuses(403, "AccessDenied"),
      /expected credentials that allow this, got HTTP 403 \(AccessDenied\)/,
      1,
    ],
    ["has no such bucket", open, refuses(404, "NoSuchBucket"), /expected a bucket that is there/, 1],
    [
      "sends other bytes than asked for",
      open,
      says("abc", { "content-range": "bytes 5-7/10" }, 206),
      /expected bytes 0 to 65535, got other bytes/,
      1,
    ],
    ["knows no parts", open, says("abc"), /expected bytes 0 to 65535, got other bytes/, 1],
    ["lists in no XML", list, says("Welcome"), /expected a listing of an object store, got what is no XML/, 1],
    ["lists in another XML", list, says("<html><body/></html>"), /got 'html'/, 1],
    ["sends a bomb", list, says(bomb), /got what is no XML/, 1],
    [
      "lists twice the same",
      list,
      says(listingOf([{ key: "a", size: 1 }], "t")),
      /got one that goes back to where it was/,
      2,
    ],
    [
      "lists without an end",
      list,
      ({ before }, response) => {
        response.end(listingOf([], `t${before}`));
        return true;
      },
      /got one without an end/,
      101,
    ],
    [
      "lists what was not asked for",
      () => keysOf("mine/"),
      says(listingOf([{ key: "yours/a", size: 1 }])),
      /got a key that does not begin with 'mine\/'/,
      1,
    ],
    [
      "lists parts without a way to the next",
      list,
      says(listingOf([], "").replace(/<Next.*Token>/, "")),
      /got a part without a way to the next/,
      1,
    ],
    [
      "lists without sizes",
      list,
      says(listingOf([{ key: "a", size: 1 }]).replace(/<Size>1/, "<Size>-1")),
      /got an object without key or size/,
      1,
    ],
  ])("%s", async (_what, work, misbehave, message, requests) => {
    server.objects.set("bucket/one.png", content);
    server.misbehave = misbehave;
    expect(await problemOf(work())).toMatch(message);
    const asked = Object.values(server.counts).reduce((sum, count) => sum + count, 0);
    expect(asked).toBe(requests);
  });

  test.each<[string, Misbehaviour]>([
    ["is busy", refuses(503, "SlowDown")],
    ["fails", refuses(500, "InternalError")],
    [
      "hangs up",
      (_, response) => {
        response.destroy();
        return true;
      },
    ],
    [
      "cuts off",
      (_, response) => {
        response.writeHead(206, { "content-length": 100, "content-range": "bytes 0-99/100" });
        response.write("x");
        setTimeout(() => response.destroy(), 5);
        return true;
      },
    ],
  ])("that %s twice and answers then is asked again", async (_what, misbehave) => {
    server.objects.set("bucket/one.png", content);
    let left = 4;
    server.misbehave = (...request) => left-- > 2 && misbehave(...request);
    expect(text(await store.get(address, 1000))).toBe(content.toString());
    left = 4;
    server.misbehave = (...request) => left-- > 2 && misbehave(...request);
    expect(text(await (await store.open(address))!.read(0, 7))).toBe("content");
  });
});

test("nobody who is not known is let in, and nothing secret is said", async () => {
  server.objects.set("bucket/a", Buffer.from("a"));
  const others: readonly [Record<string, string>, RegExp][] = [
    [{ AWS_SECRET_ACCESS_KEY: "another" }, /expected a secret that belongs to the key/],
    [{ AWS_ACCESS_KEY_ID: "another" }, /expected credentials that the store knows/],
    [{ AWS_SESSION_TOKEN: "another" }, /expected a session token that the store knows/],
    [{ AWS_REGION: "us-east-1" }, /expected a bucket in the region us-east-1/],
  ];
  for (const [change, message] of others) {
    const other = openStore(storeSettings("images", { ...server.environment, ...change }), patience);
    expect(await problemOf(other.open({ bucket: "bucket", key: "a" }))).toMatch(message);
  }
});

test("settings come from the environment, whole and without secrets in messages", async () => {
  const good = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
  const wrong: readonly [Record<string, string>, RegExp][] = [
    [{}, /^images: expected credentials in the environment, got none; set AWS_ACCESS_KEY_ID and/],
    [{ AWS_ACCESS_KEY_ID: "id" }, /got one of two/],
    [
      { ...good, AWS_SECRET_ACCESS_KEY: "sec\nret" },
      /expected letters, digits and signs in AWS_SECRET_ACCESS_KEY, got others$/,
    ],
    [{ ...good, AWS_REGION: "eu/../x" }, /expected a region/],
    [{ ...good, AWS_ENDPOINT_URL: "ftp://host" }, /got one that begins with 'ftp:'/],
    [
      { ...good, AWS_ENDPOINT_URL_S3: "https://me:word@host" },
      /^[^w]*AWS_ENDPOINT_URL_S3, got one with a user or a password$/,
    ],
    [{ ...good, AWS_ENDPOINT_URL: "host:x" }, /AWS_ENDPOINT_URL, got/],
  ];
  for (const [environment, message] of wrong) expect(() => storeSettings("images", environment)).toThrow(message);
  expect(storeSettings("images", { ...good, AWS_ENDPOINT_URL: "" })).toMatchObject({
    region: "us-east-1",
    endpoint: undefined,
  });
  expect(storeOf("images", good)).toBe(storeOf("images", good));
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  const nobody = openStore(
    storeSettings("images", { ...good, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` }),
    patience,
  );
  expect(await problemOf(nobody.get({ bucket: "bucket", key: "a" }, 1))).toMatch(
    /got connect ECONNREFUSED .*, 3 times/,
  );
});
