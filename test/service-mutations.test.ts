/**
 * Damaged images and requests: each is answered, none with 500, and the service scores afterwards as it did before, with the processes and about the
 * memory that it had. A sample of each kind; OUTGLOW_MUTATIONS=10000 sends that many of each.
 */
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RandomStream, randomKey } from "../src/base/index.ts";
import { filesIn, makeDetectors, type RunningService, startTestService } from "./service-harness.ts";
import { mutateBytes, mutateJson, oddTexts } from "./service-mutants.ts";

const seed = 20261126;
const count = Number(process.env.OUTGLOW_MUTATIONS ?? 48);
/** Sent at a time. */
const together = 8;

let made: Awaited<ReturnType<typeof makeDetectors>>;
let service: RunningService;
let images: readonly Buffer[];
let port: number;
let pids: readonly number[];
let before: { readonly heap: number; readonly engine: number; readonly files: number };

/** What the process holds: bytes of its heap and buffers, bytes of the engine process, open files. */
function holdings(): typeof before {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const status = process.platform === "linux" ? readFileSync(`/proc/${service.workerPids[0]}/status`, "utf8") : "";
  const engine = 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0);
  const files = process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
  return { heap: heapUsed + arrayBuffers, engine, files };
}

/** A picture in the formats that are decoded, in some of their kinds. */
async function pictures(): Promise<Buffer[]> {
  const pixels = Buffer.from(Array.from({ length: 24 * 20 * 3 }, (_, at) => (at * 37) % 256));
  const picture = () => sharp(pixels, { raw: { width: 24, height: 20, channels: 3 } });
  return Promise.all([
    picture().png().toBuffer(),
    picture().png({ progressive: true, palette: true }).toBuffer(),
    picture().toColourspace("rgb16").png().toBuffer(),
    picture().jpeg().toBuffer(),
    picture().withMetadata({ orientation: 6 }).jpeg({ progressive: true }).toBuffer(),
    picture().toColourspace("cmyk").jpeg().toBuffer(),
    picture().webp().toBuffer(),
    picture().webp({ lossless: true }).toBuffer(),
    picture().gif().toBuffer(),
    picture().tiff({ compression: "lzw" }).toBuffer(),
    picture().tiff({ compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
    picture().avif({ effort: 0 }).toBuffer(),
  ]);
}

beforeAll(async () => {
  made = await makeDetectors();
  service = await startTestService("../dist/cli/engine-worker.js", {
    // So little that bodies which are not given back are soon missed.
    ...{ detectors: made.at("detectors"), maxWait: 0, maxBody: 32_768 },
  });
  images = [...(await filesIn(made.at("new"))).map(({ bytes }) => bytes).slice(0, 3), ...(await pictures())];
  port = Number(new URL(service.url).port);
  for (const image of images) {
    const answer = await post("/api/detectors/small:predict", "image/png", image);
    expect(answer.status, await answer.text()).toBe(200);
  }
  pids = service.workerPids;
  before = holdings();
});

afterAll(async () => {
  await service?.close();
  await made?.dispose();
});

/** Sends bytes as a request and gives what comes back until the connection ends. */
async function exchange(bytes: Buffer): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(bytes);
  let text = "";
  try {
    for await (const chunk of socket) text += String(chunk);
  } catch {
    // It may be closed while there is still something to read.
  }
  return text;
}

const post = (path: string, type: string, body: Buffer, more: Record<string, string> = {}): Promise<Response> =>
  service.ask(path, { method: "POST", headers: { "content-type": type, ...more }, body: new Uint8Array(body) });

function multipart(boundary: string): Buffer {
  const parts = images.slice(0, 3).flatMap((bytes, index) => {
    const head = `Content-Disposition: form-data; name="images"; filename="${index}.png"\r\nContent-Type: image/png`;
    return [Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), bytes, Buffer.from("\r\n")];
  });
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}

const binaryJson = {
  id: "1",
  inputs: [{ name: "images", shape: [2, 1, 16, 16], datatype: "UINT8", parameters: { binary_data_size: 512 } }],
  outputs: [{ name: "score", parameters: { binary_data: true } }],
};

function binary(json: string): { readonly body: Buffer; readonly length: string } {
  const head = Buffer.from(json);
  return { body: Buffer.concat([head, Buffer.alloc(512, 77)]), length: String(head.length) };
}

const numbersJson = {
  parameters: { binary_data_output: false },
  inputs: [
    { name: "images", shape: [1, 1, 2, 2], datatype: "FP32", parameters: { range: "unit" }, data: [[0, 1], 0.5, 1] },
  ],
  outputs: [{ name: "p_value" }],
};

const filesJson = (): object => {
  const data = images.slice(0, 2).map((bytes) => bytes.toString("base64"));
  return { inputs: [{ name: "images", shape: [2], datatype: "BYTES", data }] };
};

const thresholdJson = { falseAlarm: 0.2, score: "likelihood" };

type Send = (stream: RandomStream) => Promise<Response>;
const pick = <Item>(items: readonly Item[], stream: RandomStream): Item =>
  items[Math.floor(stream.uniform() * items.length)]!;
const infer = (body: Buffer, more?: Record<string, string>): Promise<Response> =>
  post("/v2/models/small/infer", "application/octet-stream", body, more);

