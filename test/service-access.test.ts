/** Who may ask a service for what: tokens and their scopes, names and origins by which it is called. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { request as secureRequest } from "node:https";
import { connect } from "node:net";
import { connect as secureConnect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ZodObject } from "zod";
import { scopes, startService } from "../src/service/index.ts";
import { type Route, routes } from "../src/service/routes.ts";
import { makeDetectors, type RunningService, startTestService } from "./service-harness.ts";

const secrets = { read: "reading-0123456789", score: "scoring-0123456789", admin: "ruling-0123456789" } as const;
const page = "https://studio.example";

let made: Awaited<ReturnType<typeof makeDetectors>>;
let open: RunningService;
let guarded: RunningService;

beforeAll(async () => {
  made = await makeDetectors();
  const tokens = scopes.map((scope) => ({ name: `who-${scope}s`, token: secrets[scope], scopes: [scope] }));
  await writeFile(made.at("tokens.json"), JSON.stringify(tokens));
  const worker = "../dist/cli/engine-worker.js";
  const detectors = made.at("detectors", "small");
  open = await startTestService(worker, { detectors });
  const settings = { tokenFile: made.at("tokens.json"), allowHost: ["Outglow.Example"], allowOrigin: [page] };
  guarded = await startTestService(worker, { detectors, ...settings });
});

afterAll(async () => {
  await open?.close();
  await guarded?.close();
  await made?.dispose();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks with any headers, `Host` among them, which fetch sets by itself, by TLS where a certificate is trusted. */
