/** Hundreds of damaged requests: each is answered, none with 500, and the service scores afterwards as it did before. */
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RandomStream, randomKey } from "../src/base/index.ts";
import { filesIn, makeDetectors, type RunningService, startTestService } from "./service-harness.ts";

const seed = 20261126;
const count = 240;

let made: Awaited<ReturnType<typeof makeDetectors>>;
let service: RunningService;
let files: Buffer<ArrayBuffer>[];
let port: number;

beforeAll(async () => {
  made = await makeDetectors();
  service = await startTestService("../dist/service/engine-worker.js", { detectors: made.at("detectors"), maxWait: 0 });
  files = (await filesIn(made.at("new"))).map(({ bytes }) => bytes);
  port = Number(new URL(service.url).port);
});

afterAll(async () => {
  await service?.close();
  await made?.dispose();
});

/** One to four bytes changed, a piece cut out, doubled or put elsewhere. */
function mutate(bytes: Buffer, stream: RandomStream): Buffer {
  const pick = (most: number): number => Math.floor(stream.uniform() * most);
  const at = pick(bytes.length);
  const end = Math.min(bytes.length, at + 1 + pick(40));
  const kind = pick(4);
  if (kind === 1) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
  if (kind === 2) return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
  if (kind === 3) return bytes.subarray(0, at);
  const changed = Buffer.from(bytes);
  for (let change = 0; change <= pick(4); change++) changed[pick(bytes.length)] = pick(256);
  return changed;
}

/** Sends bytes as a request and gives what comes back until the connection ends; `whole` where the caller waits for the answer. */
async function exchange(bytes: Buffer, whole = false): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  if (whole) socket.write(bytes);
  else socket.end(bytes);
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
  const parts = files.slice(0, 3).flatMap((bytes, index) => {
    const head = `Content-Disposition: form-data; name="images"; filename="${index}.png"\r\nContent-Type: image/png`;
    return [Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), bytes, Buffer.from("\r\n")];
  });
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}

function binaryRequest(): { readonly body: Buffer; readonly length: string } {
  const parameters = { binary_data_size: 512 };
  const inputs = [{ name: "images", shape: [2, 1, 16, 16], datatype: "UINT8", parameters }];
  const json = Buffer.from(
    JSON.stringify({ id: "1", inputs, outputs: [{ name: "score", parameters: { binary_data: true } }] }),
  );
  return { body: Buffer.concat([json, Buffer.alloc(512, 77)]), length: String(json.length) };
}

const jsonRequest = (): Buffer => {
  const data = files.slice(0, 2).map((bytes) => bytes.toString("base64"));
  return Buffer.from(JSON.stringify({ inputs: [{ name: "images", shape: [2], datatype: "BYTES", data }] }));
};

const kinds: readonly [string, (stream: RandomStream) => Promise<Response>][] = [
  ["images", (stream) => post("/api/detectors/small:predict", "image/png", mutate(files[0]!, stream))],
  [
    "multipart",
    (stream) =>
      post("/api/detectors/small:predict", "multipart/form-data; boundary=abc", mutate(multipart("abc"), stream)),
  ],
  ["JSON", (stream) => post("/v2/models/small/infer", "application/json", mutate(jsonRequest(), stream))],
  [
    "binary tensors",
    (stream) => {
      const { body, length } = binaryRequest();
      return post("/v2/models/small/infer", "application/octet-stream", mutate(body, stream), {
        "inference-header-content-length": stream.uniform() < 0.8 ? length : String(Math.floor(stream.uniform() * 999)),
      });
    },
  ],
];

const allowed = [200, 400, 413, 415];

test.each(kinds)(`damaged %s are answered, seed ${seed}`, async (name, send) => {
  const stream = randomKey(seed).fold(name).stream();
  const seen = new Map<number, number>();
  for (let sent = 0; sent < count; sent += 8) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(stream)));
    for (const answer of answers) {
      const text = await answer.text();
      expect(allowed, text).toContain(answer.status);
      if (answer.status !== 200) expect(JSON.parse(text)).toMatchObject({ error: expect.any(String) });
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
    }
  }
  expect(seen.get(400) ?? 0).toBeGreaterThan(count / 10);
});

test(`damaged heads of requests are answered or cut off, seed ${seed}`, async () => {
  const stream = randomKey(seed).fold("heads").stream();
  const { body, length } = binaryRequest();
  const head =
    `POST /v2/models/small/infer?x=1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n` +
    `Inference-Header-Content-Length: ${length}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const whole = await exchange(Buffer.concat([Buffer.from(head), body]), true);
  expect(whole).toMatch(/^HTTP\/1\.1 200 /);
  for (let sent = 0; sent < count; sent += 8) {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => exchange(Buffer.concat([mutate(Buffer.from(head), stream), body]))),
    );
    for (const answer of answers) expect(answer).not.toMatch(/HTTP\/1\.1 5/);
  }
});

test("afterwards it is the same processes that score, and there was no defect", async () => {
  const [answer] = await Promise.all([post("/api/detectors/small:predict", "image/png", files[0]!)]);
  expect(answer.status).toBe(200);
  expect(service.records.filter(({ event }) => event === "defect" || event === "worker-ended")).toEqual([]);
});
