/** What a service does when something goes wrong: dead and stuck engine processes, broken and replaced detectors, limits, its own end. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFile, cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { messageOf } from "../src/base/index.ts";
import { parseManifest, writeManifest } from "../src/detector/manifest.ts";
import { loadDetector, predict } from "../src/index.ts";
import type { ServiceSettings } from "../src/service/index.ts";
import { temporaryFolder } from "./command.ts";
import { filesIn, makeDetectors, type RunningService, startTestService } from "./service-harness.ts";

let made: Awaited<ReturnType<typeof makeDetectors>>;
let png: Buffer<ArrayBuffer>;
let expected: { readonly small: number; readonly spare: number };
/** A copy of the detectors that a test may break. */
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let service: RunningService | undefined;

beforeAll(async () => {
  made = await makeDetectors();
  const [file] = await filesIn(made.at("new"));
  png = file!.bytes;
  const scoreBy = async (path: string): Promise<number> => {
    const detector = await loadDetector(path, { threads: 1 });
    try {
      for await (const { score } of predict(detector, made.at("new", file!.name))) return score;
    } finally {
      await detector.dispose();
    }
    throw new Error("no image");
  };
  expected = { small: await scoreBy(made.at("detectors", "small")), spare: await scoreBy(made.at("spare")) };
  expect(expected.small).not.toBe(expected.spare);
});

afterAll(() => made.dispose());

beforeEach(async () => {
  folder = await temporaryFolder();
  await cp(made.at("detectors", "small"), join(folder.path, "small"), { recursive: true });
});

afterEach(async () => {
  await service?.close();
  service = undefined;
  await folder.dispose();
});

async function start(settings: Partial<ServiceSettings> = {}): Promise<RunningService> {
  service = await startTestService("../dist/cli/engine-worker.js", { detectors: folder.path, ...settings });
  return service;
}

function post(body: Uint8Array<ArrayBuffer> = png, id = "small"): Promise<Response> {
  return service!.ask(`/api/detectors/${id}:predict`, {
    method: "POST",
    headers: { "content-type": "image/png" },
    body,
  });
}

async function scoreIn(response: Response): Promise<number> {
  const answer = (await response.json()) as { images: { score: number }[] };
  expect(response.status, JSON.stringify(answer)).toBe(200);
  return answer.images[0]!.score;
}

/** Asks until a gauge has a value. */
async function untilGauge(name: string, value: number): Promise<void> {
  for (;;) {
    const text = await (await service!.ask("/metrics")).text();
    if (text.includes(`\n${name} ${value}\n`)) return;
  }
}

interface Listed {
  readonly ready: boolean;
  readonly version: string;
  readonly fault: { readonly expected: string; readonly got: string } | null;
}

async function rescan(id = "small"): Promise<Listed> {
  const response = await service!.ask("/api/detectors:rescan", { method: "POST" });
  const { detectors } = (await response.json()) as { detectors: (Listed & { id: string })[] };
  return detectors.find((one) => one.id === id)!;
}

