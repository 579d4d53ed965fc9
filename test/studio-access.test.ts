/** Who may ask the studio for what: other origins, other names of this machine, no cookie, paths in the place of ids, hostile names and files. */

import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { addresses } from "../src/studio/portable.ts";
import { writeMadeImages } from "./command.ts";
import { sharedStudio, type TestStudio } from "./studio-harness.ts";

let studio: TestStudio;
beforeAll(async () => {
  studio = await sharedStudio();
});

/** A request with headers that fetch does not let a page choose. */
function askWith(
  path: string,
  headers: Readonly<Record<string, string>>,
  method = "GET",
): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(studio.url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks).toString() }));
    });
    asked.once("error", reject);
    asked.end(method === "POST" ? "{}" : undefined);
  });
}

describe("without the right to", () => {
  test.each(Object.entries(addresses))(
    "%s: no cookie, another origin, another name, another site are refused",
    async (_, { method, path }) => {
      const at = path.replaceAll(/:\w+/g, "000000000000");
      const { host } = new URL(studio.url);
      const cookie = await studio.cookie();
      expect((await askWith(at, { host }, method)).status).toBe(401);
      expect((await askWith(at, { host, cookie: cookie.replace(/=.*/, "=guessed") }, method)).status).toBe(401);
      // DNS rebinding: the attacker's own name points to this machine, and its page sends what the browser has for that name.
      for (const name of [
        `attacker.example:${new URL(studio.url).port}`,
        "attacker.example",
        "0.0.0.0",
        host.replace(/\d$/, "0"),
      ]) {
        expect((await askWith(at, { host: name, cookie }, method)).status).toBe(403);
      }
      expect((await askWith(at, { host, cookie, origin: "http://attacker.example" }, method)).status).toBe(403);
      expect((await askWith(at, { host, cookie, origin: "null" }, method)).status).toBe(403);
      expect((await askWith(at, { host, cookie, "sec-fetch-site": "cross-site" }, method)).status).toBe(403);
      expect((await askWith(at, { host, cookie, "sec-fetch-site": "same-site" }, method)).status).toBe(403);
    },
  );

  test("the token of the printed address is good once, and the page says what to do", async () => {
    const address = await studio.freshAddress();
    const first = await fetch(address);
    expect(first.headers.get("set-cookie")).toMatch(/; HttpOnly; SameSite=Strict/);
    const second = await fetch(address);
    expect(second.status).toBe(401);
    expect(second.headers.get("set-cookie")).toBeNull();
    expect(await second.text()).toContain("start outglow studio again");
    expect((await fetch(`${studio.url}/`)).status).toBe(401);
    const kept = await readFile(join(studio.folder, ".outglow-studio/sessions.json"), "utf8");
    expect(kept).not.toContain(first.headers.get("set-cookie")!.split(/[=;]/)[1]!);
  });
});

