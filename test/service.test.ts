/** Detectors over HTTP: the Open Inference Protocol by its specification, and scores of image files, held to what `predict` says. */
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openClient } from "../src/client/index.ts";
import { loadManifest } from "../src/detector/index.ts";
import { loadDetector, type PredictedImage, predict } from "../src/index.ts";
import { checkService } from "../src/service/index.ts";
import { type HeatImage, judgeAtHand, mapPicture } from "../src/workflow/index.ts";
import { samplesOf } from "./prometheus.ts";
import { filesIn, makeDetectors, type RunningService, startTestService } from "./service-harness.ts";

let made: Awaited<ReturnType<typeof makeDetectors>>;
let service: RunningService;
let expected: PredictedImage[];
const pictures: Buffer[] = [];
let files: Awaited<ReturnType<typeof filesIn>>;

beforeAll(async () => {
  made = await makeDetectors();
  service = await startTestService("../dist/cli/engine-worker.js", { detectors: made.at("detectors") });
  const detector = await loadDetector(made.at("detectors", "small"), { threads: 1 });
  expected = [];
  const onMap = async (heat: HeatImage) => void pictures.push(Buffer.from(await mapPicture(heat)));
  for await (const one of predict(detector, made.at("new"), { falseAlarm: 0.2, onMap })) {
    expected.push({ ...one, pixels: one.pixels.slice() });
  }
  await detector.dispose();
  files = await filesIn(made.at("new"));
});

afterAll(async () => {
  await service?.close();
  await made?.dispose();
});

interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size: number };
}

interface Inference {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly outputs: readonly Tensor[];
}

const levels = (): number[] => expected.flatMap(({ pixels }) => [...pixels]);
const image = (input: object): object => ({ inputs: [{ name: "images", ...input }] });

async function infer(request: object, path = "/v2/models/small/infer"): Promise<Inference> {
  const response = await service.ask(path, { method: "POST", body: JSON.stringify(request) });
  const answer = (await response.json()) as Inference;
  expect(response.status, JSON.stringify(answer)).toBe(200);
  return answer;
}

function inferBinary(json: object, tail: Uint8Array, length?: string): Promise<Response> {
  const head = Buffer.from(JSON.stringify(json));
  return service.ask("/v2/models/small/infer", {
    method: "POST",
    headers: { "inference-header-content-length": length ?? String(head.length) },
    body: Buffer.concat([head, tail]),
  });
}

const output = ({ outputs }: Inference, name: string) => outputs.find((one) => one.name === name)?.data;

/** An answer says of every image what `predict` says, to the bit. */
function expectScores(answer: Inference): void {
  expect(output(answer, "score")).toEqual(expected.map(({ score }) => score));
  expect(output(answer, "p_value")).toEqual(expected.map(({ pValue }) => pValue));
  for (const name of Object.keys(expected[0]!.scores)) {
    expect(output(answer, name), name).toEqual(expected.map(({ scores }) => scores[name]));
  }
}