describe("an engine process", () => {
  test("that is killed in the middle of a request costs nothing: another one answers", async () => {
    await start();
    const [pid] = service!.workerPids;
    process.kill(pid!, "SIGSTOP");
    const answer = post();
    await untilGauge("outglow_busy_workers", 1);
    process.kill(pid!, "SIGKILL");
    expect(await scoreIn(await answer)).toBe(expected.small);
    expect(service!.workerPids).not.toContain(pid);
    expect(await (await service!.ask("/metrics")).text()).toContain("\noutglow_batch_retries_total 1\n");
  });

  test("that hangs is ended, its request answered with 504, and the next one by another", async () => {
    await start({ timeout: 1 });
    const [pid] = service!.workerPids;
    process.kill(pid!, "SIGSTOP");
    const late = await post();
    expect(late.status).toBe(504);
    expect(late.headers.get("retry-after")).toBe("1");
    await service!.told(({ event, pid: ended }) => event === "worker-ended" && ended === pid);
    // Starting a process may take longer than this service gives a request.
    for (;;) {
      const response = await post();
      if (response.status === 504) continue;
      expect(await scoreIn(response)).toBe(expected.small);
      return;
    }
  });

  test("that is busy lets so many wait, and no more", async () => {
    await start({ maxQueue: 2 });
    const [pid] = service!.workerPids;
    process.kill(pid!, "SIGSTOP");
    const answers = [post()];
    await untilGauge("outglow_busy_workers", 1);
    answers.push(post());
    await untilGauge("outglow_waiting_images", 1);
    answers.push(post());
    await untilGauge("outglow_waiting_images", 2);
    const refused = await post();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    process.kill(pid!, "SIGCONT");
    for (const answer of answers) expect(await scoreIn(await answer)).toBe(expected.small);
  });

  test("puts images that come together into one batch", async () => {
    await start({ maxBatch: 4, maxWait: 10_000 });
    const answers = await Promise.all(Array.from({ length: 4 }, () => post()));
    for (const answer of answers) expect(await scoreIn(answer)).toBeCloseTo(expected.small, 3);
    const metrics = await (await service!.ask("/metrics")).text();
    expect(metrics).toContain("\noutglow_batch_images_sum 4\n");
    expect(metrics).toContain("\noutglow_batch_images_count 1\n");
  });
});

describe("a detector", () => {
  const replaceBy = (source: string): Promise<void> => cp(source, join(folder.path, "small"), { recursive: true });

  test("that is replaced is served in its new version", async () => {
    await start();
    const before = await rescan();
    await replaceBy(made.at("spare"));
    const after = await rescan();
    expect(after.version).not.toBe(before.version);
    expect(await scoreIn(await post())).toBe(expected.spare);
    expect((await service!.ask(`/v2/models/small/versions/${before.version}`)).status).toBe(404);
  });

  test("that is replaced by a broken one goes on as it was, in new processes, too, until a sound one comes", async () => {
    await start();
    const before = await rescan();
    await truncate(join(folder.path, "small", "model.onnx"), 100);
    const after = await rescan();
    expect(after).toMatchObject({ ready: true, version: before.version });
    expect(after.fault?.expected).toContain("checksum");
    expect((await service!.ask("/v2/health/ready")).status).toBe(200);
    expect(await scoreIn(await post())).toBe(expected.small);
    process.kill(service!.workerPids[0]!, "SIGKILL");
    expect(await scoreIn(await post())).toBe(expected.small);
    await replaceBy(made.at("spare"));
    expect(await rescan()).toMatchObject({ fault: null });
    expect(await scoreIn(await post())).toBe(expected.spare);
  });

  test("whose outputs are not those recorded does not pass, whatever its checksums say", async () => {
    await start();
    const at = (name: string): string => join(folder.path, "small", name);
    await copyFile(made.at("spare", "model.onnx"), at("model.onnx"));
    const manifest = await parseManifest(await readFile(at("detector.json"), "utf8"), "detector");
    const sum = createHash("sha256")
      .update(await readFile(at("model.onnx")))
      .digest("hex");
    const files = { ...manifest.files, "model.onnx": sum };
    await writeFile(at("detector.json"), await writeManifest({ ...manifest, files }));
    expect((await rescan()).fault?.expected).toContain("nats on golden image");
    expect(await scoreIn(await post())).toBe(expected.small);
  });

  test("that is broken from the start keeps the service from being ready, and the others score", async () => {
    await cp(made.at("spare"), join(folder.path, "broken"), { recursive: true });
    await truncate(join(folder.path, "broken", "model.onnx"), 100);
    await start();
    expect((await service!.ask("/v2/health/ready")).status).toBe(503);
    expect((await service!.ask("/v2/models/broken/ready")).status).toBe(503);
    const answer = await post(png, "broken");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await scoreIn(await post())).toBe(expected.small);
    const text = await (await service!.ask("/api/detectors")).text();
    expect(text).not.toContain(folder.path);
    await cp(made.at("spare"), join(folder.path, "broken"), { recursive: true });
    await rescan();
    expect((await service!.ask("/v2/health/ready")).status).toBe(200);
  });

  test("that comes later is found, and one that goes is still served", async () => {
    await start();
    await cp(made.at("spare"), join(folder.path, "new"), { recursive: true });
    expect(await rescan("new")).toMatchObject({ ready: true });
    expect(await scoreIn(await post(png, "new"))).toBe(expected.spare);
    await rm(join(folder.path, "new"), { recursive: true });
    expect(await rescan("new")).toMatchObject({ ready: true });
    expect(await scoreIn(await post(png, "new"))).toBe(expected.spare);
  });

  test("goes on where the folder of all of them cannot be read", async () => {
    await start();
    await rename(folder.path, `${folder.path}-away`);
    expect(await rescan()).toMatchObject({ ready: true });
    await service!.told(({ event }) => event === "folder-unreadable");
    expect(await scoreIn(await post())).toBe(expected.small);
    await rename(`${folder.path}-away`, folder.path);
    await rescan();
    expect(await rescan()).toMatchObject({ ready: true, fault: null });
  });

  test("whose files have not all taken their names is served whole", async () => {
    await start();
    const at = (name: string): string => join(folder.path, "small", name);
    for (const name of ["model.onnx", "weights.safetensors", "golden.safetensors"]) {
      await copyFile(made.at("spare", name), at(`${name}.next`));
    }
    await copyFile(made.at("spare", "detector.json"), at("detector.json"));
    expect(await rescan()).toMatchObject({ fault: null });
    const file = await service!.ask("/api/detectors/small/files/model.onnx");
    expect(Buffer.from(await file.arrayBuffer())).toEqual(await readFile(made.at("spare", "model.onnx")));
    expect(await scoreIn(await post())).toBe(expected.spare);
  });
});

