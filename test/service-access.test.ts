/** Who may ask a service for what: tokens and their scopes, names and origins by which it is called. */
import { writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scopes, startService } from "../src/service/index.ts";
import { routes } from "../src/service/routes.ts";
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
  const worker = "../dist/service/engine-worker.js";
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

/** Asks with any headers, `Host` among them, which fetch sets by itself. */
function ask(
  service: RunningService,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${service.url}${path}`, { method, headers, agent: false }, (response) => {
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

const pathOf = (path: string): string =>
  path
    .replace(":call", "small:predict")
    .replace(/:model|:id/, "small")
    .replace(":version", "x")
    .replace(":name", "detector.json");

const all = Object.entries(routes).map(([name, { method, path, scope }]) => ({
  name,
  method,
  path: pathOf(path),
  scope,
}));

describe.each(all)("$name", ({ method, path, scope }) => {
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