describe("Open Inference Protocol", () => {
  test("tells what serves, that it lives and is ready", async () => {
    const server = await (await service.ask("/v2")).json();
    expect(server).toEqual({ name: "outglow", version: expect.any(String), extensions: ["binary_tensor_data"] });
    expect(await (await service.ask("/v2/health/live")).json()).toEqual({ live: true });
    const ready = await service.ask("/v2/health/ready");
    expect([ready.status, await ready.json()]).toEqual([200, { live: true, ready: true }]);
  });

  test("describes a model, and its version", async () => {
    const metadata = (await (await service.ask("/v2/models/small")).json()) as {
      versions: string[];
      outputs: Tensor[];
    };
    expect(metadata).toMatchObject({
      name: "small",
      versions: [expect.stringMatching(/^[0-9a-f]{12}$/)],
      platform: "outglow",
      inputs: [{ name: "images", datatype: "UINT8", shape: [-1, 1, 16, 16] }],
    });
    expect(metadata.outputs).toContainEqual({ name: "score", datatype: "FP64", shape: [-1] });
    expect(metadata.outputs).toContainEqual({ name: "anomalous", datatype: "BOOL", shape: [-1] });
    const versioned = await service.ask(`/v2/models/small/versions/${metadata.versions[0]}`);
    expect(await versioned.json()).toEqual(metadata);
    const ready = await service.ask(`/v2/models/small/versions/${metadata.versions[0]}/ready`);
    expect(await ready.json()).toEqual({ name: "small", ready: true });
    expect((await service.ask("/v2/models/small/versions/1")).status).toBe(404);
    expect((await service.ask("/v2/models/none")).status).toBe(404);
  });

  test("gives every output that the metadata name, and the caller's id", async () => {
    const metadata = (await (await service.ask("/v2/models/small")).json()) as { outputs: Tensor[] };
    const answer = await infer({ id: "42", ...image({ shape: [12, 1, 16, 16], datatype: "UINT8", data: levels() }) });
    expect(answer).toMatchObject({ model_name: "small", id: "42" });
    expect(answer.outputs.map(({ name, datatype }) => [name, datatype])).toEqual(
      metadata.outputs.map(({ name, datatype }) => [name, datatype]),
    );
    for (const { shape, data } of answer.outputs) expect([shape, data?.length]).toEqual([[12], 12]);
  });

  test("scores pixels as predict does, to the bit: flat, nested, as floats, as bytes", async () => {
    const shape = [12, 1, 16, 16];
    const all = levels();
    expectScores(await infer(image({ shape, datatype: "UINT8", data: all })));
    const nested = expected.map(({ pixels }) => [
      Array.from({ length: 16 }, (_, y) => [...pixels.subarray(16 * y, 16 * y + 16)]),
    ]);
    expectScores(await infer(image({ shape, datatype: "UINT8", data: nested })));
    expectScores(await infer(image({ shape, datatype: "FP32", data: all })));
    const unit = { shape, datatype: "FP32", data: all.map((level) => level / 255), parameters: { range: "unit" } };
    expectScores(await infer(image(unit)));
    const bytes = Uint8Array.from(all);
    const sized = { shape, datatype: "UINT8", parameters: { binary_data_size: bytes.length } };
    expectScores((await (await inferBinary(image(sized), bytes)).json()) as Inference);
    const floats = Buffer.alloc(4 * all.length);
    for (const [at, level] of all.entries()) floats.writeFloatLE(level, 4 * at);
    const wide = { shape, datatype: "FP32", parameters: { binary_data_size: floats.length } };
    expectScores((await (await inferBinary(image(wide), floats)).json()) as Inference);
  });

  test("scores encoded files as predict does, to the bit: base64 and bytes behind their lengths", async () => {
    const data = files.map(({ bytes }) => bytes.toString("base64"));
    expectScores(await infer(image({ shape: [12], datatype: "BYTES", data })));
    const tail = Buffer.concat(
      files.flatMap(({ bytes }) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bytes.length);
        return [length, bytes];
      }),
    );
    const sized = { shape: [12], datatype: "BYTES", parameters: { binary_data_size: tail.length } };
    expectScores((await (await inferBinary(image(sized), tail)).json()) as Inference);
  });

  test("gives the outputs that are asked for, as bytes where that is asked for", async () => {
    const input = image({ shape: [12, 1, 16, 16], datatype: "UINT8", data: levels() });
    const outputs = [{ name: "score", parameters: { binary_data: true } }, { name: "p_value" }, { name: "png" }];
    const response = await service.ask("/v2/models/small/infer", {
      method: "POST",
      body: JSON.stringify({ ...input, outputs }),
    });
    const length = Number(response.headers.get("inference-header-content-length"));
    const body = Buffer.from(await response.arrayBuffer());
    const answer = JSON.parse(body.toString("utf8", 0, length)) as Inference;
    expect(answer.outputs.map(({ name }) => name)).toEqual(["score", "p_value", "png"]);
    expect(answer.outputs[0]).toMatchObject({ parameters: { binary_data_size: 96 } });
    expect(answer.outputs[0]?.data).toBeUndefined();
    const scores = expected.map((_, index) => body.readDoubleLE(length + 8 * index));
    expect(scores).toEqual(expected.map(({ score }) => score));
    expect(body.length).toBe(length + 96);
    const all = await service.ask("/v2/models/small/infer", {
      method: "POST",
      body: JSON.stringify({ ...input, parameters: { binary_data_output: true }, outputs: [{ name: "anomalous" }] }),
    });
    expect([...Buffer.from(await all.arrayBuffer()).subarray(-12)].every((byte) => byte <= 1)).toBe(true);
  });

  test.each<[string, object, string]>([
    ["another shape", { shape: [1, 3, 16, 16], datatype: "UINT8", data: [] }, "[n, 1, 16, 16], got [1, 3, 16, 16]"],
    ["too few numbers", { shape: [1, 1, 16, 16], datatype: "UINT8", data: [1, 2] }, "expected 256 numbers, got 2"],
    ["another type", { shape: [1, 1, 16, 16], datatype: "INT64", data: [] }, "expected UINT8, FP32, BYTES, got INT64"],
    ["no data", { shape: [1, 1, 16, 16], datatype: "UINT8" }, "expected a list, got none"],
    ["fractions", { shape: [1, 1, 16, 16], datatype: "FP32", data: Array(256).fill(0.5) }, "range: 'unit'"],
    ["levels out of range", { shape: [1, 1, 16, 16], datatype: "FP32", data: Array(256).fill(256) }, "from 0 to 255"],
    ["no image", { shape: [1], datatype: "BYTES", data: ["bm90IGFuIGltYWdl"] }, "cannot be decoded"],
    ["another name", { name: "x", shape: [1], datatype: "BYTES", data: [] }, "expected 'images', got 'x'"],
    ["too many images", { shape: [65, 1, 16, 16], datatype: "UINT8", data: [] }, "at most 64"],
  ])("refuses %s in words, and as data", async (_, input, words) => {
    const body = JSON.stringify({ inputs: [{ name: "images", ...input }] });
    const response = await service.ask("/v2/models/small/infer", { method: "POST", body });
    const answer = (await response.json()) as { error: string; fault: object };
    expect(response.status).toBe(words.startsWith("at most") ? 413 : 400);
    expect(answer.error).toContain(words);
    expect(answer.fault).toMatchObject({ subject: expect.any(String), expected: expect.any(String) });
  });

  test("refuses bytes that are not what the JSON says", async () => {
    const sized = { shape: [1, 1, 16, 16], datatype: "UINT8", parameters: { binary_data_size: 256 } };
    expect((await inferBinary(image(sized), new Uint8Array(255))).status).toBe(400);
    expect((await inferBinary(image(sized), new Uint8Array(256), "999999")).status).toBe(400);
    expect((await inferBinary(image(sized), new Uint8Array(256), "0")).status).toBe(400);
    expect((await inferBinary(image(sized), new Uint8Array(256))).status).toBe(200);
  });
});