/** Why no disk can be filled here; undefined where one can. */
function noSmallDisk(): string | undefined {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", made.at("disk")], { stdio: "pipe" });
    execFileSync("umount", [made.at("disk")], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `no file system of a few kilobytes can be made: ${messageOf(error).split("\n")[0]}`;
  }
}

describe("the machine", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  test("whose disk is full costs nothing that is served, and what could not be copied is, once it can be", async (context) => {
    await mkdir(made.at("disk"), { recursive: true });
    const lacking = noSmallDisk();
    if (lacking !== undefined) {
      process.stdout.write(`test/service-faults.test.ts skips the full disk: ${lacking}\n`);
      return context.skip(lacking);
    }
    const files = await filesIn(made.at("detectors", "small"));
    const kilobytes = Math.ceil(files.reduce((sum, { bytes }) => sum + bytes.length + 4096, 0) / 1024);
    const disk = (size: number, ...options: string[]): unknown =>
      execFileSync("mount", ["-t", "tmpfs", "-o", [...options, `size=${size}k`].join(), "tmpfs", made.at("disk")]);
    disk(Math.ceil(1.5 * kilobytes));
    try {
      vi.stubEnv("TMPDIR", made.at("disk"));
      await start();
      await cp(made.at("spare"), join(folder.path, "small"), { recursive: true });
      for (let look = 0; look < 2; look++) expect((await rescan()).fault?.got).toContain("ENOSPC");
      expect(service!.records.filter(({ event }) => event === "detector-refused")).toHaveLength(1);
      expect(await scoreIn(await post())).toBe(expected.small);
      disk(3 * kilobytes, "remount");
      expect(await rescan()).toMatchObject({ fault: null });
      expect(await scoreIn(await post())).toBe(expected.spare);
      await service?.close();
      expect(await readdir(made.at("disk"))).toEqual([]);
    } finally {
      await service?.close();
      execFileSync("umount", [made.at("disk")]);
    }
  });

  test("whose clock jumps loses no request, and lets none wait for ever", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await start({ timeout: 1 });
    const [pid] = service!.workerPids;
    for (const year of ["1970", "2100"]) {
      process.kill(pid!, "SIGSTOP");
      const answer = post();
      await untilGauge("outglow_busy_workers", 1);
      vi.setSystemTime(new Date(year));
      process.kill(pid!, "SIGCONT");
      expect(await scoreIn(await answer), year).toBe(expected.small);
    }
    process.kill(pid!, "SIGSTOP");
    const late = post();
    await untilGauge("outglow_busy_workers", 1);
    vi.setSystemTime(new Date("1970"));
    expect((await late).status).toBe(504);
  });
});

