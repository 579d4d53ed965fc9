/**
 * A detector in a browser: its manifest, pixels, terms, scores and p-values computed in a page from encoded files equal Node's. JPEGs and PNGs,
 * 16 bits and transparency included, are decoded by code of our own, so their pixels are Node's whatever the browser. WebP and AVIF are
 * decoded by the browser, which gives 8 bits. What cannot equal Node's there: transparency, because a canvas premultiplies; colour profiles,
 * which each converts in its own way; AVIFs of fewer chroma samples than pixels (4:2:0), a level or two.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import sharp from "sharp";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { pngOf, turnedJpeg } from "../src/data/decoding/example-images.ts";
import { prepareImage } from "../src/data/index.ts";
import { type Detector, loadDetectorFolder, type TrainedModel, writeDetector } from "../src/detector/index.ts";
import { makeImages } from "../src/made/index.ts";
import { type FlowName, flowOf } from "../src/model/index.ts";
import { packArrays } from "../src/nn/index.ts";
import { nodeEngine } from "../src/runtime/index.ts";
import { computeScore, pValues } from "../src/score/index.ts";
import { otherFits, type PageReport } from "./browser/page-report.ts";
import { temporaryFolder } from "./command.ts";
import { onePhase, trainingWith } from "./reference/training.ts";

const executablePath = process.env.OUTGLOW_CHROMIUM ?? "/usr/bin/chromium";
const there = existsSync(executablePath);
if (!there) {
  process.stdout.write(
    `test/browser.test.ts is skipped: there is no Chromium at ${executablePath} (OUTGLOW_CHROMIUM)\n`,
  );
}

/** With a background that no default has, so that both sides have to take it from the manifest. */
const input = { channels: 3, height: 32, width: 32, background: "#3080d0", sampleBits: 16 };
const training = trainingWith({ input, model: { scales: 2, depth: 2, hidden: 12 }, general: onePhase });
const scores = ["likelihood", "final-scale", "ratio", "ratio-final", "hierarchy"];

/** A flow with all its numbers drawn: a fresh one leaves its couplings out. */
function drawnModel(label: FlowName, deviation: number): TrainedModel {
  const flow = flowOf(training, label);
  const { trainable, fixed } = packArrays(flow.parameters, flow.createParameters(randomKey(label)));
  const stream = randomKey(label).fold("moved").stream();
  const moved = trainable.map((value) => value + deviation * stream.normal());
  return { parameters: { trainable: moved, fixed }, steps: 1, heldOutBitsPerDimension: null };
}

/** A picture with smooth parts, edges and transparency that comes and goes. */
function picture(channels: number, height: number, width: number, most: number): number[] {
  return Array.from({ length: channels * height * width }, (_, at) => {
    const [x, y, c] = [Math.floor(at / channels) % width, Math.floor(at / channels / width), at % channels];
    const wave = 0.5 + 0.4 * Math.sin(x / 9 + c) * Math.cos(y / 7);
    return Math.floor(most * (c === 3 ? wave : 0.8 * wave + 0.2 * ((x >> 4) % 2)));
  });
}

const eight = (channels: number, height: number, width: number): Uint8Array =>
  Uint8Array.from(picture(channels, height, width, 255));
const sixteen = (channels: number, height: number, width: number): Uint16Array =>
  Uint16Array.from(picture(channels, height, width, 65535));

/** Encoded files, by name: of the model's size, smaller, some times larger, and from four times on, where blocks are averaged first. */
async function encodedFiles(): Promise<Map<string, Uint8Array>> {
  const colour = (height: number, width: number) =>
    sharp(eight(3, height, width), { raw: { channels: 3, height, width } });
  const files = new Map<string, Uint8Array>();
  const sizes = [
    [32, 32],
    [20, 50],
    [90, 77],
    [131, 170],
    [200, 311],
  ] as const;
  for (const [height, width] of sizes) {
    const add = (name: string, bytes: Uint8Array) => files.set(`${name}-${width}x${height}`, bytes);
    add("grey.png", pngOf(eight(1, height, width), { channels: 1, height, width }));
    add("colour.png", pngOf(eight(3, height, width), { channels: 3, height, width }));
    add("transparent.png", pngOf(eight(4, height, width), { channels: 4, height, width }));
    add("turned.png", pngOf(eight(3, height, width), { channels: 3, height, width, orientation: 6 }));
    add("grey-16.png", pngOf(sixteen(1, height, width), { channels: 1, height, width }));
    add("transparent-16.png", pngOf(sixteen(4, height, width), { channels: 4, height, width }));
    const jpeg = await colour(height, width).jpeg().toBuffer();
    add("plain.jpeg", jpeg);
    add("grey.jpeg", await colour(height, width).toColourspace("b-w").jpeg().toBuffer());
    add("progressive.jpeg", await colour(height, width).jpeg({ progressive: true, quality: 60 }).toBuffer());
    for (const orientation of [3, 6, 7]) add(`turned-${orientation}.jpeg`, turnedJpeg(jpeg, orientation));
    add("lossy.webp", await colour(height, width).webp().toBuffer());
    add("lossless.webp", await colour(height, width).webp({ lossless: true, effort: 0 }).toBuffer());
    add("plain.avif", await colour(height, width).avif({ effort: 0 }).toBuffer());
  }
  return files;
}