test("every answer forbids what is not the studio's own", async () => {
  for (const path of ["/", "/api/home", "/nothing", "/api/runs/x"]) {
    const { headers } = await studio.ask(path);
    expect(headers.get("content-security-policy")).toMatch(
      /^default-src 'self'; script-src 'self' 'wasm-unsafe-eval';/,
    );
    expect(headers.get("content-security-policy")).not.toMatch(/unsafe-inline|'unsafe-eval'/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  }
});

describe("paths and other things in the place of ids", () => {
  const hostile = [
    "..",
    "../..",
    "/etc/passwd",
    "....//",
    "registry.json",
    "__proto__",
    "constructor",
    "toString",
    "%00",
    "a".repeat(5000),
    "000000000000",
  ];
  const withParts = Object.entries(addresses).filter(([, { path }]) => path.includes(":"));

  test.each(withParts)("%s", async (_, { method, path }) => {
    for (const id of hostile) {
      const at = path.replaceAll(/:\w+/g, encodeURIComponent(id));
      const body = method === "POST" ? { body: "{}" } : {};
      const answer = await studio.ask(`${at}${path.endsWith("/files") ? "?path=a" : ""}`, { method, ...body });
      expect([400, 404], `${at}: ${answer.status}`).toContain(answer.status);
      await answer.body?.cancel();
    }
  });

  test("a known id does not help a hostile name behind it", async () => {
    const folder = await opened("behind");
    for (const image of ["-1", "1e3", "99999", "../0", "0x1", "NaN"]) {
      const answer = await studio.ask(`/api/folders/${folder}/images/${encodeURIComponent(image)}/picture`);
      expect(answer.status, image).toBe(404);
    }
    for (const path of [
      "/../../package.json",
      "/assets/../../../package.json",
      "/%2e%2e/%2e%2e/package.json",
      "/assets/%2e%2e%2findex.html",
    ]) {
      expect(
        (await askWith(path, { host: new URL(studio.url).host, cookie: await studio.cookie() })).status,
        path,
      ).toBe(404);
    }
  });

  /** A folder of images that the studio knows. */
  async function opened(name: string): Promise<string> {
    await writeMadeImages(join(studio.folder, name), "normal", 4, name);
    const answer = await studio.ask("/api/folders", { method: "POST", body: JSON.stringify({ location: name }) });
    return ((await answer.json()) as { id: string }).id;
  }
});

test("what is dropped stays in its folder, whatever it is called", async () => {
  const made = await studio.ask("/api/dropped", { method: "POST", body: JSON.stringify({ name: "../../escape" }) });
  const { id } = (await made.json()) as { id: string };
  const put = (path: string, init: RequestInit = {}) =>
    studio.ask(`/api/folders/${id}/files?path=${encodeURIComponent(path)}`, { method: "POST", body: "bytes", ...init });
  for (const path of [
    "../../out.png",
    "/abs.png",
    "a/../../b.png",
    "c\\..\\d.png",
    "<script>.png",
    "con.png",
    "e\0f.png",
  ]) {
    expect((await put(path)).status, path).toBe(200);
  }
  expect((await put("a/".repeat(40))).status).toBe(400);
  expect((await put("")).status).toBe(400);
  // Other tests of this studio drop images as well.
  const folder = "%2E.%2F..%2Fescape";
  expect(await readdir(join(studio.folder, "images"))).toContain(folder);
  expect(await readdir(join(studio.folder, ".."))).not.toContain("escape");
  const names = await readdir(join(studio.folder, "images", folder), { recursive: true });
  expect(names.every((name) => !name.split("/").includes(".."))).toBe(true);
  expect(await readdir(join(studio.folder, ".."))).not.toContain("out.png");
  // A folder of the person's own is not written to.
  await writeMadeImages(join(studio.folder, "mine"), "normal", 3, "mine");
  const mine = await studio.ask("/api/folders", { method: "POST", body: JSON.stringify({ location: "mine" }) });
  const { id: own } = (await mine.json()) as { id: string };
  expect((await studio.ask(`/api/folders/${own}/files?path=x.png`, { method: "POST", body: "bytes" })).status).toBe(
    400,
  );
  expect(await readdir(join(studio.folder, "mine"))).toHaveLength(3);
});

test("a picture of 200 megapixels is refused by its header, and no link leads out of a detector", async () => {
  await mkdir(join(studio.folder, "huge"));
  await writeFile(join(studio.folder, "huge/huge.png"), hugePng(20_000, 10_000));
  const answer = await studio.ask("/api/folders", { method: "POST", body: JSON.stringify({ location: "huge" }) });
  const { id } = (await answer.json()) as { id: string };
  const picture = await studio.ask(`/api/folders/${id}/images/0/picture`);
  expect(picture.status).toBe(409);
  expect(((await picture.json()) as { error: string }).error).toContain(
    "at most 100 megapixels to be shown, got 20000x10000",
  );
  await mkdir(join(studio.folder, "linked"));
  await symlink("/etc/passwd", join(studio.folder, "linked/detector.json"));
  const linked = await vi.waitFor(async () => {
    const { detectors } = (await (await studio.ask("/api/home")).json()) as {
      detectors: { id: string; name: string; state: string }[];
    };
    return detectors.find(({ name }) => name === "linked") ?? Promise.reject(new Error("not found yet"));
  }, 30_000);
  expect(linked.state).toBe("damaged");
  const file = await studio.ask(`/api/detectors/${linked.id}/files/detector.json`);
  expect(file.status).toBe(404);
});

/** The head of a grey PNG of a size, without its pixels. */
function hugePng(width: number, height: number): Uint8Array {
  const bytes = Buffer.from("89504e470d0a1a0a0000000d49484452000000000000000008000000000000000000000049444154", "hex");
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}
