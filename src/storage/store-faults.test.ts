/** Stores that do wrong, and who is let in: what is refused, what is asked again, and what is said of it. */
import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { listingOf, type Misbehaviour, sendError } from "../../test/store-server.ts";
import { ownStore, patience } from "../../test/tested-store.ts";
import { storeSettings } from "./settings.ts";
import { openStore } from "./store.ts";

const own = ownStore();
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);

describe("a store that does wrong", () => {
  const address = { bucket: "bucket", key: "one.png" };
  const content = Buffer.from("content of an image");
  const get = (): Promise<unknown> => own.store.get(address, 1000);
  const open = (): Promise<unknown> => own.store.open(address);
  const list = (): Promise<unknown> => own.keysOf("");
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
      () => own.keysOf("mine/"),
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
    own.server.objects.set("bucket/one.png", content);
    own.server.misbehave = misbehave;
    expect(await own.problemOf(work())).toMatch(message);
    const asked = Object.values(own.server.counts).reduce((sum, count) => sum + count, 0);
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
    own.server.objects.set("bucket/one.png", content);
    let left = 4;
    own.server.misbehave = (...request) => left-- > 2 && misbehave(...request);
    expect(text(await own.store.get(address, 1000))).toBe(content.toString());
    left = 4;
    own.server.misbehave = (...request) => left-- > 2 && misbehave(...request);
    expect(text(await (await own.store.open(address))!.read(0, 7))).toBe("content");
  });
});

test("nobody who is not known is let in, and nothing secret is said", async () => {
  own.server.objects.set("bucket/a", Buffer.from("a"));
  const others: readonly [Record<string, string>, RegExp][] = [
    [{ AWS_SECRET_ACCESS_KEY: "another" }, /expected a secret that belongs to the key/],
    [{ AWS_ACCESS_KEY_ID: "another" }, /expected credentials that the store knows/],
    [{ AWS_SESSION_TOKEN: "another" }, /expected a session token that the store knows/],
    [{ AWS_REGION: "us-east-1" }, /expected a bucket in the region us-east-1/],
  ];
  for (const [change, message] of others) {
    const other = openStore(storeSettings("images", { ...own.server.environment, ...change }), patience);
    expect(await own.problemOf(other.open({ bucket: "bucket", key: "a" }))).toMatch(message);
  }
});

test("where nobody answers it is said so, after as many tries as asked for", async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  const nobody = openStore(
    storeSettings("images", { ...own.server.environment, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` }),
    patience,
  );
  expect(await own.problemOf(nobody.get({ bucket: "bucket", key: "a" }, 1))).toMatch(
    /got connect ECONNREFUSED .*, 3 times/,
  );
});