function ask(
  service: RunningService,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  ca?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const way = ca === undefined ? request : secureRequest;
    const options = {
      method,
      headers,
      agent: false as const,
      ...(ca !== undefined && { ca, servername: "localhost" }),
    };
    const sent = way(`${service.url}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const { statusCode, headers: got } = response;
        resolve({ status: statusCode!, headers: got, text: Buffer.concat(chunks).toString() });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** What stands in a path's gaps; `small` in any other. */
const samples: Readonly<Record<string, string>> = { call: "small:predict", version: "x", name: "detector.json" };
const gap = /(?<=\/):(\w+)/g;
const pathOf = (path: string): string => path.replaceAll(gap, (_, name: string) => samples[name] ?? "small");

const all = Object.entries<Route>(routes).map(([name, { method, path, scope, query, headers }]) => ({
  ...{ name, method, path: pathOf(path), scope, pattern: path },
  queries: Object.keys(query instanceof ZodObject ? query.shape : {}),
  headers: Object.keys(headers ?? {}),
}));

/** Ways out of where a name belongs, sent as they are. */
const traversals = [
  ...[
    "..",
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e",
    "..%5c..%5c",
    "%252e%252e%252f",
    "..;/",
    ".%00./",
  ],
  ...[
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "small%00.json",
    "small%0d%0aX-Injected:%20yes",
    "~root",
    "%c0%ae%c0%ae",
  ],
  ...["__proto__", "constructor", "toString"],
];

/** Headers by which some servers let callers change what they ask for, or seem to be somebody else. */
const turns: Readonly<Record<string, string>> = {
  "x-original-url": "/v2/health/live",
  "x-rewrite-url": "/v2/health/live",
  "x-http-method-override": "GET",
  "x-forwarded-host": "localhost",
  "x-forwarded-for": "127.0.0.1",
  forwarded: "for=127.0.0.1;host=localhost;proto=https",
  "proxy-authorization": `Bearer ${secrets.admin}`,
  cookie: `authorization=Bearer ${secrets.admin}; token=${secrets.admin}`,
  "x-api-key": secrets.admin,
};

test("nothing but health and the page, which says nothing of detectors, is there without a scope, and nothing is changed by who may only read", () => {
  expect(all.filter(({ scope }) => scope === undefined).map(({ name }) => name)).toEqual(["live", "ready", "page"]);
  const acting = all.filter(({ method }) => method !== "GET");
  expect(acting.filter(({ scope }) => scope !== "score" && scope !== "admin")).toEqual([]);
});

describe.each(all)("$name", ({ method, path, scope, pattern, queries, headers: named }) => {
  /** A refusal that says nothing of files, or for what leads to another place that there is, that place's answer. */
  function expectNothing({ status, headers, text }: Answer, what: string): void {
    expect(status, `${what}: ${text}`).toBeLessThan(500);
    expect(headers["x-injected"], what).toBeUndefined();
    expect(text, what).not.toMatch(/root:|node:internal|outglow-serve/);
    expect(text, what).not.toContain(made.at("detectors"));
  }

  test.runIf(pattern.includes("/:"))("leads nowhere by any part of its path", async () => {
    const gaps = Array.from(pattern.matchAll(gap), ([whole]) => whole);
    const ways = gaps.flatMap((whole) => traversals.map((one) => ({ one, at: pathOf(pattern.replace(whole, one)) })));
    await Promise.all(
      ways.map(async ({ one, at }) => {
        const answer = await ask(open, method, at);
        expectNothing(answer, at);
        // What a path's own dots lead to is another route.
        const leads = /(^|\/)\.\.?(\/|$)/.test(one.replaceAll("%2e", "."));
        if (!leads) expect(answer.status, at).toBeGreaterThanOrEqual(400);
      }),
    );
  });

  test("leads nowhere by any query or header", async () => {
    const few = ["../../etc/passwd", "file:///etc/passwd", "small%0d%0aX-Injected:%20yes", "__proto__"];
    const paths = [...queries, "file"].flatMap((name) => few.map((one) => `${path}?${name}=${one}`));
    const usual = ["content-type", "inference-header-content-length", "range", "x-request-id"];
    const sent = [...named, ...usual].flatMap((name) => few.map((one) => ({ [name]: one })));
    await Promise.all([
      ...paths.map(async (at) => expectNothing(await ask(open, method, at), at)),
      ...sent.map(async (one) => expectNothing(await ask(open, method, path, one), JSON.stringify(one))),
    ]);
  });

  test.runIf(scope)("takes no other header for a token, a place or a method", async () => {
    const without = [
      ...Object.entries(turns).map(([name, value]) => ask(guarded, method, path, { [name]: value })),
      ask(guarded, method, `${path}?token=${secrets.admin}&access_token=${secrets.admin}`),
      ...(method === "GET" ? [ask(guarded, "HEAD", path)] : []),
    ];
    for (const { status } of await Promise.all(without)) expect(status).toBe(401);
    const forms = [`/${path}`, `${path}/`, path.toUpperCase(), path.replace("/", "/./"), `/x/..${path}`, `${path}%20`];
    const answers = await Promise.all(forms.map((at) => ask(guarded, method, at)));
    for (const { status } of answers) expect([401, 404]).toContain(status);
  });

  test("asks for a token of its scope where tokens are asked for", async () => {
    const without = await ask(guarded, method, path);
    if (scope === undefined) {
      expect(without.status).toBe(200);
      return;
    }
    expect([without.status, without.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
    for (const wrong of ["Bearer wrong-0123456789", `Basic ${secrets[scope]}`, `Bearer ${secrets[scope]}x`, "Bearer"]) {
      expect((await ask(guarded, method, path, { authorization: wrong })).status, wrong).toBe(401);
    }
    for (const one of scopes) {
      const { status } = await ask(guarded, method, path, { authorization: `Bearer ${secrets[one]}` });
      if (one === scope) expect([401, 403]).not.toContain(status);
      else expect(status, one).toBe(403);
    }
  });

  test("is not there for other names, nor for the pages of others", async () => {
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "outglow.example"]) {
      expect((await ask(open, method, path, { host })).status, host).toBe(403);
    }
    for (const origin of ["https://evil.example", "null", "http://localhost:1", page]) {
      const answer = await ask(open, method, path, { origin });
      expect(answer.status, origin).toBe(403);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  test("answers with headers that keep browsers from making more of it", async () => {
    const { headers } = await ask(open, method, path, { host: "localhost" });
    expect(headers).toMatchObject({
      "content-security-policy": expect.stringContaining("default-src 'none'"),
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "x-request-id": expect.stringMatching(/^[\w-]{36}$/),
    });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });
});

test("it is called by addresses, localhost and names that it was given", async () => {
  const port = new URL(open.url).port;
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, "[::1]:80", "LOCALHOST"]) {
    expect((await ask(open, "GET", "/v2", { host })).status, host).toBe(200);
  }
  expect((await ask(guarded, "GET", "/v2/health/live", { host: "outglow.example:8431" })).status).toBe(200);
});

test.each(["Host: \r\n", "", "Host: a b\r\n", "Host: localhost\r\nHost: evil.example\r\n", "Host: @localhost\r\n"])(
  "it is not called by %j",
  async (line) => {
    const socket = connect(Number(new URL(open.url).port), "127.0.0.1");
    socket.end(`GET /v2 HTTP/1.0\r\n${line}\r\n`);
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1.1 (400|403) /);
  },
);

test("its own pages and those of named origins may ask, after a preflight, too", async () => {
  const { host, origin } = new URL(open.url);
  expect((await ask(open, "GET", "/v2", { host, origin })).status).toBe(200);
  const preflight = await ask(guarded, "OPTIONS", "/v2/models/small/infer", { origin: page });
  expect(preflight.status).toBe(204);
  expect(preflight.headers).toMatchObject({
    "access-control-allow-origin": page,
    "access-control-allow-headers": expect.stringContaining("authorization"),
  });
  for (const { method, path, headers } of all) {
    const may = (await ask(guarded, "OPTIONS", path, { origin: page })).headers;
    expect(may["access-control-allow-methods"], path).toContain(method);
    for (const name of headers) expect(may["access-control-allow-headers"], path).toContain(name.toLowerCase());
  }
  const got = await ask(guarded, "GET", "/v2", { origin: page, authorization: `Bearer ${secrets.read}` });
  expect([got.status, got.headers["access-control-allow-origin"]]).toEqual([200, page]);
  expect((await ask(guarded, "OPTIONS", "/v2", { origin: "https://evil.example" })).status).toBe(403);
});

test("other methods are refused by name", async () => {
  const answer = await ask(open, "DELETE", "/api/detectors/small");
  expect([answer.status, answer.text]).toEqual([
    405,
    expect.stringContaining("method: expected GET, POST, got DELETE"),
  ]);
});

test("the log names callers, and never a token", () => {
  const text = JSON.stringify(guarded.records);
  expect(text).toContain("who-scores");
  for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
  expect(text).not.toContain("wrong-0123456789");
});

test("a request's own identifier comes back, unless it is one that a log should not hold", async () => {
  const given = await ask(open, "GET", "/v2", { "x-request-id": "abc-1.2_3" });
  expect(given.headers["x-request-id"]).toBe("abc-1.2_3");
  const odd = await ask(open, "GET", "/v2", { "x-request-id": "a b{}" });
  expect(odd.headers["x-request-id"]).toMatch(/^[\w-]{36}$/);
});

/** Why there can be no certificate here; undefined where there can. */
function noCertificates(): string | undefined {
  try {
    execFileSync("openssl", ["version"], { stdio: "pipe" });
    return undefined;
  } catch {
    return "no openssl to make a certificate with";
  }
}

const lacking = noCertificates();

describe.skipIf(lacking !== undefined)(`TLS${lacking ? ` (skipped: ${lacking})` : ""}`, () => {
  let secure: RunningService;
  const at = (name: string): string => made.at(name);

  /** A certificate that vouches for itself, and its key. */
  async function makeCertificate(name: string): Promise<string> {
    const files = ["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync("openssl", ["req", "-x509", ...kind, ...files, ...subject], { stdio: "pipe" });
    return readFile(at(`${name}.pem`), "utf8");
  }

  const copy = async (from: string, to: string): Promise<void> => writeFile(at(to), await readFile(at(from)));
  let first: string;
  let second: string;

  beforeAll(async () => {
    first = await makeCertificate("first");
    second = await makeCertificate("second");
    for (const ending of ["pem", "key"]) await copy(`first.${ending}`, `now.${ending}`);
    await copy("tokens.json", "secure-tokens.json");
    secure = await startTestService("../dist/cli/engine-worker.js", {
      ...{ detectors: at("detectors/small"), tlsCert: at("now.pem"), tlsKey: at("now.key"), timeout: 0.5 },
      ...{ tokenFile: at("secure-tokens.json"), allowHost: ["outglow.example"] },
    });
  });

  afterAll(() => secure?.close());

  const authorization = `Bearer ${secrets.read}`;
  const read = (headers: Record<string, string> = {}, ca = first): Promise<Answer> =>
    ask(secure, "GET", "/v2", { authorization, ...headers }, ca);

  test("serves as without, behind the same checks", async () => {
    expect(secure.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect((await read()).status).toBe(200);
    expect((await ask(secure, "GET", "/v2", {}, first)).status).toBe(401);
    expect((await read({ host: "evil.example" })).status).toBe(403);
    expect((await read({ host: "outglow.example", origin: "https://outglow.example" })).status).toBe(200);
    // The same name without TLS is another page, which anybody on the way may have written.
    expect((await read({ host: "outglow.example", origin: "http://outglow.example" })).status).toBe(403);
    const { certificateEnds } = secure.records.find(({ event }) => event === "listening")!;
    expect(Date.parse(String(certificateEnds))).toBeGreaterThan(0);
  });

  test("binds browsers to it by name, never at an address, at localhost, or without it", async () => {
    const header = "strict-transport-security";
    expect((await read({ host: "outglow.example:8431" })).headers[header]).toBe("max-age=31536000");
    for (const host of ["localhost:8431", "127.0.0.1", "[::1]:8431"]) {
      const answer = await read({ host });
      expect([answer.status, answer.headers[header]], host).toEqual([200, undefined]);
    }
    const plain = await ask(guarded, "GET", "/v2/health/live", { host: "outglow.example" });
    expect([plain.status, plain.headers[header]]).toEqual([200, undefined]);
  });

  test("is nothing for callers without it or with bytes of any kind, nor do those who say nothing stay", async () => {
    const port = Number(new URL(secure.url).port);
    await expect(fetch(secure.url.replace("https", "http"))).rejects.toThrow();
    for (const bytes of [randomBytes(500), Buffer.from([0x16, 3, 1, 0xff, 0xff, 1]), undefined]) {
      const socket = connect(port, "127.0.0.1").on("error", () => undefined);
      if (bytes) socket.write(bytes);
      await new Promise((resolve) => void socket.resume().once("close", resolve));
    }
    expect((await read()).status).toBe(200);
  });

  test("answers a caller that closes its side behind its request", async () => {
    const port = Number(new URL(secure.url).port);
    const options = { port, host: "127.0.0.1", ca: first, servername: "localhost", allowHalfOpen: true };
    const socket = secureConnect(options);
    socket.end("GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1.1 200 /);
  });

  test("files are read anew when that is asked for, tokens too, and what cannot be used changes nothing", async () => {
    await copy("second.pem", "now.pem");
    await secure.reload();
    // The certificate without its key: what was served is served on.
    expect((await read()).status).toBe(200);
    const refused = await secure.told(({ event }) => event === "reload-refused");
    expect(refused).toMatchObject({ fault: { code: "damaged", subject: "\u2039tlsKey\u203a" } });
    await copy("second.key", "now.key");
    const tokens = [{ name: "new", token: "another-0123456789", scopes: ["read"] }];
    await writeFile(at("secure-tokens.json"), JSON.stringify(tokens));
    await secure.reload();
    await expect(read()).rejects.toThrow(/self-signed|unable to verify/);
    expect((await read({}, second)).status).toBe(401);
    expect((await read({ authorization: "Bearer another-0123456789" }, second)).status).toBe(200);
  });

  test.each<[string, object]>([
    ["a certificate without a key", { tlsCert: "first.pem" }],
    ["a key without a certificate", { tlsKey: "first.key" }],
    ["the key of another", { tlsCert: "first.pem", tlsKey: "second.key" }],
    ["no certificate", { tlsCert: "first.key", tlsKey: "first.key" }],
    ["a file that is not there", { tlsCert: "none.pem", tlsKey: "first.key" }],
  ])("does not start with %s", async (_, files) => {
    const settings = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, at(file as string)]));
    const started = startService({ detectors: at("detectors"), port: 0, ...settings }, { log: () => undefined });
    await expect(started).rejects.toMatchObject({
      name: "ConfigError",
      fault: { subject: expect.stringContaining("tls") },
    });
  });
});

describe("it does not start", () => {
  const start = (settings: object): Promise<unknown> =>
    startService({ detectors: made.at("detectors"), port: 0, ...settings }, { log: () => undefined });

  test("at an address that others reach, without tokens", async () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
      await expect(start({ host })).rejects.toMatchObject({ name: "ConfigError", fault: { code: "missing-setting" } });
    }
  });

  test.each<[string, string]>([
    ["no JSON", "{"],
    ["a short token", JSON.stringify([{ name: "a", token: "short", scopes: ["read"] }])],
    ["an unknown scope", JSON.stringify([{ name: "a", token: secrets.read, scopes: ["write"] }])],
    ["no token", "[]"],
  ])("with a token file of %s, and does not say what is in it", async (_, text) => {
    await writeFile(made.at("bad.json"), text);
    const error = (await start({ tokenFile: made.at("bad.json") }).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ name: "ConfigError", fault: { code: "damaged" } });
    expect(error.message).not.toContain("short,");
    expect(error.message).not.toContain(secrets.read);
  });

  test("without detectors, with settings that cannot be, or where another one listens", async () => {
    await expect(start({ detectors: made.at("new") })).rejects.toMatchObject({ fault: { code: "not-found" } });
    await expect(start({ detectors: made.at("none") })).rejects.toMatchObject({ fault: { code: "not-found" } });
    await expect(start({ maxBatch: 0 })).rejects.toMatchObject({ fault: { code: "out-of-range" } });
    await expect(start({ port: Number(new URL(open.url).port) })).rejects.toMatchObject({ fault: { code: "busy" } });
  });
});