/** The Python that has NVIDIA's client; undefined where none has. */
const python = ["python3", "/usr/bin/python3"].find(
  (one) => spawnSync(one, ["-c", "import tritonclient.http"], { stdio: "ignore" }).status === 0,
);

test.skipIf(python === undefined)(
  `NVIDIA's client for Python gets the same${python ? "" : ' (skipped: no python3 with "tritonclient[http]" here)'}`,
  async () => {
    const script = fileURLToPath(new URL("triton-client.py", import.meta.url));
    const child = spawn(python!, [script, new URL(service.url).host, "small"], { stdio: ["pipe", "pipe", "inherit"] });
    const rows = (pixels: Uint8Array): number[][] =>
      Array.from({ length: 16 }, (_, y) => [...pixels.subarray(16 * y, 16 * y + 16)]);
    const pixels = expected.map((one) => [rows(one.pixels)]);
    child.stdin.end(JSON.stringify({ pixels, files: files.map(({ bytes }) => bytes.toString("base64")) }));
    let text = "";
    for await (const chunk of child.stdout) text += String(chunk);
    const { answers, ...found } = JSON.parse(text) as { answers: Record<string, object> };
    expect(found).toEqual({
      ...{ live: true, ready: true, modelReady: true, versionReady: true, server: "outglow" },
      inputs: [{ name: "images", datatype: "UINT8", shape: [-1, 1, 16, 16] }],
      refusal: expect.stringContaining("[n, 1, 16, 16], got [12, 1, 15, 16]"),
      unknown: expect.stringContaining("[404]"),
    });
    const { "eight at a time": several, ...alone } = answers;
    const [score, p_value] = [expected.map((one) => one.score), expected.map((one) => one.pValue)];
    for (const [name, answer] of Object.entries(alone)) expect(answer, name).toMatchObject({ score, p_value });
    // Other images in the same batches may change the last bits.
    const near = (values: readonly number[]): unknown[] => values.map((value) => expect.closeTo(value, 3));
    expect(several).toMatchObject({ score: near(score) });
    expect(Object.keys(alone)).toHaveLength(6);
  },
);

