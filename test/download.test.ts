/** Downloads as processes: one that is killed is gone on with; and what a command says before it opens a connection. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { transferFile } from "../src/download/index.ts";
import { runOutglow, temporaryFolder } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(() => folder.dispose());

test("a process is killed while it downloads, and the next one goes on", async () => {
  const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at * at) >> 7));
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.range);
    const from = Number(/\d+/.exec(request.headers.range ?? "0")![0]);
    const range = { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
    response.writeHead(from > 0 ? 206 : 200, { "content-length": content.length - from, ...(from > 0 && range) });
    // The first one gets a part and waits for the rest.
    if (asked.length === 1) response.write(content.subarray(0, 100_000));
    else response.end(content.subarray(from));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
    const hex = createHash("sha256").update(content).digest("hex");
    const checksum = { algorithm: "sha256", hex, source: "this test" } as const;
    const file = { url, name: "file.bin", bytes: content.length, checksum };
    const path = join(folder.path, "part", "file.bin");
    const script = `const { transferFile } = await import("outglow/download");
      await transferFile(${JSON.stringify(file)}, process.argv[1]);`;
    const cwd = fileURLToPath(new URL("..", import.meta.url));
    const args = ["--input-type=module", "--eval", script, "--", path];
    const child = spawn(process.execPath, args, { cwd, stdio: "ignore" });
    const closed = once(child, "close");
    const arrived = async (): Promise<number> => {
      const [name] = await readdir(join(path, "..")).catch((): string[] => []);
      return name === undefined ? 0 : (await stat(join(path, "..", name))).size;
    };
    await expect.poll(arrived, { interval: 10, timeout: 20_000 }).toBe(100_000);
    child.kill("SIGKILL");
    await closed;
    expect(await readdir(join(path, ".."))).toEqual([expect.stringMatching(/^file\.bin\..*\.tmp$/)]);
    await transferFile(file, path);
    expect((await readFile(path)).equals(content)).toBe(true);
    expect(await readdir(join(path, ".."))).toEqual(["file.bin"]);
    expect(asked).toEqual([undefined, "bytes=100000-"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("outglow data download lists what there is, and asks before a licence that restricts use", async () => {
  const { stdout } = await runOutglow(folder.path, "data", "download");
  expect(stdout).toMatch(
    /^mnist +11\.6 MB {2}70,000 digits, 28x28 grey \(CC BY-SA 3\.0; http:\/\/yann\.lecun\.com\/exdb\/mnist\/\)\n/,
  );
  expect(stdout.split("\n")).toHaveLength(10);
  const refused = await runOutglow(folder.path, "data", "download", "mvtec-ad");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(
    /'mvtec-ad': expected its licence to be accepted \(CC BY-NC-SA 4\.0.*; give --accept-licence\n$/,
  );
  const unknown = await runOutglow(folder.path, "data", "download", "cifar10");
  expect(unknown.stderr).toMatch(/data set: expected mnist, .*, got 'cifar10'; did you mean 'cifar-10'\?\n$/);
});
