/** Tests of files from elsewhere, against a server that does everything wrong that servers do. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { zipOf } from "../data/containers/example-archives.ts";
import { makeFolder } from "../data/example-files.ts";
import { unfinishedName } from "../data/index.ts";
import { isInside } from "./addresses.ts";
import { downloadSet, publicSet } from "./downloading.ts";
import { type PublicSet, publicSets, type RemoteFile } from "./sets.ts";
import { type TransferOptions, transferFile } from "./transfers.ts";

const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at * at) >> 7));
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: Server;
let base: string;
/** What the server does, by the path that is asked for; told how often it was asked before. */
let answers: Record<string, (request: IncomingMessage, response: ServerResponse, before: number) => void>;
let asked: (string | undefined)[];
let place = 0;

beforeAll(async () => {
  folder = await makeFolder();
  server = createServer((request, response) => {
    const before = asked.length;
    asked.push(request.headers.range);
    (answers[request.url!] ?? whole)(request, response, before);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await folder.remove();
});

beforeEach(() => {
  asked = [];
  answers = {};
  place++;
});

const path = (): string => join(folder.folder, String(place), "file.bin");
const fileAt = (url = "/file", more: Partial<RemoteFile> = {}): RemoteFile => ({
  url: `${base}${url}`,
  name: "file.bin",
  bytes: content.length,
  checksum: { algorithm: "sha256", hex: sha256(content), source: "this test" },
  ...more,
});
const quick: TransferOptions = { delay: 0, patience: 300 };

/** All of it, or the part that is asked for. */
function whole(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const range = from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { "content-length": content.length - from, ...range });
  response.end(content.subarray(from));
}

/** The beginning of it, as if it were all, and then the end of the connection. */
const torn = (bytes: number) => (request: IncomingMessage, response: ServerResponse) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const range = from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { "content-length": content.length - from, ...range });
  response.write(content.subarray(from, from + bytes), () => response.destroy());
};

async function expectWhole(): Promise<void> {
  expect((await readFile(path())).equals(content)).toBe(true);
  expect(await readdir(join(path(), ".."))).toEqual(["file.bin"]);
}

describe("a file comes whole", () => {
  test("is told of, and is not asked for again", async () => {
    const told: number[] = [];
    expect(await transferFile(fileAt(), path(), { onProgress: (_, bytes) => told.push(bytes) })).toBe("transferred");
    await expectWhole();
    expect(told.at(-1)).toBe(content.length);
    expect(await transferFile(fileAt(), path(), quick)).toBe("present");
    expect(asked).toEqual([undefined]);
  });

  test("over connections that are lost, each going on where the last one ended", async () => {
    answers["/file"] = (request, response, before) => (before < 3 ? torn(70_000) : whole)(request, response);
    await transferFile(fileAt(), path(), quick);
    await expectWhole();
    const starts = asked.map((range) => Number(/\d+/.exec(range ?? "0")![0]));
    expect(starts).toHaveLength(4);
    // What was sent last may be lost with its connection.
    for (const [number, start] of starts.slice(1).entries()) expect(start).toBeGreaterThan(starts[number]!);
  });

  test("from a server that knows no parts", async () => {
    answers["/file"] = (request, response, before) => {
      delete request.headers.range;
      (before === 0 ? torn(70_000) : whole)(request, response);
    };
    await transferFile(fileAt(), path(), quick);
    await expectWhole();
  });

  test("after a silence, an overload and a server's error", async () => {
    answers["/file"] = (request, response, before) => {
      if (before === 0) return;
      if (before < 3) response.writeHead(before === 1 ? 503 : 429).end();
      else whole(request, response);
    };
    await transferFile(fileAt(), path(), { ...quick, patience: 50 });
    await expectWhole();
  });

  test("over redirections on the same host", async () => {
    answers["/from"] = (_, response) => void response.writeHead(302, { location: "/over" }).end();
    answers["/over"] = (_, response) => void response.writeHead(307, { location: `${base}/file` }).end();
    await transferFile(fileAt("/from"), path(), quick);
    await expectWhole();
  });

  test("to two who ask at once", async () => {
    await Promise.all([transferFile(fileAt(), path(), quick), transferFile(fileAt(), path(), quick)]);
    await expectWhole();
  });
});

describe("a process that was killed", () => {
  /** The number of a process that has ended. */
  async function endedPid(): Promise<number> {
    const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await once(child, "close");
    return child.pid!;
  }

  async function leave(bytes: Uint8Array): Promise<void> {
    await mkdir(join(path(), ".."), { recursive: true });
    const left = unfinishedName(path()).replace(`-${process.pid}-`, `-${await endedPid()}-`);
    await writeFile(left, bytes);
  }

  test("leaves what has come for the next one", async () => {
    await leave(content.subarray(0, 123_456));
    await transferFile(fileAt(), path(), quick);
    await expectWhole();
    expect(asked).toEqual(["bytes=123456-"]);
  });

  test("may have left something else: it is taken from the beginning", async () => {
    await leave(Buffer.alloc(1000, 7));
    await transferFile(fileAt(), path(), quick);
    await expectWhole();
    expect(asked).toEqual(["bytes=1000-", undefined]);
  });
});