describe("image files", () => {
  interface Answer {
    readonly score: string;
    readonly falseAlarm: number;
    readonly images: readonly (Omit<PredictedImage, "file" | "pixels"> & { readonly name: string })[];
  }
  const png = { "content-type": "image/png" };
  const form = (): FormData => {
    const body = new FormData();
    for (const { name, bytes } of files) body.append("images", new Blob([bytes]), name);
    return body;
  };

  test("several are judged as predict judges them, to the bit", async () => {
    const response = await service.ask("/api/detectors/small:predict?falseAlarm=0.2", { method: "POST", body: form() });
    const { images, falseAlarm } = (await response.json()) as Answer;
    expect(falseAlarm).toBe(0.2);
    expect(images).toEqual(
      expected.map(({ file: _, pixels: __, ...rest }, index) => ({ name: files[index]!.name, ...rest })),
    );
  });

  test("the package's client gets the same", async () => {
    const answer = await openClient({ url: service.url }).predict("small", files, { falseAlarm: 0.2 });
    expect(answer.images.map(({ name, score, pValue, anomalous }) => ({ name, score, pValue, anomalous }))).toEqual(
      expected.map(({ score, pValue, anomalous }, index) => ({ name: files[index]!.name, score, pValue, anomalous })),
    );
    expect((await openClient({ url: service.url }).detectors()).map(({ id }) => id)).toEqual(["other", "small"]);
  });

  test("one is judged by another score where that is asked for", async () => {
    const response = await service.ask("/api/detectors/small:predict?score=ratio-png", {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: files[0]!.bytes,
    });
    const { score, images } = (await response.json()) as Answer;
    expect(score).toBe("ratio-png");
    expect(images).toHaveLength(1);
    expect(images[0]!.score).toBe(images[0]!.scores["ratio-png"]);
  });

  test("maps are those of predict, to the byte: several in JSON, one as a picture", async () => {
    const answer = await openClient({ url: service.url }).predict("small", files, { maps: true });
    expect(answer.map).toBe("final-scale");
    expect(answer.images.map(({ map }) => map)).toEqual(pictures.map((picture) => picture.toString("base64")));
    expect(answer.images.map(({ score }) => score)).toEqual(expected.map(({ score }) => score));
    const headers = { ...png, accept: "image/png" };
    const init = { method: "POST", headers, body: files[3]!.bytes };
    const picture = await service.ask("/api/detectors/small:predict?falseAlarm=0.2", init);
    expect(Object.fromEntries(picture.headers)).toMatchObject({
      "content-type": "image/png",
      "outglow-map": "final-scale",
      "outglow-anomalous": String(expected[3]!.anomalous),
      "outglow-p-value": String(expected[3]!.pValue),
    });
    const single = Buffer.from(await picture.arrayBuffer());
    expect(single.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
    const own = await service.ask("/api/detectors/small:predict?map=png&score=scale-1", { ...init, headers: png });
    expect(await own.json()).toMatchObject({ score: "scale-1", map: "scale-1", images: [{ map: expect.any(String) }] });
    const several = await service.ask("/api/detectors/small:predict", {
      method: "POST",
      headers: { accept: "image/png" },
      body: form(),
    });
    expect([several.status, await several.text()]).toEqual([406, expect.stringContaining("got 12 images")]);
    expect((await service.ask("/api/detectors/small:predict?map=svg", { ...init, headers: png })).status).toBe(400);
  });

  test("maps of faults are of the image's own size, and no larger than can be shown", async () => {
    const detector = await loadDetector(made.at("detectors", "small"), { threads: 1 });
    const { calibration } = detector.manifest;
    const scores = { ...calibration.scores, faults: [0, 1, 2, 3] };
    const map = { rows: 2, columns: 4, values: Float32Array.of(0, 0, 0, 0, 0, 0, 0, 9) };
    const looking = {
      ...detector,
      manifest: { ...detector.manifest, faults: {}, calibration: { ...calibration, scores } },
      faults: { score: async () => ({ foldScores: [1, 3], map }) },
    } as unknown as typeof detector;
    const whole = (height: number, width: number) => {
      return { kind: "raw", pixels: new Uint8Array(height * width).fill(90), channels: 1, height, width } as const;
    };
    const sizes = [whole(20, 40), whole(1500, 3000)];
    const pixels = Buffer.concat(expected.slice(0, 2).map((one) => one.pixels));
    const maps = { subject: { kind: "faults" }, score: "faults" } as const;
    const images = { count: 2, pixels, read: async (position: number) => sizes[position]! };
    const judged = await judgeAtHand(looking, images, { coders: false, maps });
    await detector.dispose();
    expect(judged.map(({ score, picture }) => [score, Buffer.from(picture!).readUInt32BE(16)])).toEqual([
      [2, 40],
      [2, 2048],
    ]);
    expect(Buffer.from(judged[1]!.picture!).readUInt32BE(20)).toBe(1024);
  });

  test.each<[string, string, RequestInit, number, string]>([
    ["another verb", "small:guess", { body: "x" }, 404, "route"],
    ["another detector", "none:predict", { body: "x" }, 404, "detector"],
    [
      "a rate beyond 1",
      "small:predict?falseAlarm=2",
      { body: "x" },
      400,
      "falseAlarm: expected a number between 0 and 1, got '2'",
    ],
    ["a setting that there is not", "small:predict?rate=2", { body: "x" }, 400, "query: rate"],
    ["a score that there is not", "small:predict?score=magic", { body: "x", headers: png }, 400, "magic"],
    ["no body", "small:predict", { headers: png }, 400, "an image, got none"],
    ["JSON", "small:predict", { body: "{}", headers: { "content-type": "application/json" } }, 415, "multipart"],
    [
      "compression",
      "small:predict",
      { body: "x", headers: { ...png, "content-encoding": "gzip" } },
      415,
      "as they are",
    ],
    ["no image", "small:predict", { body: "x", headers: png }, 400, "image 0 'image'"],
  ])("%s is refused", async (_, path, init, status, words) => {
    const response = await service.ask(`/api/detectors/${path}`, { method: "POST", ...init });
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: string }).error).toContain(words);
  });

  test("no image, and nothing of one, is in the log", () => {
    const text = JSON.stringify(service.records);
    expect(service.records.length).toBeGreaterThan(10);
    for (const { name, bytes } of files) {
      expect(text).not.toContain(name);
      expect(text).not.toContain(bytes.toString("base64").slice(0, 40));
    }
  });
});