describe("limits", () => {
  test("a body that is too large is refused, announced or not", async () => {
    await start({ maxBody: 2000 });
    const announced = await post(new Uint8Array(2001));
    expect(announced.status).toBe(413);
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1500));
      },
    });
    const streamed = await service!
      .ask("/api/detectors/small:predict", { method: "POST", body, duplex: "half" } as RequestInit)
      .then(({ status }) => status)
      // The connection may be closed before the caller has read the answer.
      .catch(() => 413);
    expect(streamed).toBe(413);
    expect(await scoreIn(await post())).toBe(expected.small);
  });

  test("an image that announces more pixels than allowed is refused before it is decoded", async () => {
    await start({ maxPixels: 1_000_000 });
    const huge = Buffer.from(png);
    huge.writeUInt32BE(30_000, 16);
    huge.writeUInt32BE(30_000, 20);
    const response = await post(huge);
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([
      413,
      expect.stringContaining("900000000 pixels"),
    ]);
  });

  test("more images than allowed are refused", async () => {
    await start({ maxImages: 2 });
    const form = new FormData();
    for (let count = 0; count < 3; count++) form.append("images", new Blob([png]), `${count}.png`);
    const response = await service!.ask("/api/detectors/small:predict", { method: "POST", body: form });
    expect(response.status).toBe(413);
  });

  test("a caller that sends no body holds nobody up, and is sent away", async () => {
    await start({ timeout: 1 });
    const { port } = new URL(service!.url);
    const socket = connect(Number(port), "127.0.0.1");
    socket.write("POST /api/detectors/small:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nx");
    const ended = once(socket, "close");
    expect(await scoreIn(await post())).toBe(expected.small);
    socket.resume();
    await ended;
  });
});

/** The head of a request for scores of an image, and the image. */
function rawPost(body: Uint8Array): Buffer {
  const head = `POST /api/detectors/small:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

describe("a caller", () => {
  const reach = (): Socket => connect(Number(new URL(service!.url).port), "127.0.0.1");

  test("that closes its side behind its request is answered; one that closes it too early is not", async () => {
    await start();
    const socket = reach();
    socket.end(rawPost(png));
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect((JSON.parse(text.slice(text.indexOf("{"))) as { images: object[] }).images).toMatchObject([
      { score: expected.small },
    ]);
    const early = reach();
    early.end(rawPost(png).subarray(0, -1));
    let refused = "";
    for await (const chunk of early) refused += String(chunk);
    expect(refused).toMatch(/^HTTP\/1.1 400 /);
  });
});

test("it ends when it is told to, once it has answered what it has taken", async () => {
  const started = await start();
  const [pid] = started.workerPids;
  process.kill(pid!, "SIGSTOP");
  const answer = post();
  await untilGauge("outglow_busy_workers", 1);
  const closed = started.close();
  await started.told(({ event }) => event === "draining");
  process.kill(pid!, "SIGCONT");
  expect(await scoreIn(await answer)).toBe(expected.small);
  await closed;
  expect(started.workerPids).toEqual([]);
  await expect(started.ask("/v2/health/live")).rejects.toThrow();
  expect((await readdir(folder.path)).sort()).toEqual(["small"]);
});