describe("what is not the file is refused", () => {
  const refuses = async (file: RemoteFile, message: RegExp): Promise<void> => {
    await expect(transferFile(file, path(), quick)).rejects.toThrow(message);
    expect(await readdir(join(path(), "..")).then((names) => names.filter((name) => name === "file.bin"))).toEqual([]);
  };

  test("a page of text", async () => {
    answers["/file"] = (_, response) =>
      void response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<p>");
    await refuses(
      fileAt(),
      /expected a file of 300000 bytes, got a page of text; the home of the data set may have moved/,
    );
    expect(asked).toHaveLength(1);
  });

  test("another length, or one that a server lies about", async () => {
    answers["/file"] = (_, response) => void response.end(content.subarray(1));
    await refuses(fileAt(), /expected a file of 300000 bytes, got 299999 bytes/);
    answers["/long"] = (_, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" });
      for (let piece = 0; piece < 40; piece++) response.write(content.subarray(0, 10_000));
      response.end();
    };
    await refuses(fileAt("/long"), /got more than 300000 bytes/);
    answers["/short"] = (request, response) => torn(0)(request, response);
    await refuses(fileAt("/short"), /expected a connection that lasts, got .*; what has come is kept; run it again/);
  });

  test("the same length and other content, of which nothing is kept", async () => {
    answers["/file"] = (_, response) => void response.end(Buffer.alloc(content.length));
    await refuses(
      fileAt(),
      /expected a file of sha256 [0-9a-f]{64} \(this test\), got another one; nothing of it was kept/,
    );
    expect(await readdir(join(path(), ".."))).toEqual([]);
  });

  test("nothing", async () => {
    answers["/file"] = (_, response) => void response.writeHead(404).end();
    await refuses(fileAt(), /got HTTP 404/);
  });

  test.each([
    "http://10.0.0.1/file",
    "http://localhost:1/file",
    "http://0x7f.1:1/file",
    "http://[::1]:1/file",
    "http://[::ffff:127.0.0.1]:1/file",
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "http://[",
  ])("a redirection to %s", async (location) => {
    answers["/file"] = (_, response) => void response.writeHead(302, { location }).end();
    await refuses(fileAt(), /got a redirection to '/);
    expect(asked).toHaveLength(1);
  });

  test("a redirection without an end", async () => {
    answers["/file"] = (_, response) => void response.writeHead(301, { location: "/file" }).end();
    await refuses(fileAt(), /got more than 5 redirections/);
  });

  test("in place of another file of a person's", async () => {
    await mkdir(join(path(), ".."), { recursive: true });
    await writeFile(path(), "mine");
    await expect(transferFile(fileAt(), path(), quick)).rejects.toThrow(
      /expected the file of '.*' or none, got another one/,
    );
    expect(await readFile(path(), "utf8")).toBe("mine");
    await transferFile(fileAt(), path(), { ...quick, replace: true });
    await expectWhole();
  });
});

test("addresses of this machine and its network", () => {
  const within = [
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "::",
    "fd00::1",
  ];
  expect(within.filter((address) => !isInside(address))).toEqual([]);
  const without = ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "192.0.2.1"];
  expect(without.filter(isInside)).toEqual([]);
});

describe("data sets", () => {
  test("have sizes, checksums and names of their own", () => {
    expect(publicSets.map(({ name }) => name)).toEqual(
      "mnist fashion-mnist kmnist emnist cifar-10 cifar-100 svhn tiny-imagenet mvtec-ad".split(" "),
    );
    const files = publicSets.flatMap((set) => set.files);
    for (const { checksum, bytes, url } of files) {
      expect(checksum.hex, url).toMatch(checksum.algorithm === "sha256" ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{32}$/);
      expect(bytes).toBeGreaterThan(1000);
    }
    expect(new Set(files.map(({ url }) => url)).size).toBe(files.length);
    expect(() => publicSet("minst")).toThrow(/did you mean 'mnist'\?/);
  });

  test("whose licence restricts their use are not asked for before it is accepted", async () => {
    const set: PublicSet = { ...publicSet("mvtec-ad"), files: [fileAt()] };
    const at = join(folder.folder, String(place));
    await expect(downloadSet(set, at, quick)).rejects.toThrow(
      /'mvtec-ad': expected its licence to be accepted \(CC BY-NC-SA 4\.0/,
    );
    expect(asked).toEqual([]);
    const outcome = await downloadSet(set, at, { ...quick, acceptLicence: true });
    expect(outcome).toEqual({ transferred: [path()], present: [], unpacked: [] });
  });

  test("that are several in one archive get a folder each", async () => {
    const names = ["emnist-letters-train-images-idx3-ubyte.gz", "emnist-digits-test-labels-idx1-ubyte.gz"];
    const zip = zipOf(Object.fromEntries([...names, "../evil.gz"].map((name) => [`gzip/${name}`, Buffer.from(name)])));
    answers["/zip"] = (_, response) => void response.end(zip);
    const checksum = { ...fileAt().checksum, hex: sha256(zip) };
    const set = { ...publicSet("emnist"), files: [fileAt("/zip", { name: "gzip.zip", bytes: zip.length, checksum })] };
    const at = join(folder.folder, String(place));
    const outcome = await downloadSet(set, at, quick);
    expect([...outcome.unpacked].sort()).toEqual([join(at, "digits"), join(at, "letters")]);
    expect(await readFile(join(at, "letters", names[0]!), "utf8")).toBe(names[0]);
    await rm(join(at, "digits"), { recursive: true });
    expect((await downloadSet(set, at, quick)).present).toHaveLength(1);
    expect(await readdir(join(at, "digits"))).toEqual([names[1]]);
  });
});