describe("detectors", () => {
  test("are listed, with their manifests and files by name", async () => {
    const { detectors } = (await (await service.ask("/api/detectors")).json()) as { detectors: { id: string }[] };
    expect(detectors.map(({ id }) => id)).toEqual(["other", "small"]);
    const one = (await (await service.ask("/api/detectors/small")).json()) as { manifest: { files: object } };
    expect(one).toMatchObject({ ready: true, fault: null, input: { channels: 1, height: 16, width: 16 } });
    for (const name of ["detector.json", ...Object.keys(one.manifest.files)]) {
      const response = await service.ask(`/api/detectors/small/files/${name}`);
      const served = Buffer.from(await response.arrayBuffer());
      const [stored] = (await filesIn(made.at("detectors", "small"))).filter((file) => file.name === name);
      expect(served.equals(stored!.bytes), name).toBe(true);
    }
  });

  test("tell the drift of what they are sent, which the metrics have, too", async () => {
    const before = (await (await service.ask("/api/detectors/other/drift")).json()) as { since: string };
    expect(before).toMatchObject({ watched: true, images: 0, drifted: false });
    await openClient({ url: service.url }).predict("other", files);
    const after = await openClient({ url: service.url }).drift("other", 0.2);
    const { defaultScore } = await loadManifest(made.at("detectors", "other"));
    const columns = [defaultScore, "scale-0", "scale-1"].map((column) =>
      expect.objectContaining({ column, threshold: 15, window: expect.objectContaining({ images: 12 }) }),
    );
    expect(after).toMatchObject({ since: before.since, images: 12, columns: expect.arrayContaining(columns) });
    const metrics = await (await service.ask("/metrics")).text();
    expect(samplesOf(metrics).length).toBeGreaterThan(50);
    expect(metrics).toMatch(/\noutglow_drift_capital\{detector="other",column="scale-0"\} [\d.]+\n/);
    expect(metrics).toContain('\noutglow_drifted{detector="other",column="scale-1"} 0\n');
    expect((await service.ask("/api/detectors/other/drift?falseAlarm=1")).status).toBe(400);
    expect((await service.ask("/api/detectors/other/drift?rate=0.1")).status).toBe(400);
  });

  test.each(["..%2Fspare", "%2e%2e", "small%00", "small%2F..%2Fother", "__proto__", "constructor"])(
    "an id like %s leads nowhere",
    async (id) => {
      expect((await service.ask(`/api/detectors/${id}`)).status).toBe(404);
      expect((await service.ask(`/v2/models/${id}`)).status).toBe(404);
      expect((await service.ask(`/api/detectors/small/files/${id}`)).status).toBe(404);
    },
  );
});