const kinds: readonly [string, Send][] = [
  [
    "images",
    (stream) =>
      post(
        "/api/detectors/small:predict",
        "image/png",
        mutateBytes(pick(images, stream), stream, pick(images, stream)),
      ),
  ],
  [
    "multipart bodies",
    (stream) =>
      post("/api/detectors/small:predict", "multipart/form-data; boundary=abc", mutateBytes(multipart("abc"), stream)),
  ],
  ["JSON texts", (stream) => infer(mutateBytes(Buffer.from(JSON.stringify(filesJson())), stream))],
  ["JSON values", (stream) => infer(Buffer.from(mutateJson(pick([filesJson(), numbersJson], stream), stream)))],
  [
    "binary tensors",
    (stream) => {
      const damaged = stream.uniform() < 0.5;
      const { body, length } = binary(damaged ? mutateJson(binaryJson, stream) : JSON.stringify(binaryJson));
      const other = String(Math.floor(stream.uniform() * 999));
      return infer(damaged ? body : mutateBytes(body, stream), {
        "inference-header-content-length": stream.uniform() < 0.8 ? length : other,
      });
    },
  ],
  [
    "changes of a threshold",
    (stream) => {
      const version = pick(["*", '"x"', ...oddTexts.map((text) => text.replaceAll(/[^\x20-\x7e]/g, "?"))], stream);
      return service.ask(`/api/detectors/other/threshold${stream.uniform() < 0.1 ? "/undo" : ""}`, {
        method: stream.uniform() < 0.9 ? "PUT" : "POST",
        headers: { "content-type": "application/json", "if-match": stream.uniform() < 0.8 ? "*" : version },
        body: mutateJson(thresholdJson, stream),
      });
    },
  ],
  [
    "addresses, queries and headers",
    (stream) => {
      const hexadecimal = (byte: number): string => `%${byte.toString(16).padStart(2, "0")}`;
      const odd = (): string =>
        stream.uniform() < 0.1
          ? pick(["%", "%zz", "%ff", "%00", "%c0%af"], stream)
          : Array.from(Buffer.from(pick(oddTexts, stream)), hexadecimal).join("");
      const id = stream.uniform() < 0.8 ? "small" : odd();
      const query = `${pick(["score", "falseAlarm", odd()], stream)}=${odd()}`;
      const type = stream.uniform() < 0.7 ? "image/png" : pick(oddTexts, stream).replaceAll(/[^\x20-\x7e]/g, "?");
      return post(`/api/detectors/${id}:predict?${query}`, type, images[0]!, {
        "inference-header-content-length": pick(oddTexts, stream).replaceAll(/[^\x20-\x7e]/g, "?"),
      });
    },
  ],
];

/** Where a version is asked for, 409, 412 and 428, too. */
const allowed = [200, 202, 400, 404, 405, 409, 412, 413, 415, 428];

test.each(kinds)(`damaged %s are answered, seed ${seed}`, { timeout: 60_000 + 20 * count }, async (name, send) => {
  const stream = randomKey(seed).fold(name).stream();
  const seen = new Map<number, number>();
  for (let sent = 0; sent < count; sent += together) {
    const answers = await Promise.all(Array.from({ length: together }, () => send(stream)));
    for (const answer of answers) {
      const text = await answer.text();
      expect(allowed, text).toContain(answer.status);
      if (answer.status >= 400) expect(JSON.parse(text)).toMatchObject({ error: expect.any(String) });
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
    }
  }
  expect(seen.get(400) ?? 0).toBeGreaterThan(count / 10);
});

test(`damaged heads of requests are answered or cut off, seed ${seed}`, { timeout: 60_000 + 20 * count }, async () => {
  const stream = randomKey(seed).fold("heads").stream();
  const { body, length } = binary(JSON.stringify(binaryJson));
  const head =
    `POST /v2/models/small/infer?x=1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n` +
    `Inference-Header-Content-Length: ${length}\r\nContent-Length: ${body.length}\r\n\r\n`;
  expect(await exchange(Buffer.concat([Buffer.from(head), body]))).toMatch(/^HTTP\/1\.1 200 /);
  for (let sent = 0; sent < count; sent += together) {
    const answers = await Promise.all(
      Array.from({ length: together }, () => exchange(Buffer.concat([mutateBytes(Buffer.from(head), stream), body]))),
    );
    for (const answer of answers) expect(answer).not.toMatch(/HTTP\/1\.1 5/);
  }
});

test("afterwards the same processes score, nothing waits, nothing is held, and there was no defect", async () => {
  const answer = await post("/api/detectors/small:predict", "image/png", images[0]!);
  expect(answer.status).toBe(200);
  await answer.text();
  expect(service.records.filter(({ event }) => event === "defect" || event === "worker-ended")).toEqual([]);
  expect(service.workerPids).toEqual(pids);
  const metrics = await (await service.ask("/metrics")).text();
  expect(metrics).toContain("\noutglow_waiting_images 0\n");
  expect(metrics).toContain("\noutglow_busy_workers 0\n");
  // The log itself grows here by a record a request.
  const log = 2000 * service.records.length;
  const now = holdings();
  expect(now.heap - before.heap - log).toBeLessThan(2 ** 24);
  expect(now.engine - before.engine).toBeLessThan(2 ** 27);
  // Connections that are kept for the next request, here and there.
  expect(now.files - before.files).toBeLessThan(8 * together);
});