const types: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  mjs: "text/javascript",
  wasm: "application/wasm",
};

/** Serves what the page needs on this machine alone. */
async function serve(find: (path: string) => Promise<Uint8Array | string | undefined>): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const body = await find(path).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": types[path.split(".").at(-1)!] ?? (path === "/" ? types.html! : "application/octet-stream"),
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function bundlePage(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "production"] },
    build: {
      write: false,
      target: "es2022",
      lib: { entry: fileURLToPath(new URL("browser/page.ts", import.meta.url)), formats: ["es"], fileName: "page" },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  const { output } = (result as Extract<typeof result, readonly unknown[]>)[0]!;
  return output[0].code;
}

describe.skipIf(!there)("in a page", () => {
  const resolve = createRequire(import.meta.url).resolve;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let files: Map<string, Uint8Array>;
  let server: Server;
  let browser: Browser;
  let detector: Detector;
  let report: PageReport;

  beforeAll(async () => {
    folder = await temporaryFolder();
    files = await encodedFiles();
    const at = join(folder.path, "detector");
    await writeDetector(
      at,
      {
        training,
        role: "detector",
        models: { normal: drawnModel("normal", 0.05), general: drawnModel("general", 0.15) },
        data: {
          normal: { location: "made", count: 60, fingerprint: "made" },
          general: { location: "made", count: 60, fingerprint: "made" },
          outliers: null,
        },
        heldOutPixels: makeImages({ kind: "normal", count: 60, specification: input, key: randomKey("page") }).pixels,
      },
      nodeEngine({ threads: 1 }),
    );
    detector = await loadDetectorFolder(at, { threads: 1 });
    const page = await bundlePage();
    const engine = dirname(resolve("onnxruntime-web/wasm"));
    server = await serve(async (path) => {
      const name = basename(path);
      if (path === "/") return '<!doctype html><title>page</title><script type="module" src="/page.js"></script>';
      if (path === "/page.js") return page;
      if (path === "/jpeg-turbo.wasm") return readFile(resolve("@cwasm/jpeg-turbo/jpeg-turbo.wasm"));
      if (path.startsWith("/engine/")) return readFile(join(engine, name));
      if (path.startsWith("/detector/")) return readFile(join(at, name));
      return files.get(name);
    });
    browser = await chromium.launch({
      executablePath,
      args: [
        ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
        ...["--disable-component-update", "--disable-sync"],
      ],
    });
    const tab = await browser.newPage();
    const { port } = server.address() as AddressInfo;
    await tab.goto(`http://127.0.0.1:${port}/`);
    const call = `score(${JSON.stringify([...files.keys()])}, ${JSON.stringify(scores)})`;
    await tab.waitForFunction("'score' in globalThis");
    report = await tab.evaluate<PageReport>(call);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await detector?.dispose();
    server?.close();
    await folder?.dispose();
  });

  test("the manifest is Node's, checked by the page's own checksums", () => {
    expect(report.manifest).toEqual(JSON.parse(JSON.stringify(detector.manifest)));
    expect(report.engine).toBe(detector.manifest.versions.onnxruntime);
  });

  test("the pixels of every file are Node's", async () => {
    const wrong: string[] = [];
    for (const [index, [name, bytes]] of [...files].entries()) {
      const prepared = await prepareImage({ kind: "encoded", bytes }, input);
      const { pixels } = prepared as Extract<typeof prepared, { readonly pixels: Uint8Array }>;
      const got = report.images[index]!.pixels;
      const far = got.reduce((most, value, at) => Math.max(most, Math.abs(value - pixels[at]!)), 0);
      if (far > 0 || got.length !== pixels.length) wrong.push(`${name}: up to ${far} levels apart`);
    }
    expect(wrong).toEqual([]);
  });

  test("so they are where images keep their proportions", async () => {
    for (const [index, [name, bytes]] of [...files].entries()) {
      for (const fit of otherFits) {
        const prepared = await prepareImage({ kind: "encoded", bytes }, { ...input, fit });
        const expected = "reason" in prepared ? prepared.reason : [...prepared.pixels];
        expect(report.images[index]!.fitted[fit], `${name} ${fit}`).toEqual(expected);
      }
    }
  });

  test("terms, scores and p-values are Node's", async () => {
    for (const [index, [name]] of [...files].entries()) {
      const found = report.images[index]!;
      const terms = await detector.terms(Uint8Array.from(found.pixels));
      expect(Float32Array.from(found.terms), name).toBeAllclose(terms.normal.values, {
        relative: 1e-5,
        absolute: 2e-3,
      });
      const { calibration } = detector.manifest;
      for (const score of scores) {
        const { values } = computeScore(score, terms, calibration);
        // The hierarchy divides by what its features vary.
        const tolerance = { relative: score === "hierarchy" ? 5e-3 : 1e-5, absolute: 5e-2 };
        expect(Float64Array.of(found.scores[score]!.score), `${name} ${score}`).toBeAllclose(values, tolerance);
        expect(found.scores[score]!.pValue, `${name} ${score}`).toBe(pValues(calibration, score, values)[0]);
      }
    }
  });
});