test("the page shows the description under a policy that lets it load nothing", async () => {
  const response = await service.ask("/");
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const policy = response.headers.get("content-security-policy");
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none';/);
  const text = await response.text();
  expect(text).toContain("/api/detectors/{id}/threshold</code>");
  expect(text).toContain(`${service.url}/api/detectors/`);
});

test("the description lists every route and the query that is checked", async () => {
  const { paths } = (await (await service.ask("/openapi.json")).json()) as { paths: Record<string, object> };
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(["/v2/models/{model}/versions/{version}/infer", "/api/detectors/{id}:predict", "/metrics"]),
  );
  expect(JSON.stringify(paths["/api/detectors/{id}:predict"])).toContain('"falseAlarm"');
});

test("within too little memory for two detectors each is loaded when it is asked for, and scores as ever", async () => {
  const tight = await startTestService("../dist/cli/engine-worker.js", {
    detectors: made.at("detectors"),
    maxMemory: 12 * 2 ** 20,
  });
  try {
    expect((await tight.ask("/v2/health/ready")).status).toBe(200);
    const client = openClient({ url: tight.url, retries: 0 });
    const ids = ["small", "other", "other", "small"];
    const answers = await Promise.all(ids.map((id) => client.predict(id, files, { falseAlarm: 0.2 })));
    for (const { images } of answers) {
      expect(images.map(({ score }) => score)).toEqual(expected.map(({ score }) => score));
    }
    const metrics = await (await tight.ask("/metrics")).text();
    expect(metrics).toMatch(/\noutglow_loaded_detectors 1\n/);
    expect(metrics).toMatch(/\noutglow_loaded_bytes\{detector="(small|other)"\} \d{7,8}\n/);
    expect(metrics).toMatch(/\noutglow_workers_resident_bytes \d{8,10}\n/);
    expect(tight.records.filter(({ event }) => event === "detector-unloaded").length).toBeGreaterThanOrEqual(2);
    expect(tight.records.filter(({ level }) => level !== "info")).toEqual([]);
  } finally {
    await tight.close();
  }
});

test("a detector that is larger than all the memory there is for them is refused, and says so", async () => {
  const places = await checkService(
    { detectors: made.at("detectors", "small"), maxMemory: 2 ** 21 },
    { log: () => undefined, workerFile: new URL("../dist/cli/engine-worker.js", import.meta.url) },
  );
  expect(places).toMatchObject([{ served: undefined, fault: { code: "too-large" } }]);
});
